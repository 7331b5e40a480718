# heap: 2m
"""The loop that holds export at the grid connection: against the simulated house, and beside two published rules."""

import export_days
from bridge.logic.grid.export import Export


def test_after_a_load_has_gone_nothing_flows_out_for_long_whatever_the_delay_up_to_two_seconds():
    """Proves: CTL-1"""
    for delay_ms, within_s in ((100, 1), (500, 1), (1000, 2), (1500, 3), (2000, 3)):
        most_w, settle_s = export_days.step_down(export_days.Ours, delay_ms)
        assert most_w <= 3000 and settle_s <= within_s, (delay_ms, most_w, settle_s)


def test_a_steady_house_has_a_steady_cap():
    """Proves: CTL-1"""
    caps = []

    class Watched(export_days.Ours):
        def cap(self, site, now):
            cap_w = export_days.Ours.cap(self, site, now)
            if now > 60000:
                caps.append(cap_w)
            return cap_w

    for delay_ms in (100, 700, 1300, 2000):
        caps.clear()
        export_days.walk(Watched, delay_ms, 120, {}, pv_set_w=5500, load_set_w=2500)
        assert max(caps) - min(caps) <= 80 and 2350 <= min(caps) <= 2500, (delay_ms, min(caps), max(caps))


def test_a_sun_that_comes_back_does_not_come_out_at_the_grid():
    """Proves: CTL-1"""
    events = {60: export_days.sun(300), 120: export_days.sun(5500)}
    _, over = export_days.walk(export_days.Ours, 1000, 150, events, pv_set_w=5500, load_set_w=2500)
    assert max(over[60 * 20 :]) < 60


def test_in_an_hour_of_noon_it_exports_less_than_half_of_what_either_published_rule_does():
    """Proves: CTL-1"""
    for delay_ms in (300, 1000, 2000):
        exported = [sum(export_days.walk(make, delay_ms, 1800, {}, hour=11.0)[1]) for _, make in export_days.RULES]
        assert 2 * exported[0] <= min(exported[1:]), (delay_ms, exported)


def test_a_stale_sensor_leaves_what_may_be_exported_and_a_sample_of_before_the_last_cap_moves_nothing():
    """Proves: CTL-1"""
    loop = Export(0)
    assert loop.step(500, None, 0, None, None, 1500, 0) == 500
    assert loop.step(500, 2000, 100, 400, 100, 1500, 1699) == 500  # the sample is 1 ms too old
    assert loop.step(500, 2000, 100, 400, 100, 1500, 1700) == 500 + 2470 * 3 // 4
    assert loop.step(500, -900, 0, 2300, None, 1500, 3000) == 2352  # not acknowledged yet
    assert loop.step(500, -900, 4001, 2300, 1800, 1500, 3700) == 500  # stale
