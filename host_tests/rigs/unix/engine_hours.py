"""The firmware's master for hours of virtual time; prints JSON.

micropython engine_hours.py SLAVE LEARN_S SECONDS THINK_MS TICK_MS ADDRESS:COUNT ...
SLAVE: good; slow (loses requests without 600 ms of rest); dead (a unit 2 that is silent, beside a good unit 1).
Tells what happened in the first LEARN_S seconds, and in the SECONDS after them.
"""

import asyncio
import json
import sys

from modbus.master import master
from modbus.master.job import Job
from modbus.wire import functions
from slaves import Meter, slave
from virtual_bus import Line, Time

_NEED_US = 600000


def ignore(job, status, frame, at, count):
    """The slave itself knows what it answered."""


def main(kind, learn_s, seconds, think_ms, tick_ms, *reads):
    time = Time(tick_ms)
    meter = Meter(1000 * think_ms, _NEED_US if kind == "slow" else 0)
    line = Line(time, {1: meter})
    bus = master.Master(line, 9600, "N")
    for unit in (1, 2) if kind == "dead" else (1,):
        far_end = slave(unit)
        for read in reads:
            address, count = read.split(":")
            bus.add(Job(far_end, ignore, 1).read(functions.READ_INPUT, int(address), int(count)))
    spans = []
    before = [0, 0, 0, 0]

    def beat():
        if time.now_us < 1000000 * (learn_s if not spans else learn_s + seconds):
            return
        now = [time.now_us, meter.answers, meter.hurried, line.spent_us.get(2, 0)]
        names = ("us", "answers", "hurried", "dead_us")
        spans.append(dict(zip(names, [b - a for a, b in zip(before, now)])))
        before[:] = now
        bus.stopped = len(spans) >= 2

    asyncio.run(bus.run(beat))
    told = {"learning": spans[0], "after": spans[1], "counts": dict(zip(master.COUNT_NAMES, bus.counts))}
    print(json.dumps(told))


main(sys.argv[1], *map(int, sys.argv[2:6]), *sys.argv[6:])
