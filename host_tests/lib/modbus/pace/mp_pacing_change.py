"""Slaves that change while they are paced: busy, dead, back, swapped, slower; all in virtual time (slaves.py)."""

import clock
from slaves import SILENCE_US, Meter, efficiency, paced


def fast(meter):
    meter.need_us, meter.dead = 0, False


def slow(meter):
    meter.need_us, meter.dead = 600000, False


def test_a_slave_that_gets_busy_is_given_rest_and_one_that_is_free_again_is_not():
    """Proves: SEN-3+"""
    meter = Meter(20000)
    run = paced(meter)
    run.run(60)
    slow(meter)
    run.run(60)
    assert run.induced <= 14
    assert run.run(50)[2] <= 1
    assert 600 <= run.pacing.rest_us() // 1000 <= 720
    run.run(600)
    busy = run.induced
    fast(meter)
    run.run(2000)  # at most four times as long as it was busy
    assert run.pacing.rest_us() == SILENCE_US
    assert run.induced == busy


def test_a_dead_slave_teaches_nothing():
    """Proves: SEN-3+"""
    for before_s, dead_s in ((60, 1), (60, 10), (60, 100000), (1, 10), (2, 1000)):
        meter = Meter(20000)
        run = paced(meter)
        run.run(before_s)
        meter.dead = True
        run.run(dead_s)
        assert run.pacing.rest_us() == 1000000
        assert run.pacing.timeout_ms() == 1000
        fast(meter)
        if before_s < 10:
            run.run(10)  # it died while it was being learned
        run.exchange()
        assert run.pacing.rest_us() == SILENCE_US, (before_s, dead_s)
        run.run(5 if dead_s >= 10 else 90)
        assert run.pacing.timeout_ms() <= 131
        assert efficiency(run, 20000, 60) >= 98


def test_a_slave_that_stalls_while_it_is_learned_runs_at_the_limit_a_minute_later():
    """Two losses at the same rest look like haste. What was learned of them is tried again after a minute, and gone."""
    slowed = 0
    for stalls, stall_us in ((1, 400000), (2, 150000), (3, 400000)):
        for first_us in range(0, 8000000, 97000):
            meter = Meter(20000)
            run = paced(meter)
            while run.now_us < 8000000:
                since_us = run.now_us - first_us
                meter.dead = 0 <= since_us < 700000 * stalls and since_us % 700000 < stall_us
                run.exchange(2)
            meter.dead = False
            run.run(1)
            slowed += run.pacing.rest_us() > SILENCE_US
            run.run(65)
            assert run.pacing.rest_us() == SILENCE_US, (stalls, first_us)
    assert slowed > 0


def test_a_cable_that_comes_loose_every_ten_seconds_teaches_nothing():
    meter = Meter(20000)
    run = paced(meter)
    run.run(20)
    for _ in range(50):
        meter.dead = True
        run.run(3)
        fast(meter)
        run.run(10)
    assert run.pacing.rest_us() == SILENCE_US
    assert not run.pacing.snapshot()["learning"]


def test_a_swapped_slave_is_learned_anew():
    meter = Meter(20000)
    run = paced(meter)
    run.run(60)
    meter.dead = True
    run.run(60)
    slow(meter)
    meter.think_us = 80000
    run.run(70)
    assert run.induced <= 14
    assert 600 <= run.pacing.rest_us() // 1000 <= 720
    assert run.pacing.think_us() == 80000
    run.run(8000)
    meter.dead = True
    run.run(60)
    fast(meter)
    meter.think_us = 8000
    run.run(120)
    assert run.pacing.rest_us() == SILENCE_US
    assert efficiency(run, 8000, 60) >= 98


def test_a_slave_whose_think_time_changes_shows_that_a_rest_given_up_may_be_tried_again():
    meter = Meter(50000, 600000)
    run = paced(meter)
    run.run(4000)
    fast(meter)
    run.run(4000)
    assert run.pacing.rest_us() > 600000  # nothing showed
    meter.think_us = 10000
    run.run(400)
    assert run.pacing.rest_us() == SILENCE_US


def test_a_slave_that_becomes_slow_costs_one_exchange():
    meter = Meter(20000)
    run = paced(meter)
    run.run(60)
    assert run.pacing.timeout_ms() == 131
    meter.think_us = 700000
    run.run(60)
    assert run.impatient == 1
    assert run.pacing.timeout_ms() == 1000
    meter.think_us = 20000
    run.run(600)
    assert run.impatient == 1
    assert run.pacing.timeout_ms() <= 200


def test_a_slave_that_becomes_slow_is_heard_even_if_waiting_was_in_vain_before():
    meter = Meter(20000)
    meter.deaf_pct = 5
    run = paced(meter)
    run.run(600)
    meter.think_us = 700000
    run.run(60)
    assert run.impatient <= 3
    assert run.pacing.timeout_ms() == 1000


def test_a_slave_that_needs_a_little_more_than_it_did_is_followed_both_ways():
    meter = Meter(20000, 500000)
    run = paced(meter)
    run.run(600)
    before = run.induced
    meter.need_us = 580000
    run.run(7200)
    assert run.induced - before <= 16  # found out once, tried again four times
    assert 580 <= run.pacing.rest_us() // 1000 <= 700
    meter.need_us = 500000
    run.run(4 * 7200)
    assert run.pacing.rest_us() // 1000 <= 600


def test_long_rests_that_come_by_themselves_do_not_hide_that_a_slave_needs_more():
    meter = Meter(20000)
    run = paced(meter)
    run.natural_us = 400000
    run.run(60)
    slow(meter)
    run.run(120)
    assert run.induced <= 14
    assert run.pacing.rest_us() >= 600000


def test_the_tick_counter_may_wrap_while_a_rest_is_to_be_tried_again():
    meter = Meter(20000)
    run = paced(meter)
    run.start = clock.ticks_add(0, -200000)
    run.run(60)
    slow(meter)
    run.run(120)
    fast(meter)
    run.run(1000)
    assert run.pacing.rest_us() == SILENCE_US
