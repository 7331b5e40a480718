# heap: 20m
# An update that ends at any of its awaits, whatever ended it.
import update_kills


def check(rom, reset):
    image = update_kills.prepared(rom)
    whole, found, _ = update_kills.ended(image, 0, False)
    assert found == "2.0.0" and whole > 25, (found, whole)
    seen = set()
    for n in range(1, whole + 1):
        awaits, found, again = update_kills.ended(image, n, reset)
        assert awaits == n
        assert found in ("1.0.0", "2.0.0") and again == "2.0.0", (n, found, again)
        seen.add(found)
    assert "1.0.0" in seen


def test_an_update_whose_task_dies_at_any_await_leaves_the_running_version_and_can_be_done_again():
    """Proves: OTA-4+, OTA-3+"""
    check(False, False)
    check(True, False)


def test_an_update_that_a_reset_ends_at_any_await_leaves_a_whole_version_and_can_be_done_again():
    """Proves: OTA-4+, OTA-3+"""
    check(False, True)
    check(True, True)
