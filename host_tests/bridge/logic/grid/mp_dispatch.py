"""What the plant is told to give in remote EMS, step by step: of what was measured, never below nothing, never above a limit."""

from bridge.logic.grid.dispatch import Dispatch


def step(loop, grid_w, output_w, charge_w, room_w, export_w=9000, now=0, rated_w=6000):
    return loop.step(grid_w, output_w, charge_w, room_w, export_w, rated_w, now)


def test_what_the_house_takes_is_given_while_the_battery_takes_the_surplus():
    """Proves: PLA-2+"""
    loop = Dispatch(700)
    assert loop.asked_w == 700
    assert step(loop, 0, 700, 500, 4800) == 700
    assert step(loop, 900, 700, 500, 4800) == 1600
    assert step(loop, -1200, 1600, -300, 4800) == 400
    assert step(loop, 40, 400, 900, 4800) == 400  # within the dead band
    assert step(loop, 8000, 400, -4400, 4800) == 6000  # no more than the plant's rated power
    assert step(loop, -7000, 6000, -500, 4800, export_w=0) == 0  # and nothing is ever taken from the grid
    assert Dispatch(-300).asked_w == 0


def test_more_sun_than_the_battery_takes_is_searched_for_and_flows_out_as_far_as_it_may():
    """Proves: PLA-2+"""
    loop = Dispatch(400)
    assert step(loop, 0, 400, 0, 0) == 600  # full: 200 W more
    assert step(loop, -200, 600, 0, 0) == 1000  # found: 400 W more
    assert step(loop, -600, 1000, 0, 0, export_w=700) == 1100  # 1800 W, if 700 W were not all that may flow out
    assert step(loop, -700, 1100, -300, 4800, now=5) == 400  # the battery had to help: that much is its own again
    assert step(loop, 0, 400, 0, 0, now=20004) == 400  # a rest
    assert step(loop, 0, 400, 0, 0, now=20005) == 750  # then 7/8 of the way to what was found, 800 W


def test_a_plant_that_gives_less_than_asked_has_no_more():
    """Proves: PLA-2+"""
    loop = Dispatch(400)
    assert step(loop, 0, 400, 0, 0) == 600
    assert step(loop, 0, 400, 0, 0, now=5) == 400
    assert step(loop, 0, 400, 0, 0, now=20004) == 400


def test_a_rest_of_a_week_ago_is_none():
    """Ticks wrap; a battery that was not full meanwhile asks for no search.

    Proves: PLA-2+
    """
    loop = Dispatch(400)
    assert step(loop, 0, 400, 0, 0) == 600
    assert step(loop, 0, 400, 0, 0, now=5) == 400  # a rest begins
    assert step(loop, 0, 400, 0, 4800, now=30000) == 400
    assert step(loop, 0, 400, 0, 0, now=5 + 7 * 86400000 & 0x3FFFFFFF) == 600
