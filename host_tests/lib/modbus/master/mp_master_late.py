# heap: 4m
"""Answers that come too late, in the wrong order or to somebody else: none is ever taken for the reply to another read."""

import asyncio

from modbus.master import master, reply
from modbus.master.job import Job
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import functions, rtu
from slaves import Chance
from wire import CHARACTER_US, Line, frame

SILENCE_US = rtu.silence_us(9600, "N")


def _value(address, count=2):
    """Return the reply to a read: its second register is the address."""
    return frame("0104%02x" % (2 * count) + "0000%04x" % address + "0000" * (count - 2))


class Tardy:
    """A slave that now and then answers late, or not at all, and answers what it was asked in the order of asking."""

    def __init__(self, seed, late_ms):
        self.chance = Chance(seed)
        self.late_ms = late_ms
        self.free_at_us = 0
        self.line = None

    def __call__(self, asked):
        now_us = self.line.now_us
        draw = self.chance.below(100)
        if draw < 8:
            return None
        think_us = 10000 if draw < 70 else 10000 + 1000 * self.chance.below(self.late_ms)
        begin_us = max(now_us + think_us, self.free_at_us + 10000)
        answer = _value(asked[2] << 8 | asked[3], asked[5])
        self.free_at_us = begin_us + len(answer) * CHARACTER_US
        return [(begin_us - now_us, answer)]


class Following(Line):
    """The line tells its far end what time it is."""

    def send(self, buffer, count):
        import time

        self.now_us = time.passed_ms() * 1000 + count * CHARACTER_US
        super().send(buffer, count)
        self.coming.sort()
        del self.sent[:]


def _mixed_up(seed, late_ms, guard=True):
    """Return (wrong values, right values, master) after ten minutes with three reads of the same shape."""
    slave_end = Tardy(seed, late_ms)
    line = slave_end.line = Following(slave_end)
    bus = master.Master(line, 9600, "N")
    slave = Slave(1, Pacing(SILENCE_US))
    if not guard:
        slave.before = lambda job, now: job
    wrong, right = [], []

    def done(job, status, got, at, count):
        if status == rtu.OK:
            value = got[at + 4] << 8 | got[at + 5]
            (right if value == job.address else wrong).append(value)

    for address in (100, 200, 300):
        bus.add(Job(slave, done, 250).read(functions.READ_INPUT, address, 2))

    async def main():
        task = asyncio.create_task(bus.run(lambda: None))
        await asyncio.sleep_ms(600000)
        task.cancel()

    asyncio.run(main())
    return len(wrong), len(right), bus


def test_a_late_answer_never_becomes_the_value_of_another_read():
    """Proves: REL-1+, SEN-4+, SEN-6+"""
    for seed in range(4):
        wrong, right, bus = _mixed_up(seed, 1900)
        assert wrong == 0, (seed, wrong, right)
        assert right > 300, (seed, right)


def test_without_the_guard_this_test_would_see_wrong_values():
    assert sum([_mixed_up(seed, 1900, guard=False)[0] for seed in range(4)]) > 0


def test_a_late_answer_of_another_shape_is_told_and_the_right_one_awaited():
    """Proves: REL-1+"""
    replies = [[(400000, _value(100))], [(60000, frame("010408" + "00000000000000c8"))]]
    line = Line(lambda f: replies.pop(0) if replies else None)
    bus = master.Master(line, 9600, "N")
    slave = Slave(1, Pacing(SILENCE_US, SILENCE_US, most_ms=300))
    got = []
    first = Job(slave, lambda *_: None).read(functions.READ_INPUT, 100, 2)
    second = Job(slave, lambda job, status, f, at, count: got.append((status, bytes(f[at + 2 : at + count])))).read(
        functions.READ_INPUT, 200, 4
    )
    bus.add(first).ask(0)
    bus.add(second)

    async def main():
        import time

        task = asyncio.create_task(bus.run(lambda: None))
        await asyncio.sleep_ms(360)
        second.ask(time.ticks_ms())
        await asyncio.sleep_ms(800)
        task.cancel()

    asyncio.run(main())
    assert got == [(0, bytes.fromhex("00000000000000c8"))], got
    assert bus.counts[reply.LATE] == 1 and bus.counts[reply.WRONG_REPLY] == 0


def test_the_processor_is_not_kept_while_a_long_late_answer_comes_in():
    """Proves: COM-9+"""
    import time

    replies = [[(230000, frame("010450" + "0001" * 40))], [(250000, frame("010408" + "00000000000000c8"))]]
    line = Line(lambda f: replies.pop(0) if replies else None)
    bus = master.Master(line, 9600, "N")
    slave = Slave(1, Pacing(SILENCE_US, SILENCE_US, most_ms=100))
    bus.add(Job(slave, lambda *_: None).read(functions.READ_INPUT, 0, 40)).ask(0)
    bus.add(Job(slave, lambda *_: None, 400).read(functions.READ_INPUT, 200, 4))
    longest_ms = [0]

    async def other():
        while True:
            before_ms = time.passed_ms()
            await asyncio.sleep_ms(1)
            longest_ms[0] = max(longest_ms[0], time.passed_ms() - before_ms - 1)

    async def main():
        tasks = [asyncio.create_task(bus.run(lambda: None)), asyncio.create_task(other())]
        await asyncio.sleep_ms(900)
        for task in tasks:
            task.cancel()

    asyncio.run(main())
    assert bus.counts[reply.LATE] == 1, bus.counts
    assert longest_ms[0] < 20, longest_ms  # a request takes 9 ms
