"""The master alone on a line, reading the same thing as fast as it can; prints how often it did.

micropython direct_poll.py TTY SECONDS SETTLE_SECONDS
"""

import asyncio
import sys

from line import Line
from modbus.master import master
from modbus.master.job import Job
from modbus.wire import functions, rtu
from slaves import slave


class Count:
    good = 0

    def done(self, job, status, frame, at, count):
        self.good += status == rtu.OK


async def main(tty, seconds, settle_seconds):
    bus = master.Master(Line(tty, 9600, "N"), 9600, "N")
    count = Count()
    bus.add(Job(slave(1), count.done, 1).read(functions.READ_INPUT, 0, 2))
    task = asyncio.create_task(bus.run(lambda: None))
    await asyncio.sleep_ms(int(float(settle_seconds) * 1000))  # it learns the slave's pace
    before = count.good
    await asyncio.sleep_ms(int(float(seconds) * 1000))
    print(count.good - before)
    task.cancel()


asyncio.run(main(*sys.argv[1:]))
