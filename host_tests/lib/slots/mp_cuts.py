# heap: 8m
# Cuts at every flash operation. The figures of `make cuts` come from the same scenarios.
import cut_rig
import cut_scenarios


def check(kind, seen):
    count = cut_rig.run(kind())
    assert not count.third_states, count.third_states[:5]
    assert count.breaches == 0
    for state in seen:
        assert count.seen.get(state), "no cut ended in %s: the scenario proves little" % state


def test_a_cut_while_a_record_is_saved_for_the_first_time_leaves_none_or_the_new_one():
    """Proves: OTA-4+"""
    check(cut_scenarios.FirstRecord, ("none", "new"))


def test_a_cut_while_its_folder_is_made_leaves_no_record_or_the_new_one():
    """Proves: OTA-4+"""
    check(cut_scenarios.NewFolder, ("none", "new"))


def test_a_cut_while_a_record_is_replaced_leaves_the_old_or_the_new_one():
    """Proves: OTA-4+"""
    check(cut_scenarios.ReplacedRecord, ("old", "new"))


def test_a_cut_while_a_long_record_is_replaced_leaves_the_old_or_the_new_one():
    """Proves: OTA-4+"""
    check(cut_scenarios.LongRecord, ("old", "new"))


def test_a_cut_anywhere_in_an_installation_starts_the_old_or_the_new_version_whole():
    """Proves: OTA-4+, OTA-3+"""
    check(cut_scenarios.WholeInstall, ("1.0.0", "2.0.0"))


def test_a_cut_in_the_commit_starts_the_old_or_the_new_version():
    """Proves: OTA-4+"""
    check(cut_scenarios.Commit, ("1.0.0", "2.0.0"))


def test_a_cut_while_a_trial_is_confirmed_keeps_the_new_version():
    """Proves: OTA-4+"""
    check(cut_scenarios.Confirm, ("2.0.0",))


def test_a_cut_while_a_start_is_counted_changes_nothing():
    """Proves: OTA-4+"""
    check(cut_scenarios.CountedStart, ("2.0.0",))


def test_a_cut_while_going_back_still_goes_back():
    """Proves: OTA-4+"""
    check(cut_scenarios.GoingBack, ("1.0.0",))


def test_the_same_holds_for_an_installation_into_rom():
    """Proves: OTA-4+, OTA-3+"""
    check(cut_scenarios.RomInstall, ("1.0.0", "2.0.0"))


def test_the_same_holds_for_a_commit_a_confirmation_and_the_way_back_with_slots_in_rom():
    """Proves: OTA-4+"""
    check(cut_scenarios.RomCommit, ("1.0.0", "2.0.0"))
    check(cut_scenarios.RomConfirm, ("2.0.0",))
    check(cut_scenarios.RomGoingBack, ("1.0.0",))
