"""Every table of contacts: 16 combinations, 240 changes, bounces, orders of power-up, contacts closed at rest."""

import contact_walk
from bridge.logic.grid import contacts, tables
from bridge.settings import Settings
from contact_walk import BOUNCES, TABLES, Bench


def test_each_of_the_16_combinations_of_each_table_is_as_its_source_says():
    """Proves: DRM-1"""
    for changes, active, imported in TABLES:
        bench = Bench(changes)
        for mask in range(16):
            place, _, _ = contacts.row(bench.table, mask, None)
            assert contacts.limits(bench.table, place) == (active[mask], imported[mask]), (changes, mask)


def test_all_240_changes_of_the_ripple_receiver_end_right_however_the_contacts_bounce():
    """Proves: DRM-1, DRM-2+"""
    for bounce in BOUNCES:
        for apart_ms in (0, 100):
            assert len(contact_walk.walk(*TABLES[0], 0, bounce, apart_ms)) == 240


def test_all_240_changes_of_every_table_end_right_and_are_never_looser_than_both_ends():
    """Proves: DRM-1, DRM-2+"""
    for changes, active, imported in TABLES:
        assert len(contact_walk.walk(changes, active, imported, 0, BOUNCES[1], 100)) == 240


def test_contacts_closed_at_rest_make_the_same_240_changes():
    """Proves: COM-10+, DRM-1"""
    for closed_mask in (15, 5, 8):
        for table in (TABLES[1], TABLES[7]):
            assert len(contact_walk.walk(*table, closed_mask, BOUNCES[3], 0)) == 240


def test_contacts_that_come_up_in_any_order_command_nothing_until_all_are_still():
    """Proves: DRM-2+"""
    orders = [(a, b, c, 6 - a - b - c) for a in range(4) for b in range(4) for c in range(4) if len({a, b, c}) == 3]
    assert len(orders) == 24
    for order in orders:
        for closed_mask in (0, 15):
            for mask in range(16):
                bench = Bench(TABLES[0][0], closed_mask)
                for t in range(0, 120, 10):
                    there = sum([1 << order[i] for i in range(4) if t >= 30 * i])
                    bench.step((mask & there) ^ (closed_mask & ~there & 15))
                    assert not bench.wanted or t >= 50
                bench.rest(mask)
                assert bench.wanted and bench.in_force[0] == TABLES[0][1][mask]


def _decided(masks, **settings):
    """Return (active %, reason) in force after the contacts went through masks."""
    bench = Bench(settings)
    for mask in masks:
        bench.rest(mask)
    return bench.in_force[0], bench.told


def test_a_combination_without_a_row_is_treated_as_the_setting_says():
    """Proves: DRM-2+"""
    ripple = {"grid_table": "ripple"}
    assert _decided((0b0110,), **ripple) == (
        30,
        "ripple control 30 % (DI2 + DI3), no row of the table: the strictest holds",
    )
    told = "ripple control (DI2 + DI3), no row of the table: 100 %"
    assert _decided((0b0110,), grid_unknown="full", **ripple) == (100, told)
    told = "ripple control (DI2 + DI3), no row of the table: 45 % as stated"
    assert _decided((0b0110,), grid_unknown="stated", grid_unknown_pct=45, **ripple) == (45, told)
    told = "ripple control 60 % (DI2), then contacts without a row: the last one holds"
    assert _decided((0b0010, 0b0110), grid_unknown="last", **ripple) == (60, told)
    told = "ripple control 30 % (DI2 + DI3), no row of the table: the strictest holds"
    assert _decided((0b0110,), grid_unknown="last", **ripple) == (30, told)  # after a start nothing was the last one


def test_a_combination_that_contains_no_row_takes_the_row_of_no_contact():
    """Proves: DRM-2+"""
    told = "own table 70 % (DI4), no row of the table: the strictest holds"
    assert _decided((0b1000,), grid_table="own", grid_rows="1000 p0; 0000 p70") == (70, told)


def test_each_row_says_in_words_who_asks_for_what():
    """Proves: CTL-2+"""

    def texts(**changes):
        s = Settings()
        assert not s.apply(changes)
        return tables.make(s)[1].split("\n")

    drm = texts(grid_table="drm", grid_drm="0267")
    assert drm[1] == "DRM0 disconnect (DI1)"
    assert drm[2] == "DRM2 import 50 % (DI2)"
    assert drm[6] == "DRM2 + DRM6 50 % import 50 % (DI2 + DI3)"
    fnn = texts(grid_table="fnn")
    assert fnn[8] == "FNN W4 dimmed (DI4)"
    assert fnn[9] == "FNN S1 + W4 60 % dimmed (DI1 + DI4)"
    own = texts(grid_table="own", grid_rows="0100 p60 = Half; 0010 q-30")
    assert own[2] == "Half 60 % (DI2)"
    assert own[4] == "own table (DI3)"
    assert own[0] == "no contact asks: 100 %"


def test_active_and_reactive_scheduling_are_switched_on_apart():
    """Proves: DRM-3"""
    from bridge.logic.grid import control
    from bridge.state import State

    state, s = State(), Settings()
    state.inputs, state.inputs_settled = 4, True
    s.apply({"grid_table": "own", "grid_rows": "0010 p50 i40 c-0.95; 0001 q30"})
    told = []
    for active, reactive in ((True, False), (True, True), (False, True), (False, False)):
        s.apply({"grid_active": active, "grid_reactive": reactive})
        percent, _, wanted, _, imported, _, asked = control.decide(state, s, tables.make(s), None, 0)[0]
        told.append((percent, imported, wanted, asked))
    assert told == [
        (50, 40, True, None),
        (50, 40, True, (1, -950)),
        (100, 100, False, (1, -950)),
        (100, 100, False, None),
    ]
    state.inputs = 8
    s.apply({"grid_reactive": True})
    assert control.decide(state, s, tables.make(s), None, 0)[0][6] == (2, 30)


def test_a_contact_that_is_never_still_limits_what_the_table_limits():
    """Proves: DRM-2+, COM-10+"""
    from bridge.logic.grid import control
    from bridge.state import State

    for modes, expected in (("5678", (0, 100)), ("1234", (100, 0)), ("1500", None)):
        state, s = State(), Settings()
        refused = s.apply({"grid_table": "drm", "grid_drm": modes})
        if expected is None:
            assert refused == [("grid_drm", "must not name a mode twice")]
            continue
        state.inputs_settled, state.chattering = True, 2
        decided = control.decide(state, s, tables.make(s), None, 0)[0]
        assert (decided[0], decided[4]) == expected
