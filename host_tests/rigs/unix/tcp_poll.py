"""Polls a Modbus TCP server as the bridge polls its plant, and prints one JSON object: `micropython tcp_poll.py PORT`.

told: (status, registers) of each exchange: two blocks, a limit, what it reads back as, a register that is not there.
"""

import asyncio
import json
import sys

from modbus.master.job import Job
from modbus.master.master import Master
from modbus.master.slave import Slave
from modbus.master.tcp_line import Line
from modbus.pace.pacing import Pacing

_LIMIT = 40042


async def main(port):
    line = Line("127.0.0.1", port, lambda: True)
    bus = Master(line, 115200, "N", 1000)
    slave = Slave(247, Pacing(1750, 1750, 1000, 1000))
    told = []

    def done(job, status, frame, at, count):
        words = [frame[i] << 8 | frame[i + 1] for i in range(at + 2, at + count, 2)] if count > 4 else []
        told.append((status, words if job.is_read() else []))
        bus.stopped = not steps
        if steps:
            steps.pop(0).ask(0)

    steps = [
        bus.add(Job(slave, done).read(4, 30031, 2)),
        bus.add(Job(slave, done).read(4, 30100, 100)),
        bus.add(Job(slave, done).write(_LIMIT, (0, 3600))),
        bus.add(Job(slave, done).read(3, _LIMIT, 2)),
        bus.add(Job(slave, done).read(4, 39000, 2)),
    ]
    steps.pop(0).ask(0)
    await asyncio.wait_for(bus.run(lambda: None), float(sys.argv[2]))
    line.close()
    print(json.dumps({"told": told, "why": line.why, "counts": bus.counts}))


asyncio.run(main(int(sys.argv[1])))
