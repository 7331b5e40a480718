"""Readings: values, ages and qualities, with the register bytes written out."""

import struct
import time
from array import array

from bridge import points
from bridge.readings import GOOD, NEVER, STALE, SUSPECT, Readings

POWER = points.number("sensor_power")
FACTOR = points.number("sensor_power_factor")
ENERGY = points.number("sensor_import_energy")
SOC = points.number("plant_soc")
GRID = points.number("plant_grid_power")
PV_ENERGY = points.number("plant_pv_energy")


def _readings():
    r = Readings()
    for point in ("sensor_power", "sensor_power_factor", "sensor_import_energy"):
        r.bind(point, "f", 1, 1000)
    r.bind("plant_soc", "H", 0.1, 1000)
    r.bind("plant_grid_power", "i", 1, 1000)
    r.bind("plant_pv_energy", "Q", 0.01, 1000)
    return r


def _float(value):
    return struct.pack(">f", value)


def test_values_taken_together_are_taken_as_each_alone():
    cells = array("H", (POWER, 2, FACTOR, 6, ENERGY, 10, SOC, 14, GRID, 16, PV_ENERGY, 20))
    one, all_ = _readings(), _readings()
    floats = (
        "00000000",
        "80000000",
        "43663334",
        "c3663334",
        "46ea6000",
        "46ea6001",
        "46ea6001",
        "7fc00000",
        "ff800000",
        "3f800000",
    )
    for step, text in enumerate(floats + ("42c80000", "3f7fffff", "bf800000")):
        frame = b"\x04\x1a" + bytes.fromhex(
            3 * text + "0%03x" % (300 * step) + text + "00000000" + "000%05x" % (step * 100)
        )
        now = 100 * step
        for i in range(0, len(cells), 2):
            one.put(cells[i], frame, cells[i + 1], now)
        all_.take(cells, frame, 0, now)
        for n in (POWER, FACTOR, ENERGY, SOC, GRID, PV_ENERGY):
            told = [(r.quality(n), r.last(n), r.age_ms(n, now), r.suspects) for r in (one, all_)]
            assert told[0] == told[1], (text, n, told)


def test_a_pc_that_has_been_up_for_25_days_has_fresh_readings():
    r = _readings()
    for days in (24, 1, 25, 60):
        for _ in range(days):
            time.pass_ms(24 * 3600 * 1000)
        now = time.ticks_ms()
        r.put(POWER, _float(230.5), 0, now)
        r.put(ENERGY, _float(12.5), 0, now)
        r.expire(time.ticks_add(now, 999))
        assert (r.quality(POWER), r.age_ms(POWER, now), r.quality(ENERGY)) == (GOOD, 0, GOOD), days
        r.expire(time.ticks_add(now, 1001))
        assert r.quality(POWER) == STALE


def test_a_value_comes_back_as_it_stood_on_the_wire():
    """Proves: SEN-1"""
    r = _readings()
    now = time.ticks_ms()
    assert r.put(POWER, bytes.fromhex("43663334"), 0, now) == GOOD  # 230.2, worked value of the document
    assert abs(r.value(POWER) - 230.2) < 0.001
    assert r.put(GRID, bytes.fromhex("FFFFEC78"), 0, now) == GOOD
    assert r.value(GRID) == -5000
    assert r.put(SOC, bytes.fromhex("0000022B"), 2, now) == GOOD
    assert abs(r.value(SOC) - 55.5) < 0.001
    assert r.put(PV_ENERGY, bytes.fromhex("0000000000012345"), 0, now) == GOOD
    assert abs(r.value(PV_ENERGY) - 745.65) < 0.001


def test_nothing_is_known_before_the_first_value():
    r = _readings()
    assert r.quality(POWER) == NEVER
    assert r.value(POWER) is None
    assert r.last(POWER) is None


def test_a_value_grows_stale_with_age_and_good_again():
    """Proves: SEN-4+"""
    r = _readings()
    now = time.ticks_ms()
    r.put(POWER, _float(100.0), 0, now)
    r.expire(now + 999)
    assert r.quality(POWER) == GOOD
    r.expire(now + 1001)
    assert r.quality(POWER) == STALE
    assert r.value(POWER) is None
    assert r.last(POWER) == 100.0
    r.put(POWER, _float(101.0), 0, now + 1100)
    assert r.value(POWER) == 101.0


def test_implausible_values_are_suspect_counted_and_not_given_out():
    """Proves: SEN-4+"""
    r = _readings()
    now = time.ticks_ms()
    r.put(POWER, _float(100.0), 0, now)
    bad = ("7FC00000", "7F800000", "FF800000", "7149F2CA")  # NaN, infinity, -infinity, 1e30
    for count, hexadecimal in enumerate(bad):
        assert r.put(POWER, bytes.fromhex(hexadecimal), 0, now) == SUSPECT
        assert r.value(POWER) is None
        assert r.suspects == count + 1
    assert r.last(POWER) == 100.0
    assert r.put(FACTOR, _float(1.5), 0, now) == SUSPECT
    assert r.put(FACTOR, _float(-1.0), 0, now) == GOOD
    assert r.put(SOC, bytes.fromhex("03E9"), 0, now) == SUSPECT  # 100.1 %
    assert r.put(GRID, bytes.fromhex("7FFFFFFF"), 0, now) == SUSPECT
    assert r.put(GRID, bytes.fromhex("80000000"), 0, now) == SUSPECT


def test_a_counter_may_not_run_backwards_but_a_new_meter_is_believed_in_the_end():
    """Proves: SEN-4+"""
    r = _readings()
    now = time.ticks_ms()
    assert r.put(ENERGY, _float(1000.5), 0, now) == GOOD
    assert r.put(ENERGY, _float(1000.5), 0, now) == GOOD
    assert r.put(ENERGY, _float(1000.4), 0, now) == SUSPECT
    assert r.put(ENERGY, _float(1000.6), 0, now) == GOOD
    assert r.put(ENERGY, _float(-1.0), 0, now) == SUSPECT
    results = [r.put(ENERGY, _float(2.0 + i), 0, now) for i in range(9)]
    assert results[:7] == [SUSPECT] * 7
    assert results[8] == GOOD
    assert r.value(ENERGY) == 10.0


def test_a_64_bit_counter_runs_backwards_over_its_first_word_too():
    r = _readings()
    assert r.put(PV_ENERGY, bytes.fromhex("0000000000020000"), 0, 0) == GOOD
    assert r.put(PV_ENERGY, bytes.fromhex("000000000001FFFF"), 0, 0) == SUSPECT
    assert r.put(PV_ENERGY, bytes.fromhex("0000000000020001"), 0, 0) == GOOD


def test_a_64_bit_value_that_does_not_fit_into_32_is_suspect():
    """Proves: SEN-4+"""
    r = _readings()
    for raw in ("0001000000000001", "0000000100000001", "000000ff00000001", "8000000000000001"):
        assert r.put(PV_ENERGY, bytes.fromhex(raw), 0, 0) == SUSPECT, raw
    assert r.put(PV_ENERGY, bytes.fromhex("0000000000000001"), 0, 0) == GOOD


def test_a_first_value_that_is_suspect_leaves_no_last_value():
    """Proves: SEN-4+"""
    r = _readings()
    now = time.ticks_ms()
    assert r.put(POWER, _float(4e9), 0, now) == SUSPECT
    assert r.last(POWER) is None  # not 0: a limit is computed from the plant's highest power
    r.put(POWER, _float(500), 0, now)
    r.put(POWER, _float(4e9), 0, now)
    assert r.last(POWER) == 500


def test_a_value_does_not_outlive_a_change_of_its_register():
    r = _readings()
    r.put(SOC, bytes.fromhex("022B"), 0, time.ticks_ms())
    r.bind("plant_soc", "H", 0.1, 5000)
    assert abs(r.last(SOC) - 55.5) < 0.001
    r.bind("plant_soc", "H", 1, 5000)
    assert r.last(SOC) is None and r.quality(SOC) == NEVER


def test_a_counter_grows_no_faster_than_the_highest_power():
    """Proves: SEN-4+"""
    r = _readings()
    assert r.put(ENERGY, _float(1234.5), 0, 0) == GOOD
    assert r.put(ENERGY, _float(987654.0), 0, 10000) == SUSPECT
    assert r.put(ENERGY, _float(1234.75), 0, 20000) == GOOD
    # 30 kW for an hour are 30 kWh.
    assert r.put(ENERGY, _float(1300.0), 0, 20000 + 3600000) == SUSPECT
    assert r.put(ENERGY, _float(1264.0), 0, 20000 + 3600000) == GOOD
    assert r.put(PV_ENERGY, bytes.fromhex("0000000000020000"), 0, 0) == GOOD
    assert r.put(PV_ENERGY, bytes.fromhex("0000000001020000"), 0, 10000) == SUSPECT  # 167,772 kWh more


def test_a_new_meter_is_believed_only_when_its_values_agree():
    """Proves: SEN-4+"""
    r = _readings()
    r.put(ENERGY, _float(1234.5), 0, 0)
    for i in range(20):  # two values in turn are no counter
        assert r.put(ENERGY, _float((987654.0, 5.0)[i & 1]), 0, 10000 * i) == SUSPECT
    results = [r.put(ENERGY, _float(0.25 + i / 4), 0, 200000 + 10000 * i) for i in range(8)]
    assert results == [SUSPECT] * 7 + [GOOD]
    assert r.value(ENERGY) == 2.0 and r.renewed == ENERGY


def test_a_counter_whose_first_value_was_none_begins_where_it_stands():
    r = _readings()
    assert r.put(ENERGY, bytes.fromhex("7FC00000"), 0, 0) == SUSPECT
    assert r.put(ENERGY, _float(987654.0), 0, 10000) == GOOD


def test_an_unknown_running_state_is_its_number():
    r = Readings()
    r.bind("plant_running_state", "H", 1, 1000)
    n = points.number("plant_running_state")
    assert r.put(n, b"\x00\x2a", 0, 0) == GOOD
    assert r.value(n) == 42
    assert r.word(n, points.row("plant_running_state")) is None


def test_a_code_has_the_word_that_the_document_gives_it():
    r = Readings()
    said = []
    for name, code in (
        ("plant_running_state", 1),
        ("plant_running_state", 7),
        ("plant_running_state", 0),
        ("plant_ems_mode", 0),
        ("plant_ems_mode", 7),
        ("plant_grid_sensor", 0),
        ("plant_off_grid", 2),
    ):
        r.bind(name, "H", 1, 1000)
        r.put(points.number(name), bytes((0, code)), 0, 0)
        said.append(r.word(points.number(name), points.row(name)))
    assert said == [
        "running",
        "fault of its surroundings",
        "standby",
        "maximum self-consumption",
        "remote EMS",
        "not connected",
        "off-grid, by hand",
    ]


def test_a_number_that_is_no_code_has_no_word():
    r = Readings()
    r.bind("plant_alarm_1", "H", 1, 1000)
    r.put(points.number("plant_alarm_1"), b"\x00\x01", 0, 0)
    assert r.word(points.number("plant_alarm_1"), points.row("plant_alarm_1")) is None
