# heap: 256k
"""The simulated site under MicroPython: the same devices that the PC uses, on the virtual clock."""

import struct
import time

from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.plant import Plant
from modbus.wire import rtu


def _ask(slave, function, address, count):
    out = bytearray(8)
    rtu.request(out, slave.unit, function, address, count)
    return slave.answer(bytes(out))


def test_the_sensor_shows_what_the_plant_feeds():
    h = House(soc_pct=100)
    h.pv_set_w, h.load_set_w = 4000, 1000
    h.step(1)
    reply = _ask(Meter(h), 4, 0, 38)
    assert len(reply) == 81
    assert rtu.check(reply, 0, 81, 1, 4, 38) == rtu.OK
    assert abs(struct.unpack_from(">f", reply, 3 + 24)[0] + 3000) < 0.01


def test_the_limit_curtails_the_plant():
    h = House(soc_pct=100)
    h.pv_set_w, h.load_set_w = 5500, 500
    plant = Plant(h)
    out = bytearray(16)
    count = rtu.write_many(out, 247, 40042, (0, 3600))
    assert plant.answer(bytes(out[:count])) == bytes.fromhex("f7109c6a00025b12")
    h.step(1)
    assert abs(h.output_w - 3600) < 0.01


def test_the_plant_counts_requests_on_the_virtual_clock():
    plant = Plant(House())
    for pause_ms in (0, 1000, 1001, 400):
        time.pass_ms(pause_ms)
        _ask(plant, 4, 30003, 49)
    assert plant.too_fast == 1
    assert plant.shortest_period_ms == 400


def test_a_rebooting_plant_comes_back_on_the_virtual_clock():
    plant = Plant(House())
    plant.reboot(20000)
    time.pass_ms(19000)
    assert _ask(plant, 4, 30051, 1) is None
    time.pass_ms(1500)
    assert _ask(plant, 4, 30051, 1)[3:5] == b"\x00\x01"


def test_a_day_of_the_house_is_the_same_as_on_the_pc():
    h = House(seed=1, hour=0)
    h.step(86400)
    # Figures of CPython: the generator is integer arithmetic, so every interpreter draws the same numbers.
    assert h._random == 1994142762
    assert abs(h.pv_wh - 9120550 - 47280.41) < 0.01
    assert abs(h.load_wh - 6744790 - 25503.07) < 0.01
