"""SG Ready: the four states, their dwell, the lock's two hours, and the way of the contacts."""

from bridge import load_rules
from bridge.logic.loads import heat_pump, switching

RULES = load_rules.read("heat_pump", "")[0]
BY_CONTACTS = {
    0b01: 1,
    0b00: 2,
    0b10: 3,
    0b11: 4,
}  # bit 0 = DO1; BWP: 1:0 lock, 0:0 normal, 0:1 recommended, 1:1 forced


def test_each_state_has_its_contacts():
    """Proves: CTL-4"""
    assert [heat_pump.mask(state) for state in (1, 2, 3, 4)] == [0b01, 0b00, 0b10, 0b11]


def test_no_way_between_two_states_leads_through_the_lock_and_one_contact_moves_at_a_time():
    """Proves: CTL-4"""
    for begin, state in BY_CONTACTS.items():
        for end in BY_CONTACTS:
            mask, passed = begin, []
            while mask != end:
                then = switching.next_mask(mask, end)
                assert (then ^ mask) in (1, 2)
                mask = then
                passed.append(BY_CONTACTS[mask])
            assert len(passed) <= 2
            if state != 1:
                assert 1 not in passed[:-1], (begin, end, passed)
    assert switching.next_mask(0b00, 0b11) == 0b10
    assert switching.next_mask(0b11, 0b00) == 0b10
    assert switching.next_mask(0b01, 0b10) == 0b00  # break before make


def states(moments, rules=RULES, used_s=0):
    """Return the state after each (soc, import W, off-grid, limited, now s)."""
    pump = heat_pump.HeatPump(used_s, 0)
    return [pump.step(rules, *moment) for moment in moments], pump


def test_surplus_recommends_and_forces_and_import_takes_it_back_each_with_its_dwell():
    """Proves: CTL-4"""
    told, _ = states(
        (
            (50, -2999, 0, False, 700),
            (50, -3000, 0, False, 701),
            (50, -6000, 0, False, 1300),
            (50, -6000, 0, False, 1301),
            (50, 500, 0, False, 2000),
            (50, 501, 0, False, 2001),
            (50, 501, 0, False, 2601),
            (9, -6000, 0, False, 3301),
        )
    )
    assert told == [2, 3, 3, 4, 4, 3, 2, 3]


def test_an_import_limit_locks_at_once_for_two_hours_at_most_and_not_again_before_it_has_rested():
    """Proves: CTL-4"""
    told, pump = states(
        (
            (50, -3000, 0, False, 700),
            (50, -3000, 0, True, 701),
            (50, -3000, 0, True, 7900),
            (50, -3000, 0, True, 7901),
            (50, -3000, 0, True, 11500),
            (50, -3000, 0, True, 11501),
        )
    )
    assert told == [3, 1, 1, 2, 2, 1]
    assert pump.used_s == 0


def test_the_lock_s_time_goes_on_over_a_restart():
    """Proves: CTL-4"""
    told, _ = states(((50, 0, 0, True, 1), (50, 0, 0, True, 600), (50, 0, 0, True, 601)), used_s=6600)
    assert told == [1, 1, 2]


def test_what_is_not_known_is_the_normal_state_and_the_lock_may_be_switched_off():
    """Proves: CTL-4"""
    off = load_rules.read("heat_pump", "lock off lock_buy 5000")[0]
    told, _ = states(
        (
            (50, -6000, None, False, 700),
            (50, None, 0, False, 701),
            (None, -6000, 0, False, 702),
            (50, 0, 1, False, 1302),
            (50, 0, 0, True, 1303),
            (20, 5001, 0, True, 1304),
            (19, 5001, 0, True, 1305),
        ),
        off,
    )
    assert told == [2, 2, 3, 2, 2, 2, 1]
