"""`bridgectl read` against a server of pymodbus at the other end of a pseudo-terminal, and against broken lines."""

import json

import ptys
import pytest
from bench_lines import bridgectl, floats, own_time, played, pymodbus_server  # noqa: F401 (a fixture)
from bridgectl.bench import port, read

pytestmark = pytest.mark.usefixtures("own_time")

VALUES = {
    0: 231.25,
    6: 4.5,
    12: -1022.5,
    18: 1040.0,
    24: 180.0,
    30: -0.98,
    36: 10.5,
    70: 49.98,
    72: 1834.5,
    74: 4210.25,
}
SDM230_HOLES = (384, 386)  # as in the EU document


def by_point(values):
    return {v.point: v for v in values}


def test_all_registers_of_a_meter_served_by_pymodbus_are_decoded():
    """Proves: BEN-1, SEN-1"""
    block = dict.fromkeys(range(388), 0) | floats(VALUES)
    with ptys.Pair() as pair, pymodbus_server(pair.right, 1, block):
        done = bridgectl("read", pair.left, "--model", "sdm230", "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    values = {r["address"]: r["value"] for r in answer["readings"]}
    assert len(values) == 24
    assert {a: values[a] for a in VALUES} == pytest.approx(VALUES)
    assert {r["quality"] for r in answer["readings"]} == {"good"}
    assert answer["statistics"]["failed"] == 0


def test_a_meter_without_the_optional_registers_is_read_without_complaint():
    """Proves: BEN-1"""
    block = dict.fromkeys(range(346), 0) | floats(VALUES)
    with ptys.Pair() as pair, pymodbus_server(pair.right, 1, block):
        done = bridgectl("read", pair.left, "--model", "sdm230", "--json")
    assert done.exit_code == 0, done.output
    absent = [r for r in json.loads(done.stdout)["readings"] if r["error"]]
    assert [(r["address"], r["error"]) for r in absent] == [(a, "not on this device") for a in SDM230_HOLES]


def test_a_device_that_refuses_holes_is_read_register_by_register():
    """Proves: BEN-1"""
    addresses = (0, 6, 12, 18, 24, 30, 36, 70, 72, 74, 76, 78, 84, 86, 88, 90, 92, 94, 258, 264, 342, 344)
    with ptys.Pair() as pair, pymodbus_server(pair.right, 1, floats(dict.fromkeys(addresses, 1.0))):
        with port.Line(pair.left) as line:
            poller = read.Poller(line, "sdm120ct")
            first = poller.poll()
            refusals = poller.tally.refused
            second = poller.poll()
    assert [v.value for v in first if v.quality == "good"] == [1.0] * len(addresses)
    assert [v.address for v in second if v.quality == "good"] == list(addresses)
    assert poller.tally.refused == refusals  # it asks no second time for what was refused


def test_what_a_meter_refuses_costs_nothing_in_the_next_round():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, played(pair.right, "sdm120ct", refused=((36, 37), (84, 95), (258, 265))) as (_, meter):
        with port.Line(pair.left) as line:
            poller = read.Poller(line, "sdm120ct")
            assert all(v.quality == "good" or v.error == "not on this device" for v in poller.poll())
            before = meter.requests
            poller.poll()
    assert poller.tally.refused == 11  # three blocks, then 6 and 2 registers one by one
    assert meter.requests - before == 3


def test_the_plant_is_read_at_its_own_pace():
    """Proves: BEN-1, PLA-1+"""
    with ptys.Pair() as pair, played(pair.right, "plant") as (_, plant):
        done = bridgectl("read", pair.left, "--model", "plant", "--json")
    assert done.exit_code == 0, done.output
    values = {r["id"]: r["value"] for r in json.loads(done.stdout)["readings"]}
    assert values["plant_soc"] == pytest.approx(plant.values()["soc"] / 10, abs=0.2)
    assert values["plant_max_power"] == 6000
    assert plant.requests == 4  # none over what is reserved behind 30072
    assert plant.shortest_period_ms >= 1000


def test_implausible_values_are_suspect_and_not_shown_as_values():
    """Proves: BEN-1, SEN-4+"""
    with ptys.Pair() as pair, played(pair.right, "sdm230") as (_, meter):
        meter.lying = True
        done = bridgectl("read", pair.left, "--model", "sdm230", "--json")
    readings = {r["id"]: r for r in json.loads(done.stdout)["readings"]}
    assert done.exit_code == 1
    assert readings["sensor_voltage"]["value"] is None
    assert readings["sensor_voltage"]["quality"] == "suspect"
    assert readings["sensor_power"]["error"] == "implausible: 1e+09 W"
    assert readings["sensor_total_energy"]["quality"] == "good"


def test_a_counter_that_runs_backwards_is_suspect():
    """Proves: SEN-4+"""
    with ptys.Pair() as pair, played(pair.right, "sdm230") as (_, meter), port.Line(pair.left) as line:
        poller = read.Poller(line, "sdm230")
        assert by_point(poller.poll())["sensor_import_energy"].quality == "good"
        meter.house.import_wh -= 5000
        value = by_point(poller.poll())["sensor_import_energy"]
    assert (value.quality, value.value) == ("suspect", None)
    assert value.error.startswith("counter ran backwards")


@pytest.mark.parametrize(
    ("fault", "words"),
    [("silence", "swap A and B"), ("crc", "two devices with one address"), ("short", "the answer is cut")],
)
def test_a_line_that_fails_is_told_with_what_to_do(fault, words):
    """Proves: BEN-1, SEN-5+"""
    with ptys.Pair() as pair, played(pair.right, "sdm230", fault=fault), port.Line(pair.left) as line:
        poller = read.Poller(line, "sdm230", wait_s=0.15)
        values = poller.poll()
        said = " ".join(read.remarks(poller, values))
    assert all(v.quality == "never" and v.error for v in values)
    assert words in said


def test_single_failures_are_retried_and_counted():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, played(pair.right, "sdm230", fault="crc", every=3), port.Line(pair.left) as line:
        poller = read.Poller(line, "sdm230", wait_s=0.3)
        values = poller.poll()
    assert {v.quality for v in values} == {"good"}
    assert poller.tally.failed >= 1
    assert poller.tally.requests == poller.tally.good + poller.tally.failed


def test_nobody_on_the_line_ends_with_its_own_exit_code():
    """Proves: BEN-1"""
    with ptys.Pair() as pair:
        done = bridgectl("read", pair.left, "--model", "sdm120ct")
    assert done.exit_code == 4
    assert "Nothing usable from unit 1" in done.stdout


def test_the_echo_of_an_adapter_is_taken_off_and_reported():
    """Proves: BEN-1"""
    with ptys.Pair(echo=True) as pair, played(pair.right, "sdm230"):
        done = bridgectl("read", pair.left, "--model", "sdm230")
    assert done.exit_code == 0, done.output
    assert "The adapter hears itself (echo)" in done.stdout


def test_stray_bytes_before_an_answer_are_forgiven_and_reported():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, played(pair.right, "sdm230", fault="zero"):
        done = bridgectl("read", pair.left, "--model", "sdm230")
    assert done.exit_code == 0, done.output
    assert "Stray bytes came before answers" in done.stdout


def test_export_is_named_as_a_possible_backward_ct():
    """Proves: SEN-5+"""
    with ptys.Pair() as pair, played(pair.right, "sdm120ct") as (_, meter), port.Line(pair.left) as line:
        meter.house.pv_set_w, meter.house.load_set_w, meter.house.stored_wh = 5000, 500, meter.house.capacity_wh
        meter.house.step(1)
        poller = read.Poller(line, "sdm120ct")
        said = " ".join(read.remarks(poller, poller.poll()))
    assert "clipped on backwards" in said


def test_an_adapter_pulled_out_while_reading_is_told_as_such(own_time):  # noqa: F811
    """Proves: BEN-1"""

    def pulled():
        own_time.sleep(0.3)
        pair.close()

    with ptys.Pair() as pair, port.Line(pair.left) as line:
        poller = read.Poller(line, "sdm230", wait_s=0.5)
        own_time.thread(pulled)
        with pytest.raises(port.PortError, match="pulled out"):
            for _ in range(100):
                poller.poll()


def test_a_late_answer_is_not_taken_for_the_answer_to_the_next_question(own_time):  # noqa: F811
    """Proves: BEN-1"""
    answers_of_4_registers = []

    def late(found):
        if len(found) == 13:
            answers_of_4_registers.append(found)
            if len(answers_of_4_registers) < 3:
                return b""
            if len(answers_of_4_registers) == 3:
                own_time.sleep(0.3)
        return found

    block = dict.fromkeys(range(388), 0) | floats({342: 1.0, 344: 2.0, 384: 3.0, 386: 4.0})
    with ptys.Pair(change=late) as pair, pymodbus_server(pair.right, 1, block), port.Line(pair.left) as line:
        values = by_point(read.Poller(line, "sdm230", wait_s=0.2).poll())
    assert values["sensor_total_energy"].error == "silent"
    assert (values["sensor_trip_energy"].value, values["sensor_trip_reactive"].value) == (3.0, 4.0)


def test_a_device_of_another_model_is_said_to_be_one():
    only_small = {a: v for a, v in floats(VALUES).items() if a not in (36, 37)}
    block = {a: only_small.get(a, 0) for a in range(346) if a not in (36, 37)}
    with ptys.Pair() as pair, pymodbus_server(pair.right, 1, block):
        done = bridgectl("read", pair.left, "--model", "sdm230")
    assert done.exit_code == 1, done.output
    said = "This is no sdm230: it lacks register 36, which every SDM230 has. Read it with --model sdm120ct."
    assert said in done.stdout


def test_when_nobody_answers_one_line_says_so():
    with ptys.Pair() as pair:
        done = bridgectl("read", pair.left, "--model", "sdm230")
    assert done.exit_code == 4
    assert done.stdout.startswith("Nothing usable from unit 1: check power, ") and done.stdout.count("\n") == 1


def test_a_little_less_than_nothing_is_nothing():
    assert [read.fixed(value, 1) for value in (-0.04, -0.0, 0.0, -0.06, -1234.5)] == [
        "0.0",
        "0.0",
        "0.0",
        "-0.1",
        "-1,234.5",
    ]
    assert read.fixed(-0.4, 0) == "0"
