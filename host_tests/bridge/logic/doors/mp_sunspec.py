# heap: 400k
"""The bridge's own registers and its SunSpec models, byte by byte as a master reads them."""

import gc
import struct

from bridge import points
from bridge.logic.doors import register_map
from bridge.readings import GOOD, NEVER, STALE, SUSPECT
from bridge.state import State

NOW = 100000


class Site:
    """A bridge's state with a sensor that measured, and the map over it."""

    def __init__(self, command=None):
        self.state = s = State("1.2.3", "power", "SN1234567890")
        s.inputs, s.inputs_settled, s.outputs = 0b01010, True, 0b10
        s.sensor_link, s.plant_link = "ok", "silent"
        s.limit_pct, s.limit_reason, s.plant_limit_state, s.limit_wanted = 60, "DI2", "held", True
        s.uptime_s, s.heap_free, s.heap_min = 70000, 123456, 99999
        s.wlan_signal, s.uplink_connected, s.wlan_state = -61, True, "joined"
        self.now = NOW
        self.map = register_map.RegisterMap(s, 7, lambda: self.now, command)
        self.out = bytearray(256)
        self.bound = set()

    def measure(self, point, value, now=NOW):
        if point not in self.bound:
            self.state.readings.bind(point, "f", 1, 1000)
            self.bound.add(point)
        self.state.readings.put(points.number(point), struct.pack(">f", value), 0, now)

    def words(self, address, count, function=3):
        code = self.map.read(function, address, count, self.out, 2)
        if code:
            return code
        return struct.unpack(">%dH" % count, bytes(self.out[2 : 2 + 2 * count]))

    def text(self, address, words):
        self.words(address, words)
        return bytes(self.out[2 : 2 + 2 * words]).split(b"\0")[0]

    def unpacked(self, address, form):
        size = struct.calcsize(form)
        self.words(address, size // 2)
        return struct.unpack(form, bytes(self.out[2 : 2 + size]))


def test_the_state_is_where_the_page_says():
    """Proves: COM-8+"""
    site = Site()
    assert site.words(0, 10) == (2, 49, 0b01010, 0b10, 1, 2, 60, 3, 1, 0xFFFF)
    assert site.unpacked(10, ">IIIHhHH") == (70000, 123456, 99999, 1, -61, 0b011, 0)
    assert site.text(32, 16) == b"SN1234567890" and site.text(48, 8) == b"1.2.3" and site.text(56, 24) == b"DI2"
    assert site.words(20, 12) == (0,) * 12 and site.words(80, 20) == (0,) * 20
    assert site.words(0, 100) and site.words(99, 1) and site.words(11, 1) == (70000 & 0xFFFF,)
    site.state.inputs_settled, site.state.edge_to_write_ms = False, 312
    assert site.words(2, 1) == (0xFFFF,) and site.words(9, 1) == (312,)


def test_a_read_that_leaves_its_block_is_refused():
    site = Site()
    last = 1000 + 4 * 49
    for address, count in (
        (99, 2),
        (100, 1),
        (999, 1),
        (999, 2),
        (last, 1),
        (last - 1, 2),
        (39999, 2),
        (40179, 1),
        (40178, 2),
        (65535, 1),
    ):
        assert site.words(address, count) == 2, address
    for address, count in ((last - 1, 1), (40178, 1), (40000, 125), (40054, 125), (1000, 124)):
        assert isinstance(site.words(address, count), tuple), address
        assert site.words(address, count, 4) == site.words(address, count, 3)


def test_a_reading_comes_with_its_quality_and_age():
    """Proves: SEN-4+, COM-8+"""
    site = Site()
    address = 1008  # sensor_power
    assert site.words(address, 4) == (0x7FC0, 0, NEVER, 0xFFFF)
    site.measure("sensor_power", -1022.5)
    site.now += 450
    assert site.unpacked(address, ">fHH") == (-1022.5, GOOD, 4)
    assert site.words(address + 1, 2) == (struct.unpack(">HH", struct.pack(">f", -1022.5))[1], GOOD)
    site.measure("sensor_power", 1e9, site.now)
    assert site.words(address, 4) == (0x7FC0, 0, SUSPECT, 0)
    site.measure("sensor_power", 5.0, site.now)
    site.now += 2000
    site.state.readings.expire(site.now)
    assert site.words(address, 4) == (0x7FC0, 0, STALE, 0xFFFF)


def test_scaled_integers_are_shown_in_their_unit():
    site = Site()
    site.state.readings.bind("plant_soc", "H", 0.1, 1000)
    site.state.readings.put(points.number("plant_soc"), b"\x02\x37", 0, NOW)
    value, quality, _ = site.unpacked(1120, ">fHH")
    assert abs(value - 56.7) < 1e-5 and quality == GOOD


def test_contacts_are_bits_too():
    site = Site()
    for function, address, count, bits in (
        (2, 0, 5, 0b01010),
        (2, 1, 1, 0b0101),
        (2, 3, 2, 1),
        (1, 0, 2, 2),
        (1, 1, 1, 1),
    ):
        assert site.map.read(function, address, count, site.out, 0) == 0 and site.out[0] == bits
    assert (
        site.map.read(2, 0, 6, site.out, 0)
        == site.map.read(1, 0, 3, site.out, 0)
        == site.map.read(1, 2, 1, site.out, 0)
        == 2
    )


def test_nothing_can_be_written_unless_outputs_may_be_commanded():
    """Proves: COM-8+"""
    site = Site()
    assert (
        site.map.write(0, b"\0\1", 0, 1)
        == site.map.write_bits(0, b"\1", 0, 1)
        == site.map.write(40068, b"\0\1", 0, 1)
        == 2
    )
    asked = []

    def command(bits, mask):
        asked.append((bits, mask))
        return True

    site = Site(command)
    assert site.map.write_bits(0, b"\1", 0, 1) == 0 and site.map.write_bits(1, b"\0", 0, 1) == 0
    assert site.map.write_bits(0, b"\1", 0, 2) == 0
    assert asked == [(0b01, 0b01), (0b10, 0b00), (0b11, 0b01)]  # what is not named stands
    assert site.map.write_bits(1, b"\1", 0, 2) == 2 and site.map.write(3, b"\0\1", 0, 1) == 2 and len(asked) == 3
    assert Site(lambda bits, mask: False).map.write_bits(0, b"\1", 0, 1) == 4  # a rule owns the output


def test_the_sunspec_chain_leads_from_mark_to_end():
    """Proves: NET-6+"""
    site = Site()
    assert site.unpacked(40000, ">4s")[0] == b"SunS"
    found, at = [], 40002
    while True:
        model, size = site.words(at, 2)
        found.append((model, size))
        if model == 0xFFFF:
            break
        at += 2 + size
    assert found == [(1, 66), (201, 105), (0xFFFF, 0)]
    assert (site.text(40004, 16), site.text(40020, 16)) == (b"sigen-bridge", b"COM-terminal bridge")
    assert (site.text(40036, 8), site.text(40044, 8), site.text(40052, 16)) == (b"", b"1.2.3", b"SN1234567890")
    assert site.words(40068, 2) == (7, 0x8000)


def test_the_meter_model_shows_the_sensor_with_its_scale_factors():
    """Proves: NET-6+"""
    site = Site()
    for point, value in (
        ("sensor_voltage", 231.25), ("sensor_current", 4.5), ("sensor_power", -1022.5), ("sensor_apparent_power", 1040.0),
        ("sensor_reactive_power", 180.4), ("sensor_power_factor", -0.987), ("sensor_frequency", 49.98),
        ("sensor_import_energy", 1834.5), ("sensor_export_energy", 42000.25), ("sensor_import_reactive", 12.0),
        ("sensor_export_reactive", 0.5),
    ):  # fmt: skip
        site.measure(point, value)
    meter = 40070

    def at(offset, form=">h"):
        return site.unpacked(meter + offset, form)[0]

    no = -32768
    assert [at(n) for n in range(2, 38)] == [
        450, 450, no, no, -2,
        2313, 2313, no, no, no, no, no, no, -1,
        4998, -2,
        -1023, -1023, no, no, 0,
        1040, 1040, no, no, 0,
        180, 180, no, no, 0,
        -987, -987, no, no, -1,
    ]  # fmt: skip
    sums = {38: 42000250, 40: 42000250, 46: 1834500, 48: 1834500, 72: 12000, 74: 12000, 88: 500, 90: 500}
    for offset in list(range(38, 54, 2)) + list(range(55, 71, 2)) + list(range(72, 104, 2)):
        assert at(offset, ">I") == sums.get(offset, 0), offset
    assert (at(54), at(71), at(104), at(105, ">I")) == (0, no, 0, 0)


def test_a_sensor_that_is_gone_shows_as_missing_and_its_counters_stand():
    """Proves: SEN-4+"""
    site = Site()
    meter = 40070
    assert site.words(meter + 18, 1) == (0x8000,) and site.unpacked(meter + 38, ">I") == (0,)
    site.measure("sensor_power", 500.0)
    site.measure("sensor_export_energy", 12.5)
    site.state.readings.expire(NOW + 5000)
    site.state.sensor_link = "silent"
    assert site.words(meter + 18, 1) == (0x8000,)
    assert site.unpacked(meter + 38, ">I") == (12500,)
    assert site.unpacked(meter + 105, ">I") == (1 << 7,)


def test_what_does_not_fit_is_not_available_and_never_another_value():
    site = Site()
    site.measure("sensor_current", 120.0)
    site.measure("sensor_export_energy", 9999999.0)
    assert site.unpacked(40072, ">h") == (12000,)
    assert site.unpacked(40070 + 38, ">I") == (9999999000 & 0xFFFFFFFF,)  # accumulators go round
    site.state.readings.bind("sensor_power", "i", 1, 1000)
    site.state.readings.put(points.number("sensor_power"), struct.pack(">i", 29999), 0, NOW)
    assert site.unpacked(40088, ">h") == (29999,)


def test_the_map_is_small_and_reading_it_leaves_no_growth():
    site = Site()
    for address, count in ((0, 100), (1000, 125), (40000, 125)):
        site.words(address, count)
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(50):
        for address, count in ((0, 100), (1000, 125), (40000, 125)):
            site.words(address, count)
    gc.collect()
    assert abs(gc.mem_alloc() - before) < 512
