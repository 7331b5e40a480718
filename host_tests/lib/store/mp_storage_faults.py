# heap: 20m
# The flash fails once, has a bad block, or is full, in each operation that the cut rig cuts.
import cut_scenarios
import cut_store
import storage_faults


def check(kinds, least):
    told = storage_faults.tried(kinds)
    assert told["wrong"] == [], told["wrong"][:5]
    assert told["tried"] >= least, told["tried"]


def test_a_fault_while_a_record_settings_or_a_journal_is_written_leaves_them_old_or_new():
    """Proves: REL-1+, OTA-4+, NET-5+"""
    check(cut_store.SCENARIOS, 700)


def test_a_fault_while_a_version_is_installed_committed_confirmed_or_started_leaves_one_that_starts():
    """Proves: REL-1+, OTA-3+, OTA-4+"""
    check([kind for kind in cut_scenarios.SCENARIOS if kind not in cut_store.SCENARIOS], 400)
