"""What an update needs of the RP2040 itself, on the emulated chip under the official image. All times are emulated."""

from bridgectl.figures import update


def test_a_signature_is_verified_within_a_second_in_turns_that_leave_the_buses_alone():
    """The aim is 1 s for all of it; a turn is shorter than the 45 ms of an erase, which an update takes anyway.

    Proves: OTA-2+
    """
    good, all_us, longest_us, taken = update.on_chip()
    assert good
    assert all_us < 1_000_000
    assert longest_us < 45_000
    assert taken < 6 * 1024  # a 6,144-bit product, its remainder, their copies: four times 768 bytes and the headers


def test_a_signature_that_was_damaged_is_not_good_on_the_chip():
    """Proves: OTA-2+"""
    assert update.on_chip(damage=1)[0] is False
