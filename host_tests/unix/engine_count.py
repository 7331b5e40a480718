"""So many exchanges of the firmware's master in virtual time, for a counter of instructions; stops by itself.

micropython engine_count.py EXCHANGES
Sleeping moves the clock and goes once through the event loop. The slave answers a read of 38 registers
20 ms after t3.5, character by character; seven values go into the readings.
"""

import asyncio
import sys

import clock
from bridge.readings import Readings
from modbus import master, rtu

_COUNT = 38
_VALUES = (0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E, 0x24)
_POINTS = ("sensor_voltage", "sensor_current", "sensor_power", "sensor_frequency")
_CHARACTER_US = 1042  # 9600 8N1
_THINK_US = 20000 + 3647


class Time:
    """The clock: milliseconds for the master, microseconds for the line."""

    now_us = 0

    def ticks_ms(self):
        return self.now_us // 1000

    def ticks_us(self):
        return self.now_us

    def sleep_us(self, us):
        self.now_us += us


class Paced:
    """A line whose answers come character by character."""

    def __init__(self, time):
        self._time = time
        self._answer = bytearray(5 + 2 * _COUNT)
        self._answer[:3] = bytes((1, rtu.READ_INPUT, 2 * _COUNT))
        for i in range(0, 2 * _COUNT, 4):
            self._answer[3 + i : 7 + i] = b"\x43\x66\x33\x34"  # 230.2
        rtu.seal(self._answer, 3 + 2 * _COUNT)
        self._taken = len(self._answer)
        self._first_us = 0

    def send(self, buffer, count):
        self._time.now_us += count * _CHARACTER_US
        self._first_us = self._time.now_us + _THINK_US
        self._taken = 0

    def any(self):
        here = (self._time.now_us - self._first_us) // _CHARACTER_US
        return max(0, min(here, len(self._answer)) - self._taken)

    def readinto(self, buffer, count):
        count = min(count, self.any())
        answer, taken = self._answer, self._taken
        for i in range(count):
            buffer[i] = answer[taken + i]
        self._taken = taken + count
        return count

    def on_idle(self, callback):
        pass


def main(exchanges):
    time = Time()
    clock.ticks_ms, clock.ticks_us, clock.sleep_us = time.ticks_ms, time.ticks_us, time.sleep_us
    sleep_ms = asyncio.sleep_ms

    def pass_ms(ms):
        time.now_us += 1000 * ms
        return sleep_ms(0)

    asyncio.sleep_ms = pass_ms
    readings = Readings()
    for n, point in enumerate(_POINTS):
        readings.bind(point, "f", 1, 1000)
    bus = master.Master(Paced(time), 9600, "N")
    good = 0

    def done(job, status, buffer, at):
        nonlocal good
        if status == rtu.OK:
            good += 1
            for n, address in enumerate(_VALUES):
                readings.put(n % len(_POINTS), buffer, at + 2 * address, time.ticks_ms())
        bus.stopped = good == exchanges

    bus.add(master.Job(master.Slave(1, 300), rtu.READ_INPUT, 0, _COUNT, done, 1))
    asyncio.run(bus.run(lambda: None))
    print(good, "exchanges", time.now_us // good, "us each")


main(int(sys.argv[1]))
