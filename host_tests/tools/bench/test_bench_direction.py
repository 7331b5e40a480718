"""`bridgectl direction`: a load that comes and goes tells which way round a sensor is mounted, and nothing else does."""

import json

import ptys
import pytest
from bench_lines import bridgectl, own_time, played  # noqa: F401 (a fixture)
from bridgectl.bench import direction, port
from bridgectl.bench.direction import BACKWARDS, RIGHT

pytestmark = pytest.mark.usefixtures("own_time")

REST, ON = [320, 335, 310, 324, 318, 330, 321, 326], [2350, 2330, 2340]


def stage(readings, load_w=2000):
    watch = direction.Watch(load_w)
    for power_w in readings:
        watch.take(power_w)
    return watch.stage


def turned(readings):
    return [-power_w for power_w in readings]


def test_a_load_that_comes_and_goes_tells():
    """Proves: SEN-5+"""
    assert stage(REST + ON + REST) == RIGHT
    assert stage(turned(REST + ON + REST)) == BACKWARDS
    exported = [power_w - 4000 for power_w in REST + ON + REST]  # a house that exports before and after
    assert stage(exported) == RIGHT and stage(turned(exported)) == BACKWARDS


def test_a_battery_that_takes_the_load_over_within_a_second_changes_nothing():
    """Proves: SEN-5+"""
    assert stage([*REST, 2350, 2340, 1400, 300, 300]) == RIGHT
    assert stage(turned([*REST, 2350, 2340, 1400, 300, 300])) == BACKWARDS


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        (REST[:7], "rest"),
        (REST, "on"),
        ([300, 900, 1700, 2600] * 6, "rest"),  # never still
        ([*REST, 2350, *REST], "on"),  # one odd reading
        ([*REST, *[700] * 20, *REST], "on"),  # a fridge
        ([*REST, *[6000] * 20, *REST], "on"),  # three times the load: something else
        (REST + ON, "off"),
        ([*REST, *ON, *[4400] * 3], "rest"),  # up, and up again: from the beginning
    ],
)
def test_nothing_else_tells(readings, expected):
    assert stage(readings) == expected
    assert stage(turned(readings)) == expected


@pytest.mark.parametrize(("backwards", "expected", "code"), [(False, RIGHT, 0), (True, BACKWARDS, 1)])
def test_a_person_is_asked_for_each_step_and_told_what_next(backwards, expected, code, monkeypatch):
    """The house follows what the person is asked for. Proves: SEN-5+"""
    monkeypatch.setattr(direction, "_POLL_S", 0)
    with ptys.Pair() as pair, played(pair.right, "sdm230") as (_, meter), port.Line(pair.left) as line:
        meter.backwards = backwards
        said = []

        def told(watch):
            meter.house.load_set_w = {"on": 2800, "off": 400}.get(watch.stage, meter.house.load_set_w or 400)
            meter.house.pv_set_w = meter.house.charge_max_w = meter.house.discharge_max_w = 0
            meter.house.step(1)
            said.append(direction.words(watch))

        assert direction.run(line, "sdm230", 1, 2400, 60, told) == expected
    assert len(said) == 4 and said[0].startswith("Leave everything") and "Switch on a load of about 2400 W" in said[1]
    assert said[2].endswith("Switch it off again.")
    assert ("set sensor_inverted=true" in said[3]) == backwards


def test_the_command_says_that_nothing_is_known_when_nobody_switches():
    with ptys.Pair() as pair, played(pair.right, "sdm120ct"):
        done = bridgectl("direction", pair.left, "--model", "sdm120ct", "--seconds", "5", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["direction"] is None
    with ptys.Pair() as pair:
        done = bridgectl("direction", pair.left, "--model", "plant", "--seconds", "5")
    assert done.exit_code == 2 and "has no power sensor" in done.output
