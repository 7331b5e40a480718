"""The firmware's master in virtual time at the microsecond: hours of a bus in seconds, and the same each time.

The event loop is the real one, but a sleep takes no time: it moves the clock. One task at a time, so nothing overtakes.
"""

import asyncio

import clock
from modbus.wire import crc, rtu
from slaves import Chance

_CHARACTER_US = 1042  # 9600 8N1
_SILENCE_US = 3647
_WRAP = 1 << 30


def ticks_diff(a, b):
    """As on the chips, where ticks wrap at 2^30."""
    return (a - b + _WRAP // 2) % _WRAP - _WRAP // 2


def ticks_add(a, delta):
    """As on the chips."""
    return (a + delta) % _WRAP


class Time:
    """The clock, from the moment it is made; what `clock` tells comes from here.

    tick_ms: a sleep ends with a tick: 1 as on RP2040 and PC, 10 as on ESP32 (FreeRTOS at 100 Hz).
    """

    def __init__(self, tick_ms=1):
        self.now_us = 0
        self.tick_ms = tick_ms
        clock.ticks_ms, clock.ticks_us, clock.sleep_us = self.ticks_ms, self.ticks_us, self.sleep_us
        clock.ticks_diff, clock.ticks_add = ticks_diff, ticks_add  # the PC's own wrap much later
        self._sleep_ms = asyncio.sleep_ms
        asyncio.sleep_ms = self.pass_ms

    def ticks_ms(self):
        return self.now_us // 1000 % _WRAP

    def ticks_us(self):
        return self.now_us % _WRAP

    def sleep_us(self, us):
        self.now_us += us

    def pass_ms(self, ms):
        if ms > 0:
            due_us = (self.now_us // 1000 + ms) * 1000  # the event loop counts whole milliseconds
            tick_us = 1000 * self.tick_ms
            self.now_us = max(self.now_us, -(-due_us // tick_us) * tick_us)
        return self._sleep_ms(0)


class Line:
    """A line whose answers come character by character; 9600 8N1.

    meters: {unit: Meter of slaves.py}; other units are silent. `spent_us`: {unit: time from its requests to the next
    request of anybody}.
    """

    def __init__(self, time, meters):
        self.tick_ms = time.tick_ms
        self._time = time
        self._meters = meters
        self._chance = Chance()
        self._answer = bytearray(rtu.LONGEST)
        self._length = self._taken = 0
        self._first_us = 0
        self._unit = 0
        self._began_us = 0
        self.spent_us = {0: 0}

    def send(self, buffer, count):
        time, answer = self._time, self._answer
        self.spent_us[self._unit] = self.spent_us.get(self._unit, 0) + time.now_us - self._began_us
        self._began_us = time.now_us
        self._unit = buffer[0]
        time.now_us += count * _CHARACTER_US
        self._taken = self._length = 0
        meter = self._meters.get(self._unit)
        think_us = meter.hear(self._began_us, time.now_us, self._chance) if meter else None
        if think_us is None:
            return
        self._first_us = time.now_us + _SILENCE_US + think_us
        size = 2 * (buffer[4] << 8 | buffer[5])
        if not (answer[0] == buffer[0] and answer[1] == buffer[1] and answer[2] == size):
            answer[0], answer[1], answer[2] = buffer[0], buffer[1], size
            for i in range(3, 3 + size, 4):
                answer[i], answer[i + 1], answer[i + 2], answer[i + 3] = 0x43, 0x66, 0x33, 0x34  # 230.2
            crc.seal(answer, 3 + size)
        self._length = size + 5
        meter.quiet_from_us = self._first_us + self._length * _CHARACTER_US

    def any(self):
        here = (self._time.now_us - self._first_us) // _CHARACTER_US
        return max(0, min(here, self._length) - self._taken)

    def readinto(self, buffer, count):
        count = min(count, self.any())
        answer, taken = self._answer, self._taken
        for i in range(count):
            buffer[i] = answer[taken + i]
        self._taken = taken + count
        return count

    def on_idle(self, callback):
        pass
