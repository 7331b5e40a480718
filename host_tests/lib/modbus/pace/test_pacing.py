"""lib/modbus/pace/pacing.py against slaves with any past: what it promises holds after whatever came before."""

import sys

from bridgectl import firmware
from bridgectl.figures import pacing as pacing_figures
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

firmware.load()
sys.path.append(str(firmware.ROOT / "host_tests" / "rigs" / "unix"))

from modbus.pace.pacing import Pacing  # noqa: E402
from modbus.wire import rtu  # noqa: E402
from slaves import SILENCE_US, Line, Meter  # noqa: E402

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # an example takes too long to be made small

# (seconds, rest needed in ms, % lost of what comes too early, think time in ms, dead, errors in ppm, restarts)
phases = st.lists(
    st.tuples(
        st.sampled_from((1, 5, 30, 300, 3000)),
        st.one_of(st.just(0), st.integers(0, 50), st.integers(50, 2000)),
        st.sampled_from((100, 50, 10)),
        st.integers(0, 1500),
        st.booleans(),
        st.sampled_from((0, 0, 500, 20000)),
        st.sampled_from((0, 0, 5)),
    ),
    max_size=6,
)


def after(past, seed):
    """Return a line whose slave has had that past and has just come back from being away, healthy and fast."""
    run = Line(Meter(0), Pacing(SILENCE_US), 0, seed)
    meter = run.meter
    for seconds, need_ms, loses_pct, think_ms, dead, errors_ppm, hurt_s in past:
        meter.need_us, meter.loses_pct, meter.think_us = need_ms * 1000, loses_pct, think_ms * 1000
        meter.dead, meter.hurt_s, run.errors_ppm = dead, hurt_s, errors_ppm
        run.run(seconds)
    meter.dead = True
    run.run(30)
    meter.dead, meter.hurt_s, meter.loses_pct, run.errors_ppm = False, 0, 100, 0
    meter.need_us, meter.think_us = 0, 5000
    return run


@settings(max_examples=30, phases=UNSHRUNK, derandomize=True)
@given(phases, st.integers(0, 1000))
def test_after_any_past_a_fast_slave_that_comes_back_runs_at_the_limit(past, seed):
    run = after(past, seed)
    run.run(600)
    assert run.pacing.rest_us() == SILENCE_US
    assert run.run(60)[0] >= 1200  # of at most 1288 exchanges


@settings(max_examples=30, phases=UNSHRUNK, derandomize=True)
@given(phases, st.integers(0, 1000), st.integers(50, 900))
def test_after_any_past_a_slow_slave_that_comes_back_costs_few_losses(past, seed, need_ms):
    run = after(past, seed)
    run.meter.need_us = need_ms * 1000
    assert run.run(600)[2] <= 60
    assert (need_ms - 1) * 1000 <= run.pacing.rest_us() <= 1000000  # the line adds up to a tick
    # What worked in its past is tried again after 4, 16, 64 ... minutes, at the price of one loss each, three at most.
    assert run.run(4 * 3600)[2] <= 15


@given(
    st.lists(
        st.tuples(
            st.sampled_from((rtu.OK, 2, 6, rtu.SILENT, rtu.SHORT, rtu.BAD_CRC, rtu.WRONG_UNIT, rtu.WRONG_COUNT)),
            st.integers(0, 1 << 29),
            st.integers(0, 1 << 29),
            st.integers(0, 1 << 28),
            st.integers(0, 300),
        )
    ),
    st.integers(0, 100000),
    st.integers(0, 2000000),
)
def test_no_report_however_wild_breaks_the_bounds(reports, floor_us, ceiling_us):
    pacing = Pacing(floor_us, ceiling_us, 150, 800)
    now = 0
    for status, think_us, rest_us, later_ms, characters in reports:
        now = (now + later_ms) % (1 << 30)
        pacing.observe(status, think_us, rest_us, now, characters)
        assert floor_us <= pacing.rest_us() <= max(floor_us, ceiling_us)
        assert 150 <= pacing.timeout_ms() <= 800
        assert 0 <= pacing.think_us() <= 1 << 29
        assert 0 <= pacing.errors_ppm() <= 1000000


def test_the_figures_of_the_simulated_line_meet_the_requirement():
    """Proves: SEN-2+, SEN-3+"""
    for think_ms in (5, 20, 50):
        assert 0.95 <= pacing_figures.wire_efficiency(think_ms) <= 1
    assert [round(pacing_figures.plan_ms(think_ms)[0]) for think_ms in (10, 20, 50)] == [201, 231, 317]
    learning, steady = pacing_figures.slow_slave()
    assert learning <= 10
    assert steady == 0
