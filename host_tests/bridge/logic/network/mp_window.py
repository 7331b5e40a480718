"""The hotspot's window: every row of its table, and restarts at every phase."""

from bridge.logic.network.window import CLOSED, OPEN, WAITING, Window

HOURS_2 = 7200
BLOCK = 300


def opened(at_s=0):
    """Return a window that a creation has opened at at_s."""
    w = Window(None, False, 0, at_s)
    assert w.step(True, 0, at_s)
    return w


def restarted(w, presses=0, now_s=0):
    """Return the window that the record of another one makes after a restart: the clock begins anew."""
    return Window(w.stored(), True, presses, now_s)


def test_before_a_system_is_created_the_hotspot_is_open_without_end():
    """Proves: PRV-2"""
    w = Window(None, False, 0, 0)
    for now_s in (0, 60, HOURS_2, 365 * 86400):
        assert w.step(False, 0, now_s)
        assert w.left_s(now_s) == -1
        assert w.phase == WAITING


def test_creation_starts_two_hours_and_their_end_closes():
    """Proves: PRV-2"""
    w = Window(None, False, 0, 0)
    assert w.step(False, 0, 5000)
    assert w.step(True, 0, 6000)
    assert w.left_s(6000) == HOURS_2
    assert w.step(True, 0, 6000 + HOURS_2 - 1)
    assert w.left_s(6000 + HOURS_2 - 1) == 1
    assert not w.step(True, 0, 6000 + HOURS_2)
    assert w.left_s(6000 + HOURS_2) == 0
    assert w.phase == CLOSED


def test_the_button_opens_a_closed_window_for_two_hours():
    """Proves: PRV-2"""
    w = Window({"used_s": HOURS_2}, True, 0, 0)
    assert not w.step(True, 0, 10)
    assert w.step(True, 1, 20)
    assert w.left_s(20) == HOURS_2
    assert w.step(True, 1, 20 + HOURS_2 - 1)
    assert not w.step(True, 1, 20 + HOURS_2)
    assert w.step(True, 2, 30 + HOURS_2)


def test_the_button_in_an_open_window_starts_its_two_hours_anew():
    """Proves: PRV-2"""
    w = opened()
    assert w.step(True, 1, 7000)
    assert w.left_s(7000) == HOURS_2
    assert w.step(True, 1, 7000 + HOURS_2 - 1)
    assert not w.step(True, 1, 7000 + HOURS_2)


def test_several_presses_between_two_steps_are_one():
    w = Window({"used_s": HOURS_2}, True, 4, 0)
    assert w.step(True, 9, 50)
    assert w.left_s(50) == HOURS_2
    assert w.step(True, 9, 60)
    assert w.left_s(60) == HOURS_2 - 10


def test_a_press_before_creation_changes_nothing():
    w = Window(None, False, 0, 0)
    assert w.step(False, 3, 10)
    assert w.left_s(10) == -1


def test_a_system_that_is_removed_opens_the_hotspot_without_end():
    w = opened()
    assert not w.step(True, 0, HOURS_2)
    assert w.step(False, 0, HOURS_2 + 5)
    assert w.phase == WAITING
    assert w.step(True, 0, HOURS_2 + 6)
    assert w.left_s(HOURS_2 + 6) == HOURS_2


def test_a_restart_never_makes_a_window_longer_and_takes_at_most_five_minutes():
    """Proves: PRV-2"""
    for used_s in range(0, HOURS_2, 7):
        w = opened()
        w.step(True, 0, used_s)
        after = restarted(w)
        after.step(True, 0, 0)
        assert HOURS_2 - used_s - BLOCK <= after.left_s(0) <= HOURS_2 - used_s, used_s


def test_a_loop_of_restarts_closes_the_window():
    """Each life of a second pays for five minutes. Proves: PRV-2"""
    w = opened()
    lives = 0
    while w.phase == OPEN:
        w = restarted(w)
        w.step(True, 0, 1)
        lives += 1
    assert lives <= 24
    assert w.phase == CLOSED


def test_a_restart_leaves_a_closed_window_closed_and_a_waiting_one_waiting():
    w = opened()
    w.step(True, 0, HOURS_2)
    assert not restarted(w).step(True, 0, 0)
    assert Window(w.stored(), False, 0, 0).step(False, 0, 0)


def test_a_created_system_without_a_believable_record_starts_closed():
    """Unknown means safe; the button still opens."""
    for stored in (None, {}, {"used_s": -1}, {"used_s": "0"}, {"used_s": True}, {"used_s": 7201}, {"used_s": 1.5}):
        w = Window(stored, True, 0, 0)
        assert not w.step(True, 0, 0), stored
        assert w.step(True, 1, 1)


def test_flash_is_written_at_most_once_per_five_minutes_of_window():
    """Proves: PRV-2"""
    w = opened()
    writes = [(0, w.stored())]
    for now_s in range(HOURS_2 + 600):
        w.step(True, 0, now_s)
        if w.stored() != writes[-1][1]:
            writes.append((now_s, w.stored()))
    assert len(writes) == 24
    assert all([b[0] - a[0] >= BLOCK for a, b in zip(writes, writes[1:])])
    assert writes[-1] == (HOURS_2 - BLOCK, {"used_s": HOURS_2})


def test_pressing_on_and_on_in_the_first_minutes_writes_nothing():
    w = opened()
    before = w.stored()
    for n in range(1, 200):
        w.step(True, n, n)
    assert w.stored() == before
    assert w.left_s(199) == HOURS_2


def test_a_clock_that_starts_anywhere_is_as_good():
    """There is no real-time clock: after a restart the seconds begin at any number."""
    w = opened(123456)
    w.step(True, 0, 123456 + 1000)
    after = restarted(w, presses=0, now_s=7)
    after.step(True, 0, 7)
    assert after.left_s(7) == HOURS_2 - 1200
    assert not after.step(True, 0, 7 + HOURS_2 - 1200)


def test_presses_of_the_life_before_do_not_count():
    w = opened()
    w.step(True, 5, 100)
    after = Window({"used_s": HOURS_2}, True, 0, 0)  # the count begins at 0 again
    assert not after.step(True, 0, 1)
