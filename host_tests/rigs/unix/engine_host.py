"""The firmware's master in a process of its own on a serial line, reading as fast as it can; prints its counts as JSON.

micropython engine_host.py TTY SECONDS FUNCTION ADDRESS:COUNT ... [dead]
FUNCTION 4 at 9600 8N1 and unit 1; with `dead` a second slave, unit 2, is asked the same.
"""

import asyncio
import json
import sys

from line import Line
from modbus.master import master
from modbus.master.job import Job
from slaves import slave

_UNIT, _DEAD_UNIT = 1, 2


def ignore(job, status, frame, at, count):
    """The bench listens on the wire itself."""


async def main(tty, seconds, function, *reads):
    bus = master.Master(Line(tty, 9600, "N"), 9600, "N")
    units = (_UNIT, _DEAD_UNIT) if "dead" in reads else (_UNIT,)
    for unit in units:
        far_end = slave(unit)
        for read in reads:
            if read != "dead":
                address, count = read.split(":")
                bus.add(Job(far_end, ignore, 1).read(int(function), int(address), int(count)))
    task = asyncio.create_task(bus.run(lambda: None))
    await asyncio.sleep_ms(int(float(seconds) * 1000))
    task.cancel()
    print(json.dumps(dict(zip(master.COUNT_NAMES, bus.counts))))


asyncio.run(main(*sys.argv[1:]))
