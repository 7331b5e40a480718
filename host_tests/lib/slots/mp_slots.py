# heap: 8m
# Which slot starts: boot.py and lib/slots together.
import os
import sys

import ram_disk
import tiny_bundle
from slots.slots import Slots
from slots_rig import ROOT, boot, choose, install, safe_install, states, two_versions
from store import record


def test_without_any_slot_nothing_starts_and_nothing_raises():
    """Proves: OTA-3+"""
    ram_disk.mount()
    assert choose() is None
    before = list(sys.path)
    assert boot.start(ROOT) is None
    assert sys.path == before


def test_a_flashed_slot_without_any_record_starts():
    ram_disk.mount()
    install("1.0.0", "b")
    os.remove(ROOT + "/slot_state")
    os.remove(ROOT + "/data/slot_state")
    assert choose() == "a"


def test_the_chosen_slot_comes_first_on_the_path_and_slots_knows_it():
    two_versions()
    assert boot.start(ROOT + "/") == "b"
    assert sys.path[0] == "/b"
    slots = Slots(ROOT)
    assert (slots.running, slots.idle(), slots.on_trial()) == ("b", "a", True)
    with open("/b/web/status.html.gz", "rb") as file:
        assert file.read() == tiny_bundle.content_of("2.0.0", "web/status.html.gz", 700)


def test_a_trial_gets_three_starts_and_then_the_old_version_returns_for_good():
    """Proves: OTA-3+"""
    two_versions()
    assert [choose() for _ in range(6)] == ["b"] * 3 + ["a"] * 3
    slots = Slots(ROOT, "a")
    assert not slots.on_trial()
    assert [state["slot"] for state in states()] == ["a", "a"]


def test_a_version_that_failed_its_trial_is_not_taken_again_and_another_one_is():
    """Proves: OTA-3+"""
    two_versions()
    for _ in range(4):
        choose()
    try:
        install("2.0.0", "a")
        raise AssertionError("taken")
    except Exception as e:
        assert str(e) == "version: 2.0.0 has failed its trial on this device"
    install("2.0.1", "a")
    assert choose() == "b"


def test_a_confirmed_version_stays_over_any_number_of_steady_starts():
    """Proves: OTA-3+"""
    two_versions()
    choose()
    Slots(ROOT, "b").confirm()
    for _ in range(20):
        assert choose() == "b"
        Slots(ROOT, "b").settle()


def test_a_confirmed_version_in_a_loop_of_crashes_gives_the_other_one_a_turn():
    """Proves: OTA-3+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    starts = [choose() for _ in range(12)]
    assert starts == ["b"] * 5 + ["a"] * 5 + [None] * 2  # and then safe mode


def test_flickers_of_the_mains_and_restarts_that_were_meant_count_for_nothing():
    """Proves: OTA-3+"""
    two_versions()
    boot.machine.cause = 1
    assert "".join([choose() for _ in range(20)]) == "b" * 20
    assert Slots(ROOT, "b").on_trial()
    boot.machine.cause = 3
    for _ in range(20):
        Slots(ROOT, "b").expect_restart()
        assert choose() == "b"
    # Mixed: three crashes count, whatever comes between.
    for meant in (False, True, False, True, False, True):
        if meant:
            Slots(ROOT, "b").expect_restart()
        assert choose() == "b"
    assert choose() == "a"


def test_a_restart_that_was_meant_is_one_and_the_next_counts():
    two_versions()
    Slots(ROOT, "b").expect_restart()
    assert "".join([choose() for _ in range(5)]) == "bbbba"


def test_a_loop_of_crashes_with_no_other_slot_ends_in_safe_mode():
    """Proves: OTA-3+"""
    ram_disk.mount()
    install("1.0.0", "b")
    Slots(ROOT, "a").confirm()
    assert [choose() for _ in range(8)] == ["a"] * 5 + [None] * 3


def test_a_trial_whose_other_slot_is_gone_ends_in_safe_mode():
    """Proves: OTA-3+"""
    two_versions()
    os.remove(ROOT + "/a.slot")
    assert [choose() for _ in range(6)] == ["b"] * 3 + [None] * 3


def test_a_power_cycle_gives_what_is_in_a_loop_another_chance_and_so_does_safe_mode_when_nobody_comes():
    """Proves: OTA-3+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    for _ in range(10):
        choose()
    assert choose() is None
    boot.machine.cause = 1
    assert choose() == "a"
    boot.machine.cause = 3
    assert choose() is None
    safe_install.forgive(ROOT + "/")
    assert [choose() for _ in range(11)] == ["a"] * 5 + ["b"] * 5 + [None]


def test_a_steady_minute_between_two_loops_of_crashes_keeps_safe_mode_away():
    """Proves: OTA-3+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    for _ in range(6):
        last = choose()
    assert last == "a"
    Slots(ROOT, "a").settle()
    assert [choose() for _ in range(10)] == ["a"] * 5 + ["b"] * 5
    assert choose() is None


def test_nothing_below_the_floor_ever_starts():
    """Proves: OTA-2+, OTA-3+"""
    ram_disk.mount()
    install("1.0.0", "b")
    Slots(ROOT, "a").confirm()
    install("2.0.0", "a", minimum="1.5.0")
    Slots(ROOT, "b").confirm()
    assert [choose() for _ in range(12)] == ["b"] * 5 + [None] * 7  # a loop of crashes
    os.remove(ROOT + "/b.slot")
    assert choose() is None


def test_starts_that_cannot_be_counted_are_no_trial():
    """Proves: OTA-3+"""
    two_versions()
    save = boot.save
    boot.save = lambda path, value: False  # a flash that takes no write any more
    assert choose() == "a"
    boot.save = save
    assert choose() == "b"


def test_a_count_that_is_lost_makes_a_loop_of_crashes_five_starts_longer_and_no_more():
    """slot_boots has one copy. Proves: OTA-3+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    starts = [choose() for _ in range(5)]  # the next one would be the other's
    with open(ROOT + "/slot_boots", "r+b") as file:
        file.write(b"recor?")
    starts += [choose() for _ in range(6)]
    assert "".join(starts) == "bbbbb" + "bbbbba"


def test_a_count_that_cannot_be_written_changes_no_confirmed_version():
    """A full flash is no reason to start another version at each restart. Proves: OTA-3+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    save = boot.save
    boot.save = lambda path, value: False
    assert [choose() for _ in range(12)] == ["b"] * 12
    boot.save = save
    assert "".join([choose() for _ in range(6)]) == "bbbbba"


def test_the_minimum_of_a_version_counts_only_once_it_has_proved_itself():
    """Proves: OTA-2+"""
    ram_disk.mount()
    install("1.6.0", "b")
    Slots(ROOT, "a").confirm()
    install("2.0.0", "a", minimum="1.5.0")
    assert Slots(ROOT, "a").floor() == "0.0.0"
    Slots(ROOT, "b").confirm()
    assert Slots(ROOT, "b").floor() == "1.5.0"
    for _ in range(6):
        choose()  # going back does not lower it
    assert record.load(ROOT + "/slot_state")["slot"] == "a"
    assert Slots(ROOT, "a").floor() == "1.5.0"
