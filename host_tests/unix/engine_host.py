"""The firmware's master in a process of its own on a serial line, reading as fast as it can; prints its counts as JSON.

micropython engine_host.py TTY SECONDS FUNCTION ADDRESS:COUNT ... [dead]
FUNCTION 4 at 9600 8N1 and unit 1; with `dead` a second slave, unit 2, is asked the same.
"""

import asyncio
import json
import sys

from line import Line
from modbus import master

_UNIT, _DEAD_UNIT = 1, 2
_REPLY_MS = 300  # as tasks/buses.py gives a sensor


def ignore(job, status, buffer, at):
    """The bench listens on the wire itself."""


async def main(tty, seconds, function, *reads):
    bus = master.Master(Line(tty, 9600, "N"), 9600, "N")
    units = (_UNIT, _DEAD_UNIT) if "dead" in reads else (_UNIT,)
    for unit in units:
        slave = master.Slave(unit, _REPLY_MS)
        for read in reads:
            if read != "dead":
                address, count = read.split(":")
                bus.add(master.Job(slave, int(function), int(address), int(count), ignore, 1))
    task = asyncio.create_task(bus.run(lambda: None))
    await asyncio.sleep_ms(int(float(seconds) * 1000))
    task.cancel()
    print(json.dumps(dict(zip(master.COUNT_NAMES, bus.counts))))


asyncio.run(main(*sys.argv[1:]))
