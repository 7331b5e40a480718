"""A slave on a scripted bus, on the virtual clock: what the tests of modbus.server.serving share."""

import asyncio
import time

from modbus.server import server, serving
from wire import CHARACTER_US, frame

READ = frame("010300000002")
REPLY = frame("01030411112222")
FOREIGN = frame("050300000002")
FOREIGN_REPLY = frame("05030400010002")
WRITE = frame("060100010003")  # of nobody here
MINE = frame("010600010003")


class Bus:
    """A line with other talkers: `say(at_ms, bytes)` is heard byte by byte, `burst(at_ms, bytes)` all at once."""

    def __init__(self):
        self.coming = []  # (us, byte)
        self.sent = []  # (us of its first bit, frame)
        self.echo = False
        self.off = False
        self.broken = False

    def say(self, at_ms, content):
        self._add([(int(at_ms * 1000) + (i + 1) * CHARACTER_US, b) for i, b in enumerate(content)])

    def burst(self, at_ms, content):
        self._add([(int(at_ms * 1000), b) for b in content])

    def _add(self, rows):
        start_us = time.passed_ms() * 1000
        self.coming = sorted(self.coming + [(start_us + us, i, b) for i, (us, b) in enumerate(rows)])

    def send(self, buffer, count):
        if self.off or self.broken:
            raise OSError(1)
        start_us = time.passed_ms() * 1000
        self.sent.append((start_us, bytes(buffer[:count])))
        time.pass_us(count * CHARACTER_US)
        if self.echo:
            self.coming = sorted(self.coming + [(start_us + i, i, buffer[i]) for i in range(count)])

    def any(self):
        now_us = time.passed_ms() * 1000
        return len([row for row in self.coming if row[0] <= now_us])

    def readinto(self, buffer, count):
        n = min(count, self.any())
        for i in range(n):
            buffer[i] = self.coming.pop(0)[2]
        return n

    def transmit_off(self):
        self.off = True

    def said(self):
        """Return what was sent since the last call."""
        found = [f for _, f in self.sent]
        self.sent = []
        return found


class Bank:
    functions = b"\x03\x06"

    def __init__(self):
        self.words = [0x1111, 0x2222]
        self.writes = 0

    def read(self, function, address, count, out, at):
        if address + count > 2:
            return 2
        for i in range(2 * count):
            out[at + i] = self.words[address + i // 2] >> 8
        return 0

    def write(self, address, buffer, at, count):
        self.writes += 1
        return 0


class Rig:
    def __init__(self, think_ms=0):
        self.bus = Bus()
        self.bank = Bank()
        self.slave = server.Server(1, self.bank)
        self.serving = serving.Serving(self.bus, 9600, "N", self.slave, think_ms)
        self.beats = 0

    def run(self, story):
        async def main():
            task = asyncio.create_task(self.serving.run(self.beat))
            await story(self)
            self.serving.stopped = True
            await task

        asyncio.run(main())

    def beat(self):
        self.beats += 1

    def count(self, name):
        return self.serving.counts[serving.COUNT_NAMES.index(name)]

    def counts(self):
        return {n: c for n, c in zip(serving.COUNT_NAMES, self.serving.counts) if c}


def told(story, think_ms=0):
    rig = Rig(think_ms)
    rig.run(story)
    return rig
