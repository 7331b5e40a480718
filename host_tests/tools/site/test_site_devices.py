"""Sensor and plant: they show what the house does, and refuse what the real ones refuse."""

import struct

import pytest
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.plant import Plant
from hypothesis import given
from hypothesis import strategies as st

from bridge.devices import registers, sdm120ct, sdm230, sigenergy  # isort: skip
from modbus.wire import crc, rtu  # isort: skip


class Clock:
    def __init__(self):
        self.ms = 1000

    def __call__(self):
        return self.ms


def ask(slave, function, address, value, unit=None):
    """Return the whole reply to a request of functions 1-6."""
    out = bytearray(8)
    rtu.request(out, slave.unit if unit is None else unit, function, address, value)
    return slave.answer(bytes(out))


def write(slave, address, *words, unit=None):
    out = bytearray(300)
    count = rtu.write_many(out, slave.unit if unit is None else unit, address, words)
    return slave.answer(bytes(out[:count]))


def exception(reply):
    """Return the exception code of a reply, 0 if it is a good one."""
    return reply[2] if reply[1] & 0x80 else 0


def floats(reply):
    return struct.unpack(f">{reply[2] // 4}f", reply[3:-2])


def number(reply):
    return int.from_bytes(reply[3:-2], "big")


# -- sensor ----------------------------------------------------------------------


@pytest.mark.parametrize(("model", "table"), [("sdm230", sdm230), ("sdm120ct", sdm120ct)])
def test_the_sensor_measures_what_the_plant_causes(model, table):
    h = House(soc_pct=100)
    h.pv_set_w, h.load_set_w = 4000, 1000
    h.step(1)
    meter = Meter(h, model)
    volts, current, power, apparent, reactive, factor = (floats(ask(meter, 4, a, 2))[0] for a in (0, 6, 12, 18, 24, 30))
    assert power == pytest.approx(-3000)
    assert apparent == pytest.approx((power**2 + reactive**2) ** 0.5, rel=1e-5)
    assert volts * current == pytest.approx(apparent, rel=1e-5)
    assert factor == pytest.approx(power / apparent, rel=1e-5)
    before = floats(ask(meter, 4, 74, 2))[0]
    h.step(3600)
    assert floats(ask(meter, 4, 74, 2))[0] - before == pytest.approx(3.0, abs=0.05)
    assert all(len(ask(meter, 4, row[0], 2)) == 9 for row in registers.rows(table))


@pytest.mark.parametrize(
    ("function", "address", "count", "code"),
    [
        (4, 0, 38, 0),
        (4, 0, 80, 0),
        (4, 1, 2, 2),
        (4, 0, 3, 3),
        (4, 0, 82, 3),
        (4, 0, 0, 3),
        (4, 386, 2, 0),
        (4, 386, 4, 2),
        (4, 5000, 2, 2),
        (3, 28, 2, 0),
        (3, 28, 1, 2),
        (3, 64512, 2, 0),
        (3, 99, 2, 2),
        (1, 0, 8, 1),
        (6, 28, 1, 1),
    ],
)
def test_the_sensor_refuses_what_the_real_one_refuses(function, address, count, code):
    assert exception(ask(Meter(House()), function, address, count)) == code


def test_what_is_not_assigned_reads_zero():
    values = floats(ask(Meter(House()), 4, 0, 8))
    assert values[0] > 200
    assert values[1:3] == (0, 0)


def test_the_sensor_says_nothing_to_others_broadcasts_and_bad_frames():
    meter = Meter(House())
    assert ask(meter, 4, 0, 2, unit=2) is None
    assert ask(meter, 4, 0, 2, unit=0) is None
    assert meter.answer(b"") is None
    assert meter.answer(b"\x01\x04\x00\x00\x00\x02\x71\xcc") is None


def test_a_changed_address_counts_after_a_restart():
    meter = Meter(House())
    assert exception(write(meter, 20, *struct.unpack(">HH", struct.pack(">f", 7.0)))) == 0
    assert floats(ask(meter, 3, 20, 2)) == (7.0,)
    assert meter.unit == 1
    meter.restart()
    assert ask(meter, 4, 0, 2, unit=7) is not None


def test_only_the_sdm120_shows_its_documented_meter_code():
    assert number(ask(Meter(House(), "sdm120ct"), 3, 64514, 1)) == 0x20
    assert exception(ask(Meter(House(), "sdm230"), 3, 64514, 1)) == 2


def test_registers_that_a_version_does_not_know_are_refused():
    meter = Meter(House(), "sdm120ct", refused=((84, 95),))
    assert exception(ask(meter, 4, 84, 12)) == 2
    assert exception(ask(meter, 4, 70, 14)) == 0


# -- plant -----------------------------------------------------------------------


def plant_in_the_sun(generation=29):
    h = House(soc_pct=100)
    h.pv_set_w, h.load_set_w = 5500, 500
    h.step(1)
    return h, Plant(h, generation, now_ms=Clock())


@pytest.mark.parametrize(
    ("function", "address", "count", "code"),
    [
        (4, 30003, 49, 0),
        (3, 30003, 49, 0),
        (4, 30085, 13, 0),
        (4, 30280, 6, 0),
        (4, 30002, 2, 2),
        (4, 30003, 50, 2),
        (4, 30052, 1, 2),
        (4, 30003, 125, 3),
        (3, 40042, 2, 0),
        (3, 40000, 1, 2),
        (6, 40042, 100, 2),
        (6, 40043, 100, 2),
        (6, 40029, 1, 0),
        (6, 40029, 2, 3),
        (6, 30003, 1, 2),
        (5, 40000, 1, 1),
    ],
)
def test_the_plant_refuses_what_its_map_does_not_allow(function, address, count, code):
    assert exception(ask(plant_in_the_sun()[1], function, address, count)) == code


def test_the_limit_is_written_as_a_whole_read_back_and_obeyed():
    h, plant = plant_in_the_sun()
    assert plant.limit_w is None
    assert exception(write(plant, 40042, 0, 3600)) == 0
    assert number(ask(plant, 3, 40042, 2)) == 3600
    assert plant.limit_w == 3600
    h.step(1)
    assert h.output_w == pytest.approx(3600)
    assert h.grid_w == pytest.approx(-3100)
    write(plant, 40042, 0xFFFF, 0xFFFF)
    h.step(1)
    assert plant.limit_w is None
    assert h.output_w == pytest.approx(5500)


def test_half_a_limit_changes_nothing():
    _, plant = plant_in_the_sun()
    assert exception(write(plant, 40042, 5)) == 2
    assert exception(write(plant, 40043, 5, 6)) == 2
    assert exception(write(plant, 40042, 0, 5, 0)) == 2
    assert plant.limit_w is None and plant.written == []


def test_a_broadcast_is_obeyed_and_not_answered():
    _, plant = plant_in_the_sun()
    assert write(plant, 40042, 0, 1000, unit=0) is None
    assert plant.limit_w == 1000


@pytest.mark.parametrize(
    ("generation", "limit", "energy", "alarm_6"), [(24, 2, 2, 2), (25, 0, 2, 2), (26, 0, 0, 2), (28, 0, 0, 0)]
)
def test_an_older_map_refuses_newer_registers(generation, limit, energy, alarm_6):
    _, plant = plant_in_the_sun(generation)
    assert exception(write(plant, 40042, 0, 3600)) == limit
    assert exception(ask(plant, 4, 30088, 4)) == energy
    assert exception(ask(plant, 4, 30280, 2)) == alarm_6
    assert exception(ask(plant, 4, 30003, 49)) == 0


def test_all_registers_that_the_bridge_reads_are_there():
    """Proves: PLA-1+"""
    _, plant = plant_in_the_sun()
    sizes = {"H": 1, "I": 2, "i": 2, "Q": 4}
    for address, kind, *_ in registers.rows(sigenergy):
        assert exception(ask(plant, 4, address, sizes[kind])) == 0, address


def test_the_block_is_of_one_moment():
    h, plant = plant_in_the_sun()
    reply = ask(plant, 4, 30003, 49)
    grid_w, output_w = struct.unpack_from(">i", reply, 3 + 2 * 2)[0], struct.unpack_from(">i", reply, 3 + 2 * 28)[0]
    assert (grid_w, output_w) == (-5000, 5500)


def test_requests_that_come_too_fast_are_counted():
    """Proves: PLA-1+"""
    _, plant = plant_in_the_sun()
    clock = plant._now_ms
    for pause_ms, too_fast in ((1000, 0), (1500, 0), (990, 1), (1000, 1), (200, 2)):
        if pause_ms == 1000 and plant.requests == 0:
            ask(plant, 4, 30003, 1)
        clock.ms += pause_ms
        ask(plant, 4, 30003, 1)
        assert plant.too_fast == too_fast
    assert plant.shortest_period_ms == 200


def test_after_a_reboot_the_plant_has_forgotten_the_limit():
    h, plant = plant_in_the_sun()
    write(plant, 40042, 0, 1000)
    plant.reboot(5000)
    assert ask(plant, 3, 40042, 2) is None
    plant._now_ms.ms += 5001
    assert number(ask(plant, 3, 40042, 2)) == 0xFFFFFFFF
    h.step(1)
    assert h.output_w == pytest.approx(5500)


def test_alarms_off_grid_and_silence_can_be_switched():
    h, plant = plant_in_the_sun()
    plant.alarms["alarm_1"] = 0x0200
    assert number(ask(plant, 4, 30027, 1)) == 0x0200
    plant.go_off_grid(1)
    h.step(1)
    assert number(ask(plant, 4, 30009, 1)) == 1
    assert h.grid_w == 0 and h.output_w == pytest.approx(500)
    plant.silent = True
    assert ask(plant, 4, 30009, 1) is None


@given(st.binary(max_size=260))
def test_no_bytes_upset_the_devices(frame):
    """Proves: REL-1+"""
    h = House()
    for slave in (Meter(h), Plant(h, now_ms=Clock())):
        framed = bytearray(256 + 2)
        size = min(len(frame), 254)
        framed[:size] = frame[:size]
        if size:
            framed[0] = slave.unit
        count = crc.seal(framed, size)
        slave.answer(frame)
        reply = slave.answer(bytes(framed[:count]))
        assert reply is None or 5 <= len(reply) <= 256
