"""The bench of the engine, short: that it measures what it says. The figures themselves are `make figures`."""

import os
import shutil

import pytest
from bridgectl.figures import course, peers
from patience import undisturbed


def _run(master, think_ms=5):
    return course.run(master, think_ms, seconds=3, settle_s=0.5)


def test_the_plan_on_the_bench_is_the_least_bus_time_that_the_requirement_names():
    timing = course.timing(10)
    assert round(course.plan.cycle_us(course.planned(10), timing) / 1000) == 201
    assert len(course.planned(50)) == 2


_OF_BUSY_MACHINES = ("good", "silent", "late", "split")  # a simulated slave that had to wait for the processor


def test_the_firmwares_master_reads_the_set_on_a_line_in_real_time(slot):
    run = course.run("bridge", 5, seconds=9, settle_s=6)  # it learns the slave's pace first
    assert run.counts["good"] > 0
    assert {name for name, count in run.counts.items() if count} <= {*_OF_BUSY_MACHINES}
    # No master that keeps t3.5 is faster than the wire. How near it comes to that is proved in virtual time.
    assert 0 < run.least_ms / run.median_ms < 1
    assert run.pause_ms > 3.6


@pytest.mark.parametrize("name", peers.MASTERS)
def test_masters_of_others_do_the_same_reads_on_the_same_line(name):
    if name.startswith("libmodbus"):
        try:
            peers.library()
        except peers.Missing:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip("libmodbus is not installed")
    run = undisturbed(lambda: _run(name), lambda run: not run.counts["failed"])
    assert run.counts["good"] > 0
    assert run.counts["failed"] == 0
    assert run.cycles >= 1


def test_a_dead_slave_beside_a_live_one_costs_the_share_that_the_wire_shows(slot):
    share, live = course.dead_beside_live(5, seconds=4, settle_s=0)
    assert 0 < share < 1
    assert live > 0


def test_hours_in_virtual_time_come_out_the_same_each_time(slot):
    told = course.hours("good", 10, 60)
    assert told == course.hours("good", 10, 60)
    assert sum(told["counts"].values()) == told["counts"]["good"] > 500
    assert told["after"]["answers"] * told["least_us"] < told["after"]["us"]


def test_a_slave_that_needs_rest_tells_how_many_requests_came_too_early(slot):
    told = course.hours("slow", 30, 30)
    assert told["learning"]["answers"] > 0
    assert told["learning"]["hurried"] <= sum(told["counts"].values())


def test_the_counter_of_instructions_says_the_same_twice(slot):
    if not shutil.which("valgrind"):
        with pytest.raises(peers.Missing, match="valgrind"):
            course.instructions(20)
        return
    counted = course.instructions(20)
    assert counted > 10000
    # A real millisecond that passes between two looks of the event loop at its clock costs it some instructions.
    assert abs(course.instructions(20) - counted) <= counted // 1000
