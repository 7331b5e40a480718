# heap: 20m
# Cuts at every flash operation, and a few pairs of them. `make cuts` takes the same scenarios, and many pairs.
import cut_rig
import cut_scenarios
import cut_store

PAIRS = 40  # of each scenario, about


def check(kind, seen):
    count = cut_rig.run(kind(), PAIRS)
    assert not count.third_states, count.third_states[:5]
    assert not count.dead_boards, count.dead_boards[:5]
    assert count.breaches == 0
    assert count.cut_pairs
    for state in seen:
        assert count.seen.get(state), "no cut ended in %s: the scenario proves little" % state


def test_a_cut_while_a_record_is_saved_for_the_first_time_leaves_none_or_the_new_one():
    """Proves: OTA-4+"""
    check(cut_store.FirstRecord, ("none", "new"))


def test_a_cut_while_its_folder_is_made_leaves_no_record_or_the_new_one():
    """Proves: OTA-4+"""
    check(cut_store.NewFolder, ("none", "new"))


def test_a_cut_while_a_record_is_replaced_leaves_the_old_or_the_new_one():
    """Proves: OTA-4+"""
    check(cut_store.ReplacedRecord, ("old", "new"))


def test_a_cut_while_a_long_record_is_replaced_leaves_the_old_or_the_new_one():
    """Proves: OTA-4+"""
    check(cut_store.LongRecord, ("old", "new"))


def test_a_cut_while_settings_of_an_earlier_version_are_changed_leaves_them_as_they_were_or_changed():
    """Proves: OTA-4+, PRV-8+"""
    check(cut_store.OldSettings, ("old", "new"))


def test_a_cut_while_settings_are_brought_in_leaves_all_of_them_or_none():
    """Proves: OTA-4+, PRV-8+"""
    check(cut_store.Import, ("old", "new"))


def test_a_cut_in_a_factory_reset_leaves_all_that_was_set_or_nothing_of_it_and_what_the_device_is():
    """Proves: OTA-4+, PRV-8+"""
    check(cut_store.FactoryReset, ("as it was", "reset"))


def test_a_cut_while_a_journal_is_appended_to_sealed_thinned_or_emptied_loses_nothing_that_was_flushed():
    """Proves: OTA-4+, NET-5+"""

    class Share(cut_store.FillingJournal):
        programs = (256,)
        steps = 20  # the first sealing, thinning and merging, and the first delivery

    check(Share, ("before", "after"))


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
