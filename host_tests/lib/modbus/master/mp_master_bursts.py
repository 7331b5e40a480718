# heap: 2m
"""Slow reads that are due together: on a line with no time left they go one at a time, between them what is fast."""

import asyncio
import time

from modbus.master import master
from modbus.master.job import Job
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import request_pdu, rtu
from wire import Line, frame


class _Times(list):
    def done(self, *_):
        self.append(time.passed_ms())


def _answer(f):
    return [(15000, frame("%02x%02x%02x" % (f[0], f[1], 2 * f[5]) + "0001" * f[5]))]


def _gaps(times):
    return [b - a for a, b in zip(times, times[1:])]


def _full_line(with_client):
    """Run two reads a second and four each 30 s where one exchange a second is possible; return (fast ones, slow ones)."""
    bus = master.Master(Line(_answer), 9600, "N", 1000)
    slave = Slave(1, Pacing(rtu.silence_us(9600, "N")))
    fast, slow = [_Times(), _Times()], [_Times() for _ in range(4)]
    for i, times in enumerate(fast):
        bus.add(Job(slave, times.done, 1000).read(4, 10 * i, 4 + 2 * i))
    for i, times in enumerate(slow):
        bus.add(Job(slave, times.done, 30000).read(4, 100 + 20 * i, 8 + 2 * i))
    asked = bytearray(260)
    end = request_pdu.two_words(asked, 0, 4, 50, 2)

    async def main():
        task = asyncio.create_task(bus.run(lambda: None))
        for _ in range(20000):
            if with_client:
                bus.forward(1, asked, end, lambda *_: None)
            await asyncio.sleep_ms(10)
        task.cancel()

    asyncio.run(main())
    return fast, slow


def test_slow_reads_that_are_due_together_do_not_go_one_after_the_other():
    """Proves: COM-9+, SEN-6+"""
    fast, slow = _full_line(False)
    assert max([max(_gaps(times)) for times in fast]) < 3200, [max(_gaps(times)) for times in fast]
    assert min([len(times) for times in slow]) >= 4


def test_the_same_beside_a_client_that_always_wants_more():
    fast, slow = _full_line(True)
    assert max([max(_gaps(times)) for times in fast]) < 5400, [max(_gaps(times)) for times in fast]
    assert min([len(times) for times in slow]) >= 4


def test_urgent_work_without_end_leaves_every_second_exchange_to_the_others():
    """Proves: PLA-3+"""
    bus = master.Master(Line(_answer), 9600, "N", 1000)
    slave, reads, writes = Slave(1, Pacing(rtu.silence_us(9600, "N"))), _Times(), _Times()
    bus.add(Job(slave, reads.done, 1000).read(4, 0, 4))
    urgent = bus.add(Job(slave, writes.done, urgent=True).read(3, 40042, 2))

    async def main():
        task = asyncio.create_task(bus.run(lambda: None))
        for _ in range(6000):
            if not urgent.active:
                urgent.ask(time.ticks_ms())
            await asyncio.sleep_ms(10)
        task.cancel()

    asyncio.run(main())
    assert 26 <= len(reads) <= 30 <= len(writes) + 1 <= 33, (len(reads), len(writes))
