"""`bridgectl scan` over pseudo-terminals: what it finds, and what it says when the wiring is wrong."""

import json
import struct
import threading

import ptys
import pytest
from bench_lines import bridgectl, devices, floats, own_time, pymodbus_server  # noqa: F401 (a fixture)
from bridgectl.bench import port, scan
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.plant import Plant
from modbus.wire import crc
from patience import HANG_S

pytestmark = pytest.mark.usefixtures("own_time")


def garbled(replies):
    """Return what two drivers that fight make of their frames: where they differ, the dominant 0 wins."""
    if len(replies) == 1:
        return replies[0]
    longest = max(map(len, replies))
    padded = [r + b"\xff" * (longest - len(r)) for r in replies]
    return bytes(a & b & 0x7F for a, b in zip(*padded, strict=True))


def run(pair, **options):
    """Scan and return the Result."""
    with port.Line(pair.left) as line:
        return scan.Scan(line, wait_s=0.6, **options).run(listen_s=0.1)


def found(result):
    return [(f.baud, f.parity, f.unit, f.model) for f in result.found]


@pytest.mark.parametrize("baud", [9600, 2400, 1200])
def test_a_meter_is_found_at_its_speed(baud):
    """Proves: BEN-1, SEN-5+"""
    with ptys.Pair() as pair, devices(pair, Meter(House(), "sdm230", unit=3), baud=baud):
        result = run(pair, parities=("N",), units=(1, 3))
    assert found(result) == [(baud, "N", 3, "sdm230")]
    assert result.faults == []


def test_a_meter_is_found_at_odd_parity():
    """Proves: BEN-1, SEN-5+"""
    with ptys.Pair() as pair, devices(pair, Meter(House(), "sdm120ct"), odd=True):
        result = run(pair, bauds=(9600,), parities=("N", "O"), units=(1, 2))
    assert found(result) == [(9600, "O", 1, "sdm120ct")]


def test_sensor_and_plant_on_one_line_are_told_apart():
    """Proves: BEN-1"""
    plant = Plant(House())
    with ptys.Pair() as pair, devices(pair, Meter(House(), "sdm120ct", unit=2), plant):
        told = sorted(found(run(pair, units=(1, 2, 247))))
    assert told == [(9600, "N", 2, "sdm120ct"), (9600, "N", 247, "plant")]
    assert plant.shortest_period_ms >= 1000


def test_a_meter_with_the_plants_address_is_a_meter():
    with ptys.Pair() as pair, devices(pair, Meter(House(), "sdm230", unit=247)):
        result = run(pair, units=(247,), bauds=(9600,), parities=("N",))
    assert found(result) == [(9600, "N", 247, "sdm230")]


@pytest.mark.parametrize(
    ("last", "refused", "model"),
    [(387, (), "sdm230"), (345, (), "sdm230 or sdm120ct"), (345, (36,), "sdm120ct"), (345, (84, 258), "sdm120ct")],
)
def test_meters_of_pymodbus_are_told_apart_by_their_registers(last, refused, model):
    """Proves: BEN-1"""
    block = dict.fromkeys(range(last + 1), 0) | floats({0: 231.0, 70: 50.0})
    for address in refused:
        del block[address]
    with ptys.Pair() as pair, pymodbus_server(pair.right, 1, block):
        result = run(pair, units=(1,), bauds=(9600,), parities=("N",))
    assert found(result) == [(9600, "N", 1, model)]


def test_a_stranger_that_speaks_modbus_is_shown_without_a_model():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, pymodbus_server(pair.right, 9, {5000: 1}):
        done = bridgectl("scan", pair.left, "--units", "9", "--bauds", "9600", "--parities", "N", "--json")
    assert done.exit_code == 0, done.output
    device = json.loads(done.stdout)["found"][0]
    assert (device["unit"], device["model"]) == (9, "")
    assert "neither a meter's nor the plant's registers" in device["why"]


def test_a_meter_without_mains_is_shown_with_what_it_measures():
    """Proves: BEN-1"""
    block = dict.fromkeys(range(346), 0) | floats({0: 12.0, 70: 0.0})
    with ptys.Pair() as pair, pymodbus_server(pair.right, 1, block):
        result = run(pair, units=(1,), bauds=(9600,), parities=("N",))
    assert [(f.model, f.why) for f in result.found] == [("", "registers like a meter's, but 12 V and 0 Hz")]


def test_the_table_says_how_to_read_what_was_found():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, devices(pair, Meter(House(), "sdm120ct")):
        done = bridgectl("scan", pair.left, "--units", "1", "--wait-ms", "100")
    assert done.exit_code == 0, done.output
    assert "SDM120CT-40mA" in done.stdout
    assert f"bridgectl read {pair.left} --model sdm120ct --unit 1 --baud 9600 --parity N" in done.stdout


def test_silence_everywhere_names_what_to_check():
    """Proves: SEN-5+"""
    with ptys.Pair() as pair:
        done = bridgectl("scan", pair.left, "--units", "1-2", "--bauds", "9600", "--wait-ms", "50")
    assert done.exit_code == 4
    assert "exchange A and B" in done.stdout
    assert "--units 1-247" in done.stdout


def test_an_adapter_that_hears_only_itself_is_told_from_a_dead_one():
    """Proves: SEN-5+"""
    with ptys.Pair(echo=True) as pair:
        result = run(pair, units=(1, 2), bauds=(9600,), parities=("N",))
    assert result.echo
    assert result.faults[0].startswith("The adapter works (it hears itself), the device does not answer.")


def test_a_line_at_the_wrong_level_is_named_as_swapped_wires():
    """Proves: SEN-5+"""
    with ptys.Pair() as pair, devices(pair, Stuck()):
        result = run(pair, units=(1, 2), bauds=(9600,), parities=("N",))
    assert len(result.faults) == 1
    assert "A and B are most likely swapped" in result.faults[0]


class Stuck:
    """What a wrong resting level makes of every request: a break, read as 0x00."""

    def answer(self, request):
        return b"\x00"


def test_two_devices_with_one_address_are_named():
    """Proves: SEN-5+"""
    house = House()
    pair_of = (Meter(house, "sdm230", unit=4), Meter(House(seed=5, hour=3), "sdm120ct", unit=4))
    pair_of[1].answer = lambda frame: sealed_voltage(4, 187.3) if frame[0] == 4 else None
    with ptys.Pair() as pair, devices(pair, *pair_of, together=garbled):
        result = run(pair, bauds=(9600,), parities=("N",), units=(1, 2, 3, 4, 5))
    assert result.found == []
    assert result.faults[0].startswith(
        "Unit 4 at 9600 N answers garbled every time, the others are silent: two devices"
    )


def sealed_voltage(unit, volts):
    frame = bytearray([unit, 4, 4, *struct.pack(">f", volts), 0, 0])
    crc.seal(frame, 7)
    return bytes(frame)


def test_another_master_on_the_line_is_named(own_time):  # noqa: F811
    """Proves: SEN-5+"""
    stop = threading.Event()
    with ptys.Pair() as pair, port.Line(pair.right) as other:

        def poll():
            while not stop.is_set():
                other.send(bytes.fromhex("01 04 00 0c 00 02 b1 c8"))
                own_time.sleep(0.05)

        thread = own_time.thread(poll)
        result = run(pair, units=(1, 2), bauds=(9600,), parities=("N",))
        stop.set()
        with own_time.away():
            thread.join(HANG_S)
    assert "another master polls this line" in result.faults[0]


def test_settings_that_an_adapter_refuses_are_named():
    """Proves: BEN-1"""
    with ptys.Pair() as pair:
        result = run(pair, units=(1,), bauds=(9600,), parities=("N", "E"))  # a pseudo-terminal has no parity
    assert result.probes == 1
    assert result.faults[-1] == "Not tried, because the adapter refuses these settings: 9600 E."


def test_a_scan_goes_on_to_other_speeds_only_when_asked():
    with ptys.Pair() as pair, devices(pair, Meter(House(), "sdm230")):
        short = run(pair, units=(1,), parities=("N",))
        whole = run(pair, units=(1,), parities=("N",), every=True)
    assert (short.probes, whole.probes) == (1, 4)


def test_likely_settings_are_tried_first():
    order = scan.settings_in_order((1200, 2400, 4800, 9600), ("N", "E"))
    assert order == [
        (9600, "N"), (2400, "N"), (9600, "E"), (4800, "N"), (4800, "E"), (2400, "E"), (1200, "N"), (1200, "E"),
    ]  # fmt: skip


def test_addresses_are_numbers_and_ranges():
    assert scan.numbers("1-3,9,247,2") == [1, 247, 2, 3, 9]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--units", "0-3"), "--unit 0: Modbus addresses are 1 to 247"),
        (("--units", "5-2"), "5-2 runs backwards"),
        (("--units", "x"), "numbers and ranges with commas"),
        (("--bauds", "19200"), "--bauds 19200: RS485 of the COM terminal runs at 9600 bps at most"),
        (("--bauds", "fast"), "numbers with commas"),
        (("--parities", "Q"), "--parities Q: must be one of N, E, O"),
    ],
)
def test_a_scan_that_cannot_be_meant_is_refused_with_the_rule(words, said):
    """Proves: BEN-1"""
    done = bridgectl("scan", "/dev/no-such-port", *words)
    assert done.exit_code == 2
    assert said in done.stderr
