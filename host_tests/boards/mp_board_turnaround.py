# heap: 4m
"""A master at the tick of 10 ms: how soon its next request follows a reply, and what it leaves the other tasks."""

import chip
from turnaround import measure


async def _median_ms(how, think_ms=20, count=2):
    chip.play("esp32")
    told = await measure(think_ms, count, how)
    gaps_us = told["gaps_us"]
    return gaps_us[len(gaps_us) // 2] / 1000, told["kept"]


async def test_the_firmwares_master_follows_a_reply_with_the_silence_of_the_standard():
    gap_ms, kept = await _median_ms("engine")
    assert 3.64 <= gap_ms <= 4.5 and kept < 0.25


async def test_a_master_that_only_sleeps_loses_most_of_a_tick():
    gap_ms, _kept = await _median_ms("polled")
    assert gap_ms > 7


async def test_the_idle_interrupt_wakes_without_keeping_the_processor():
    gap_ms, kept = await _median_ms("woken")
    assert 3.64 <= gap_ms <= 4.5 and kept < 0.05


async def test_a_quick_slave_on_a_full_bus_leaves_the_other_tasks_their_turn():
    """No wait of such an exchange is longer than a tick; this test would never end if they had no turn."""
    gap_ms, _kept = await _median_ms("engine", think_ms=6)
    assert 3.64 <= gap_ms <= 4.5
