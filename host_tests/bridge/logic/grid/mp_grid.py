"""Grid contacts and the control law: tables written out, times on a hand-moved clock."""

from bridge.logic.grid import contacts, control, outputs, tables
from bridge.settings import Settings
from bridge.state import State

# DI4 DI3 DI2 DI1 -> percent, for the receiver whose K1 says 100 %, and for the one whose K1 says 0 %.
# fmt: off
RIPPLE = (
    (0b0000, 100, 100), (0b0001, 100, 0), (0b0010, 60, 30), (0b0011, 60, 0),
    (0b0100, 30, 60),   (0b0101, 30, 0),  (0b0110, 30, 30), (0b0111, 30, 0),
    (0b1000, 0, 100),   (0b1001, 0, 0),   (0b1010, 0, 30),  (0b1011, 0, 0),
    (0b1100, 0, 60),    (0b1101, 0, 0),   (0b1110, 0, 30),  (0b1111, 0, 0),
)
# fmt: on


def _asked(table, mask, **more):
    """Return (percent, reason) that a table asks for."""
    settings = Settings()
    settings.apply(dict({"grid_table": table}, **more))
    made = tables.make(settings)
    place, reason, _ = contacts.row(made, mask, None)
    return contacts.limits(made, place)[0], reason


def test_each_of_the_16_combinations_has_its_limit_and_the_strictest_contact_wins():
    """Proves: DRM-1"""
    assert sorted([row[0] for row in RIPPLE]) == list(range(16))
    for mask, ripple, reverse in RIPPLE:
        assert _asked("ripple", mask)[0] == ripple, mask
        assert _asked("ripple_reverse", mask)[0] == reverse, mask
        assert _decided(mask, table="off")[:2] == (100, "")


def test_di5_and_open_contacts_limit_nothing():
    """Proves: COM-4"""
    assert _decided(0b10000)[:2] == (100, "")


def test_a_limit_says_who_limits_and_a_combination_without_a_row_says_so():
    """Proves: CTL-2+, DRM-2+"""
    assert _asked("ripple", 0b0010)[1] == "ripple control 60 % (DI2)"
    assert _asked("ripple", 0b0110)[1] == "ripple control 30 % (DI2 + DI3), no row of the table: the strictest holds"


def _run(steps, settle_ms=50):
    """Return [(time, mask)] of the settled changes; steps: (time, raw mask)."""
    c = contacts.Contacts()
    found = []
    for now, raw in steps:
        if c.step(raw, now, settle_ms):
            found.append((now, c.mask))
    return found


def test_a_contact_counts_when_it_was_still_for_the_settle_time():
    """Proves: DRM-2+, COM-3"""
    steps = [(t, 0) for t in range(0, 100, 10)] + [(t, 2) for t in range(100, 200, 10)]
    assert _run(steps) == [(50, 0), (150, 2)]


def test_a_bouncing_contact_counts_once_after_it_has_come_to_rest():
    """Proves: DRM-2+"""
    steps = [(t, 0) for t in range(0, 100, 10)]
    steps += [(100 + t, 1 if t // 10 % 2 == 0 else 0) for t in range(0, 200, 10)]
    steps += [(t, 1) for t in range(300, 400, 10)]
    assert _run(steps) == [(50, 0), (350, 1)]


def test_a_contact_closed_at_power_up_is_known_only_after_the_settle_time():
    """Proves: DRM-2+"""
    assert _run([(t, 8) for t in range(0, 100, 10)]) == [(50, 8)]


def test_two_contacts_that_change_apart_are_two_changes():
    steps = [(t, 0) for t in range(0, 100, 10)] + [(100, 1), (110, 1), (120, 3)]
    steps += [(t, 3) for t in range(130, 250, 10)]
    assert _run(steps) == [(50, 0), (150, 1), (170, 3)]


def _decided(mask, settled=True, table="ripple", command=None, chattering=0, now_s=0, **more):
    state, settings = State(), Settings()
    settings.apply(dict({"grid_table": table, "do_safe_mask": 2}, **more))
    state.inputs, state.inputs_settled, state.chattering = mask, settled, chattering
    if command is not None:
        state.output_command = outputs.ordered(outputs.NOBODY, 3, command, 0, 0)
    made = tables.make(settings) if table != "off" else None
    return control.decide(state, settings, made, None, now_s)[0][:4]


def test_nothing_is_commanded_before_the_contacts_have_settled():
    """Proves: DRM-2+"""
    assert _decided(0, settled=False) == (100, "", False, 2)
    assert _decided(0) == (100, "", True, 2)
    assert _decided(2) == (60, "ripple control 60 % (DI2)", True, 2)


def test_scheduling_that_is_off_commands_nothing():
    """Proves: DRM-3"""
    assert _decided(8, table="off") == (100, "", False, 2)


def test_outputs_follow_the_command_and_else_the_safe_state():
    """Proves: COM-1, COM-2"""
    assert _decided(0, command=1)[3] == 1
    assert _decided(0)[3] == 2


def test_of_two_who_command_the_outputs_the_later_one_counts():
    state, settings = State(), Settings()
    state.server_command = outputs.ordered(outputs.NOBODY, 3, 2, 50, 50900)
    assert control.decide(state, settings, None, None, 60)[0][3] == 2
    state.output_command = outputs.ordered(outputs.NOBODY, 3, 1, 49, 49000)
    assert control.decide(state, settings, None, None, 60)[0][3] == 2
    state.output_command = outputs.ordered(outputs.NOBODY, 3, 1, 51, 51100)  # 200 ms later
    assert control.decide(state, settings, None, None, 60)[0][3] == 1
    state.server_command = outputs.ordered(outputs.NOBODY, 3, 2, 51, 51101)
    assert control.decide(state, settings, None, None, 60)[0][3] == 2


def test_each_output_has_its_own_latest_command():
    """Proves: COM-1, COM-2"""
    broker = outputs.ordered(outputs.NOBODY, 1, 1, 10, 10000)
    broker = outputs.ordered(broker, 2, 2, 10, 10010)
    assert outputs.decide(0, broker, outputs.NOBODY, 0, 11) == 3  # 10 ms apart: both close
    master = outputs.ordered(outputs.NOBODY, 1, 0, 20, 20000)
    assert outputs.decide(0, broker, master, 0, 21) == 2
    broker = outputs.ordered(broker, 2, 2, 30, 30000)
    assert outputs.decide(0, broker, master, 0, 31) == 2  # what the broker did not name stands


def test_a_command_that_expires_gives_way_to_the_safe_state():
    """Proves: COM-1, COM-2"""
    assert _decided(0, command=1, now_s=59, do_expire_s=60)[3] == 1
    assert _decided(0, command=1, now_s=60, do_expire_s=60)[3] == 2
    assert _decided(0, command=1, now_s=1000000)[3] == 1


def test_contacts_closed_at_rest_count_while_they_are_open():
    """A broken wire asks for the limit. Proves: DRM-1, DRM-2+, COM-10+"""
    assert _decided(0b1000, grid_closed_mask=8)[:2] == (100, "")
    assert _decided(0b0000, grid_closed_mask=8)[:2] == (0, "ripple control 0 % (DI4)")
    assert _decided(0b1010, grid_closed_mask=8)[:2] == (60, "ripple control 60 % (DI2)")


def test_no_closed_contact_is_a_row_of_its_own():
    """Proves: DRM-1, COM-10+"""
    assert _decided(0, grid_open_pct=70)[:2] == (70, "no contact asks: 70 %")
    assert _decided(0b0001, grid_open_pct=70)[:2] == (100, "")
    assert _decided(0b0100, grid_open_pct=70)[:2] == (30, "ripple control 30 % (DI3)")


def test_a_contact_that_is_never_still_has_a_declared_limit():
    """Proves: DRM-2+, COM-10+"""
    assert _decided(0, chattering=2)[:2] == (0, "DI2 chatters: 0 %")
    assert _decided(0, chattering=2, grid_chatter_pct=60)[:2] == (60, "DI2 chatters: 60 %")
    told = "DI2 chatters: 30 %, ripple control 30 % (DI3)"
    assert _decided(0b0110, chattering=2, grid_chatter_pct=60)[:2] == (30, told)
    assert _decided(0, chattering=16)[:2] == (100, "")  # DI5 means nothing to the grid


def test_a_contact_is_said_to_chatter_after_ten_seconds_and_until_it_is_still():
    """Proves: DRM-2+, COM-10+"""
    c = contacts.Contacts()
    found = []
    for t in range(0, 12000, 10):
        if c.step(2 if t // 10 % 2 else 0, t, 50):
            found.append((t, c.settled, c.mask, c.chattering))
    assert found == [(10010, True, 0, 2)], found
    steps = [c.step(2, 12000 + t, 50) for t in range(0, 70, 10)]
    assert steps == [False] * 4 + [True] + [False] * 2, steps
    assert (c.mask, c.chattering) == (2, 0)


def test_a_contact_that_was_still_for_weeks_counts_as_any_other():
    """The ticks wrap in between, and a stamp of a week ago would lie in the future. Proves: REL-1+, DRM-2+"""
    import clock

    c = contacts.Contacts()
    now = clock.ticks_add(0, -1000)
    for _ in range(8 * 24 * 2):
        c.step(0, now, 50)
        now = clock.ticks_add(now, 1800000)
    assert (c.settled, c.mask) == (True, 0)
    found = [c.step(4, clock.ticks_add(now, dt), 50) for dt in (0, 10, 20, 30, 40, 50, 60)]
    assert found == [False, False, False, False, False, True, False]
    assert c.mask == 4


def test_a_chattering_di5_does_not_keep_the_grids_contacts_from_counting():
    """Proves: COM-4, DRM-2+"""
    steps = [(t, 8 | (16 if t // 10 % 2 else 0)) for t in range(0, 200, 10)]
    assert _run(steps) == [(50, 8)]


def _let_through(steps, hold_ms=1000):
    """Return [(time, percent)] of the changes; steps: (time, percent asked for, contacts)."""
    loosening = control.Loosening()
    found = []
    for now, percent, inputs in steps:
        in_force = loosening.step(percent, "", inputs, now, hold_ms)[0]
        if not found or found[-1][1] != in_force:
            found.append((now, in_force))
    return found


def test_a_stricter_limit_counts_at_once_and_a_looser_one_when_the_contacts_were_still():
    """Proves: DRM-2+"""
    steps = [(0, 60, 2), (100, 30, 4)] + [(200 + t, 100, 0) for t in range(0, 1200, 50)]
    assert _let_through(steps) == [(0, 60), (100, 30), (1200, 100)]


def test_between_two_relays_of_a_receiver_nothing_is_let_go():
    """DI2 opens, DI3 closes half a second later, DI3 opens, DI2 closes again. Proves: DRM-2+"""
    steps = [(0, 60, 2), (1000, 100, 0), (1500, 30, 4), (9000, 100, 0), (9500, 60, 2), (10400, 60, 2), (10500, 60, 2)]
    assert _let_through(steps) == [(0, 60), (1500, 30), (10500, 60)]


def test_a_contact_that_flaps_keeps_the_stricter_limit():
    """Proves: DRM-2+"""
    steps = [(300 * k, (0, 100)[k % 2], (8, 0)[k % 2]) for k in range(1000)]
    assert _let_through(steps) == [(0, 0)]


def test_the_hold_time_works_across_the_wrap_of_the_ticks():
    """Proves: REL-1+"""
    import clock

    loosening = control.Loosening()
    start = clock.ticks_add(0, -500)
    loosening.step(0, "", 8, start, 1000)
    times = (0, 400, 900, 1000)
    assert [loosening.step(100, "", 0, clock.ticks_add(start, t), 1000)[0] for t in times] == [0, 0, 0, 100]
