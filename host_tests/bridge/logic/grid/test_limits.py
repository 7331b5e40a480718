"""The meet of all limits: whatever comes, goes, expires or starts anew, the strictest that still asks holds."""

import itertools
import types

from bridgectl import firmware
from hypothesis import given, settings
from hypothesis import strategies as st

firmware.load()

from bridge.logic.grid import limits  # noqa: E402
from bridge.settings import Settings  # noqa: E402
from bridge.tasks import ems  # noqa: E402

_LIMITS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 20000), st.sampled_from(["user", "EMS", "main fuse 25 A", "DI1"])),
    max_size=6,
)
# quantity, W or released, for s or for ever; and the seconds until the next one
_COMMANDS = st.lists(
    st.tuples(st.integers(0, 2), st.none() | st.integers(0, 9000), st.none() | st.integers(1, 100), st.integers(0, 60)),
    max_size=8,
)


@given(_LIMITS, st.randoms())
def test_no_order_of_arrival_changes_what_holds_or_how_it_is_told(asking, random):
    """Proves: CTL-2+"""
    shuffled = list(asking)
    random.shuffle(shuffled)
    assert limits.meet(shuffled) == limits.meet(asking)


@given(_LIMITS)
def test_each_quantity_has_its_strictest_and_a_release_uncovers_the_next(asking):
    """Proves: CTL-2+"""
    for quantity in range(3):
        left = [limit for limit in asking if limit[0] == quantity]
        while left:
            strictest = left[0]
            for limit in left:
                strictest = limit if limit[1] < strictest[1] else strictest
            assert limits.meet(left)[0][quantity] == strictest[1]
            left.remove(strictest)
        assert limits.meet([limit for limit in asking if limit[0] != quantity])[0][quantity] is None


@settings(max_examples=60, deadline=None)
@given(_COMMANDS, st.integers(0, 8))
def test_what_an_ems_asked_for_holds_until_it_expires_over_a_restart_too(commands, restart_at):
    """A restart may lengthen a limit, and never loosens one. Proves: CTL-2+"""
    stored, held = {}, ()
    save, load = ems.record.save, ems.record.load
    ems.record.save = lambda path, record: stored.update(record)
    ems.record.load = lambda path: {"limits": [list(row) for row in stored.get("limits", ())]}
    try:
        now_s = 0
        model = {}  # quantity: (W, until s)
        for k, (quantity, watts, for_s, pause_s) in enumerate(commands):
            held = ems.obeyed("ems", held, ((quantity, watts, for_s),), now_s)
            model.pop(quantity, None)
            if watts is not None:
                model[quantity] = (watts, None if for_s is None else now_s + for_s)
            if k == restart_at:
                held = ems.kept("ems", now_s)
            now_s += pause_s
            found = {of: w for of, w, _ in limits.of_ems(held, now_s)}
            for of, (least, until_s) in model.items():
                if until_s is None or now_s < until_s:
                    assert found[of] == least
            if k < restart_at:
                live = {of for of, (_, until_s) in model.items() if until_s is None or now_s < until_s}
                assert set(found) == live
    finally:
        ems.record.save, ems.record.load = save, load


def _state(rated_w=6000, off_grid=0):
    readings = types.SimpleNamespace(value=lambda n: off_grid)
    return types.SimpleNamespace(rated_w=rated_w, readings=readings, ems_limits=(), export_cap_w=None)


def _in_force(decided=(100, "", 100, False), ems_limits=(), now_s=0, rated_w=6000, off_grid=0, **changes):
    state, in_force = _state(rated_w, off_grid), Settings()
    assert in_force.apply(changes) == []
    state.ems_limits = ems_limits
    return limits.in_force(state, in_force, decided, now_s)


def test_all_sources_meet_and_each_is_told_with_its_reason():
    """Proves: CTL-2+"""
    told = _in_force(
        (60, "ripple control 60 % (DI2)", 100, True),
        ((0, 3000, None, None), (2, 5000, 60, 70)),
        limit_fuse_a=25,
        limit_export_w=4000,
        limit_user_w=3500,
    )
    assert told == (
        3000,
        4200,
        "3000 W: EMS; ripple control 60 % (DI2)",
        (
            "generation: 3000 W EMS, then 3500 W user, then 3600 W ripple control 60 % (DI2); "
            "export: 4000 W export limit, then 5175 W main fuse 25 A; "
            "import: 4200 W section 14a, ripple control 60 % (DI2), then 5000 W EMS, then 5175 W main fuse 25 A"
        ),
        4000,
    )


def test_every_release_restores_exactly_the_next():
    """Proves: CTL-2+"""
    caps = {"limit_user_w": 1000, "limit_export_w": 2000, "limit_off_grid_w": 3000}
    held = ((0, 500, None, None),)
    for order in itertools.permutations(caps):
        left, in_force = dict(caps), []
        in_force.append(_in_force(ems_limits=held, off_grid=1, **left)[0])
        for name in order:
            in_force.append(_in_force(off_grid=1, **left)[0])
            del left[name]
        assert in_force[:2] == [500, 1000]
        expected = [min([w for n, w in caps.items() if n not in order[:k]]) for k in range(3)]
        assert in_force[1:] == expected
    assert _in_force() == (None, None, "", "", None)


def test_the_stricter_contacts_keep_their_reason():
    """Proves: CTL-2+"""
    contacts = (30, "ripple control 30 % (DI3)", 100, False)
    assert _in_force(contacts, limit_user_w=2000)[:3] == (2000, None, "ripple control 30 % (DI3)")
    assert _in_force(contacts, limit_user_w=1500)[2] == "1500 W: user; ripple control 30 % (DI3)"
    # While nobody knows the rated power, any share of it is nothing.
    assert _in_force(contacts, limit_user_w=1500, rated_w=0)[2] == "ripple control 30 % (DI3)"


def test_off_grid_no_limit_is_lifted_and_its_own_holds_while_nobody_knows():
    """Proves: CTL-2+"""
    assert _in_force(off_grid=1, limit_export_w=0)[0] == 0
    assert _in_force(off_grid=0, limit_off_grid_w=700)[0] is None
    assert _in_force(off_grid=1, limit_off_grid_w=700)[0] == 700
    assert _in_force(off_grid=None, limit_off_grid_w=700)[0] == 700


def test_an_expired_limit_of_an_ems_holds_no_longer():
    """Proves: CTL-2+"""
    held = ((0, 900, 60, 160),)
    assert [_in_force(ems_limits=held, now_s=s)[0] for s in (100, 159, 160)] == [900, 900, None]


def test_a_record_that_holds_anything_else_holds_no_limit():
    """Proves: REL-1+"""
    load = ems.record.load
    rows = [[0, 100, None], [3, 1, None], [0, -1, None], [1, 5, 0], [1, True, 5], [2, 7.5, 5], "x", [2, 40, 9], [1, 2]]
    try:
        ems.record.load = lambda path: {"limits": rows}
        assert ems.kept("ems", 1000) == ((0, 100, None, None), (2, 40, 9, 1009))
        ems.record.load = lambda path: None
        assert ems.kept("ems", 1000) == ()
    finally:
        ems.record.load = load


def test_where_export_holds_at_the_grid_the_loop_s_cap_takes_its_place_and_every_other_limit_stays():
    """Proves: CTL-1, CTL-2+"""
    settings, state = Settings(), _state(6000, 0)
    assert settings.apply({"limit_export_w": 0, "limit_fuse_a": 10, "limit_user_w": 4000, "export_at": "grid"}) == []
    assert limits.in_force(state, settings, (100, "", 100, False), 0)[4] == 0
    state.export_cap_w = 2500
    told = limits.in_force(state, settings, (100, "", 100, False), 0)
    assert told[0] == 2500 and told[2] == "export limit 0 W at the grid"
    state.export_cap_w = 5000
    assert limits.in_force(state, settings, (100, "", 100, False), 0)[0] == 4000  # the owner's own
    state.export_cap_w = None
    assert limits.in_force(state, settings, (100, "", 100, False), 0)[0] == 0
    assert limits.in_force(state, Settings(), (100, "", 100, False), 0)[4] is None
