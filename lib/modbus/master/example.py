"""Reads a meter as fast as it lets itself be read: prints its values, its pace and the reads in force once a second.

    MICROPYPATH=lib:boards/host:.frozen micropython -m modbus.master.example TTY
On a board: asyncio.run(poll(uart_line)), see ../README.md for such a line.
"""

import asyncio
import struct
import sys

import clock
from modbus.master.job import Job
from modbus.master.master import Master
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.pace.planner import Planner
from modbus.wire import rtu
from modbus.wire.timing import Timing

UNIT, BAUD, PARITY = 1, 9600, "N"
WANTED = ((0, "V"), (6, "A"), (12, "W"), (70, "Hz"), (342, "kWh"))  # input registers with float32 values


class Meter:
    """A slave, what it measured last, and the jobs that ask for it."""

    def __init__(self, line):
        self.values = {}
        self.master = Master(line, BAUD, PARITY)
        self.slave = Slave(UNIT, Pacing(rtu.silence_us(BAUD, PARITY)))
        self.planner = Planner(lambda: [(row[0], 2, 250) for row in WANTED], 60, Timing())  # 60 registers in one read
        self.apply()

    def apply(self):
        self.master.jobs[:] = [Job(self.slave, self.take, ms).read(4, at, n) for at, n, ms in self.planner.reads]

    def take(self, job, status, frame, at, count):
        for address, unit in WANTED:
            if status == rtu.OK and job.address <= address < job.address + job.quantity:
                self.values[unit] = struct.unpack_from(">f", frame, at + 2 + 2 * (address - job.address))[0]

    async def tell(self):
        """Print what is known, and ask otherwise if that has become better."""
        pace = self.slave.pace
        while True:
            await asyncio.sleep(1)
            if self.planner.consider(pace.think_us(), pace.rest_us(), pace.errors_ppm(), clock.ticks_ms()):
                self.apply()
            print(self.slave.link(), self.values, pace.snapshot(), self.planner.reads)


async def poll(line):
    meter = Meter(line)
    await asyncio.gather(meter.master.run(lambda: None), meter.tell())


if __name__ == "__main__":
    from line import Line

    asyncio.run(poll(Line(sys.argv[1], BAUD, PARITY)))
