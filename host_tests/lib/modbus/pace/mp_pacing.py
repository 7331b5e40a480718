"""Slaves of every temper, each paced by the same code with no setting; all in virtual time (slaves.py)."""

import gc

import micropython
from modbus.pace.pacing import Pacing
from modbus.wire import rtu
from slaves import CHARACTER_US, SILENCE_US, Line, Meter, efficiency, paced

LEARNED_S = 400  # both rechecks of a rest that never worked lie within


def test_a_fast_slave_runs_at_the_wires_limit_five_seconds_after_the_start():
    """Proves: SEN-3+"""
    run = paced(Meter(5000))
    run.run(5)
    assert run.pacing.rest_us() == SILENCE_US
    for seconds in (10, 600):
        assert efficiency(run, 5000, seconds) >= 98  # the rest is the master's millisecond tick
    assert run.induced == run.impatient == 0


def test_a_slave_that_needs_600_ms_of_rest_loses_nothing_once_it_is_known():
    """Proves: SEN-3+"""
    for after_requests in (False, True):
        for need_ms in (100, 300, 600, 900):
            meter = Meter(20000, need_ms * 1000)
            meter.after_requests = after_requests
            meter.jitter_us = 5000
            run = paced(meter)
            run.run(LEARNED_S)
            assert run.induced <= 10
            assert run.run(20000)[2:] == (0, 0)
            assert need_ms <= run.pacing.rest_us() // 1000 <= need_ms * 120 // 100


def test_learning_what_600_ms_slaves_need_takes_thirty_seconds_and_four_losses():
    run = paced(Meter(20000, 600000))
    assert run.run(30)[2] == 4
    assert not run.pacing.snapshot()["learning"]
    assert run.run(LEARNED_S)[2] == 2  # tried again after one minute and after four more, then given up


def test_a_slave_that_loses_only_some_hurried_requests_is_found_out_too():
    for loses_pct, at_most in ((50, 40), (20, 60), (5, 250)):
        meter = Meter(20000, 600000)
        meter.loses_pct = loses_pct
        run = paced(meter)
        run.run(6000)
        assert run.induced <= at_most, (loses_pct, run.induced)
        assert run.run(3600)[2] <= 2, loses_pct


def test_a_slave_that_is_slow_now_and_then_is_waited_for():
    for every, at_most in ((20, 2), (100, 2), (500, 3)):
        meter = Meter(20000)
        meter.slow_every = every
        meter.slow_us = 300000
        run = paced(meter)
        run.run(1000)
        assert run.impatient <= at_most, (every, run.impatient)
        if every <= 100:
            assert run.run(4000)[3] == 0, every


def test_noise_is_not_paid_for_with_rest():
    for errors_ppm, deaf_pct, least_pct in ((100, 0, 96), (1000, 0, 85), (0, 1, 90), (0, 5, 75), (5000, 0, 65)):
        meter = Meter(5000)
        meter.deaf_pct = deaf_pct
        run = paced(meter, errors_ppm)
        run.run(300)
        before, exchanges = run.now_us, run.exchanges
        run.run(3600)
        # Bus time used for exchanges at the limit, whatever became of them.
        limit_us = 33 * CHARACTER_US + 2 * SILENCE_US + 5000
        share_pct = 100 * (run.exchanges - exchanges) * limit_us // (run.now_us - before)
        assert share_pct >= least_pct, (errors_ppm, deaf_pct, share_pct)
        assert run.impatient == 0


def test_broken_replies_tell_that_lost_requests_are_noise():
    for errors_ppm, seed, least in ((1000, 4, 65000), (5000, 5, 50000)):
        run = paced(Meter(5000), errors_ppm, seed)
        run.run(300)
        answers = run.run(3600)[1]
        assert answers >= least, (errors_ppm, answers)


def test_a_600_ms_slave_on_a_noisy_line_still_gets_its_rest():
    for seed in range(1, 6):
        run = paced(Meter(20000, 600000), 1000, seed)
        run.run(LEARNED_S)
        hurried = run.run(3600)[2]
        assert hurried <= 8, (seed, hurried)


def test_a_slave_that_restarts_when_it_is_hurried_is_hurried_seldom():
    meter = Meter(20000, 50000)
    meter.hurt_s = 5
    run = paced(meter)
    run.run(LEARNED_S)
    assert run.induced <= 10
    assert run.run(20000)[2] == 0


def test_floor_and_ceiling_hold_whatever_happens():
    for floor_us, ceiling_us in ((1000000, 1000000), (50000, 200000), (2000000, 1000000), (1750, 1000000)):
        meter = Meter(20000)
        meter.loses_pct = 50
        run = Line(meter, Pacing(floor_us, ceiling_us, 200, 400))
        most_us = max(floor_us, ceiling_us)
        for step in range(600):
            if step % 50 == 0:
                meter.need_us = run.chance.below(1200000)
                meter.think_us = run.chance.below(500000)
                meter.dead = run.chance.below(4) == 0
            run.exchange()
            assert floor_us <= run.pacing.rest_us() <= most_us
            assert 200 <= run.pacing.timeout_ms() <= 400


def test_the_think_time_is_the_median_of_the_last_answers():
    pacing = Pacing(SILENCE_US)
    assert pacing.think_us() == 0
    assert pacing.timeout_ms() == 1000
    for i in range(100):
        pacing.observe(rtu.OK, ((i * 37 + 50) % 101) * 1000, SILENCE_US, i)
        last = sorted([((k * 37 + 50) % 101) * 1000 for k in range(max(0, i - 31), i + 1)])
        assert pacing.think_us() == last[len(last) // 2], i


def test_the_error_rate_is_that_of_the_characters_that_break():
    run = paced(Meter(5000), 400)
    run.run(2000)
    assert 250 <= run.pacing.errors_ppm() <= 550


def test_an_exchange_allocates_nothing():
    pacing = Pacing(SILENCE_US)
    gc.collect()
    micropython.heap_lock()
    try:
        for i in range(2000):
            status = rtu.OK
            if i % 7 == 0 or i % 400 > 394:
                status = rtu.SILENT
            elif i % 11 == 0:
                status = rtu.BAD_CRC
            pacing.observe(status, 5000 + i % 97, pacing.rest_us(), i * 977, 33)
            pacing.timeout_ms()
            pacing.think_us()
            pacing.errors_ppm()
    finally:
        micropython.heap_unlock()
