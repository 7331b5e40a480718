"""So many exchanges of the firmware's master in virtual time, for a counter of instructions.

micropython engine_count.py EXCHANGES
Reads of 38 registers from a slave that thinks for 20 ms; seven values of each go into the readings.
"""

import asyncio
import sys

from bridge.readings import Readings
from modbus.master import master
from modbus.master.job import Job
from modbus.wire import functions, rtu
from slaves import Meter, slave
from virtual_bus import Line, Time

_COUNT = 38
_VALUES = (0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E, 0x24)
_POINTS = ("sensor_voltage", "sensor_current", "sensor_power", "sensor_frequency")
_THINK_US = 20000


def main(exchanges):
    time = Time()
    readings = Readings()
    for point in _POINTS:
        readings.bind(point, "f", 1, 1000)
    bus = master.Master(Line(time, {1: Meter(_THINK_US)}), 9600, "N")
    cells = tuple([(n % len(_POINTS), 2 * address) for n, address in enumerate(_VALUES)])
    good = 0

    def done(job, status, frame, at, count):
        nonlocal good
        if status == rtu.OK:
            good += 1
            for n, position in cells:
                readings.put(n, frame, at + 2 + position, time.ticks_ms())
        bus.stopped = good >= exchanges  # the one under way is still taken

    bus.add(Job(slave(1), done, 1).read(functions.READ_INPUT, 0, _COUNT))
    asyncio.run(bus.run(lambda: None))
    print(good, "exchanges,", time.now_us // good, "us each")


main(int(sys.argv[1]))
