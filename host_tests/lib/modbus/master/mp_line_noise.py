# heap: 1m
# clock: real
"""A line on which one bit in a thousand is wrong, and characters get lost or doubled: what becomes a good value is true.

The far end knows what it said, and whether noise happened to make another frame with a right check of it: of 65,536
damaged frames one does. Everything else must be noticed.
"""

import asyncio
import struct

import clock
from bridge import readings
from modbus.master import master
from modbus.master.job import Job
from modbus.wire import crc, rtu
from slaves import Chance, Meter, slave
from virtual_bus import Line, Time

POINTS = ("sensor_voltage", "sensor_current", "sensor_power", "sensor_frequency", "sensor_import_energy")
COUNT = 2 * len(POINTS)
BITS = 10  # of a character on the line


class Noise(Line):
    """Spoils requests and answers; tells a new set of values each time."""

    def __init__(self, time, seed, every_bits, values):
        super().__init__(time, {1: Meter(5000)})
        self._noise = Chance(seed)
        self._every_bits = every_bits
        self._left = every_bits
        self._values = values
        self.told = 0
        self.forged = 0  # damaged answers that have a right check
        self.damaged = 0

    def send(self, buffer, count):
        good = bytes(buffer[:count])
        heard = self._spoil(bytearray(good), count)
        self._length = self._taken = 0
        if bytes(heard) != good:
            # A slave hears nothing of it: what has a right check by chance asks for something else.
            self._time.now_us += count * 1042
            self._first_us = self._time.now_us
            return
        super().send(buffer, count)  # when the answer comes
        self.told += 1
        answer = bytearray(rtu.LONGEST)
        answer[0:3] = bytes((1, 4, 2 * COUNT))
        for i, value in enumerate(self._values(self.told)):
            struct.pack_into(">f", answer, 3 + 4 * i, value)
        end = crc.seal(answer, 3 + 2 * COUNT)
        true = bytes(answer[:end])
        spoilt = self._spoil(bytearray(true), end)
        if bytes(spoilt) != true:
            self.damaged += 1
            n = len(spoilt)
            if n == end and rtu.check(spoilt, 0, n, 1, 4, COUNT) == rtu.OK:
                self.forged += 1
                spoilt = true
        self._answer[: len(spoilt)] = spoilt
        self._length = len(spoilt)

    def readinto(self, buffer, count):
        self.read = self.told  # a reply may be handed on after the next request has left
        return super().readinto(buffer, count)

    def _spoil(self, data, count):
        at = self._left
        while at < count * BITS:
            bit = at % BITS
            place = at // BITS
            if bit < 8:
                data[place] ^= 1 << bit
            elif place < len(data):
                # A start or a stop bit: the character is lost, or two come of it.
                data = data[:place] + data[place + 1 :] if bit == 8 else data[:place] + b"\x00" + data[place:]
                count = min(count, len(data))
            at += 1 + self._noise.below(2 * self._every_bits)
        self._left = at - count * BITS
        return data


def _values(n):
    return (225.0 + n % 16, n % 40 - 20.0, n % 9001 - 4500.0, 49.9 + n % 3 * 0.1, 1000.0 + n / 64)


def _noisy(every_bits, exchanges, seed=1):
    """Return (good readings, wrong ones, line, master)."""
    time = Time()
    line = Noise(time, seed, every_bits, _values)
    store = readings.Readings()
    for point in POINTS:
        store.bind(point, "f", 1, 3000)
    numbers = [readings.points.number(point) for point in POINTS]
    bus = master.Master(line, 9600, "N")
    seen = [0, 0, 0]

    def done(job, status, frame, at, count):
        seen[2] += 1
        bus.stopped = seen[2] == exchanges
        if status != rtu.OK:
            return
        for i, n in enumerate(numbers):
            if store.put(n, frame, at + 2 + 4 * i, clock.ticks_ms()) == readings.GOOD:
                seen[0] += 1
                wanted = struct.unpack(">f", struct.pack(">f", _values(line.read)[i]))[0]
                seen[1] += store.value(n) != wanted

    bus.add(Job(slave(1), done, 250).read(4, 0, COUNT))
    asyncio.run(bus.run(lambda: None))
    return seen[0], seen[1], line, bus


def test_one_wrong_bit_in_a_thousand_never_becomes_a_wrong_value():
    """Proves: SEN-4+, REL-1+"""
    good, wrong, line, bus = _noisy(1000, 2500)
    assert wrong == 0, (wrong, line.forged)
    assert line.damaged > 400 and good > 4000, (line.damaged, good)
    counts = dict(zip(bus.count_names, bus.counts))
    assert counts["bad_crc"] + counts["short"] > 200, counts


def test_a_line_that_is_nearly_all_noise_brings_few_values_and_no_wrong_one():
    """Proves: SEN-4+, REL-1+"""
    good, wrong, line, bus = _noisy(100, 300, 7)
    assert wrong == 0, wrong


def test_a_clean_line_brings_every_value():
    good, wrong, line, bus = _noisy(100000000, 2000)
    assert (good, wrong, line.damaged) == (10000, 0, 0)
