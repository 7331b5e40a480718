"""The reads of a device follow its slave's pace, one group of registers at a time."""

import struct
import sys

import clock
from bridge import points
from bridge.ports.reads import Reads
from bridge.state import State
from modbus.wire import rtu


class Device:
    """Two fast values with a hole between them that costs 46 ms to read over, two slow ones alike, an optional one."""

    FUNCTION = 4
    LONGEST = 60
    REGISTERS = """
0|f|1|sensor_voltage|fast|
24|f|1|sensor_frequency|fast|
72|f|1|sensor_import_energy|slow|
96|f|1|sensor_export_energy|slow|
384|f|1|sensor_trip_energy|slow|optional
"""


sys.modules["Device_registers"] = Device  # where the table of a device lies


class Pace:
    def __init__(self):
        self.think = 5000

    def think_us(self):
        return self.think

    def rest_us(self):
        return 3644

    def errors_ppm(self):
        return 0


class Slave:
    unit = 1
    failures = 0

    def __init__(self):
        self.pace = Pace()

    def silent(self):
        return self.failures >= 3


class Bus:
    def __init__(self):
        self.jobs = []


class Rig:
    def __init__(self):
        self.bus, self.slave, self.state = Bus(), Slave(), State()
        self.reads = Reads(self.bus, self.slave, self.state, Device, 1000, 10000, 9600, "N")

    def pass_s(self, seconds):
        """Look twice a second, as the ports do; return the most groups that were planned anew in one look."""
        most = 0
        for _ in range(2 * seconds):
            clock.sleep_us(500000)
            before = [group.planner.reads for group in self.reads.groups]
            self.reads.replan(clock.ticks_ms())
            after = [group.planner.reads for group in self.reads.groups]
            most = max(most, sum(a is not b for a, b in zip(before, after)))
        return most

    def asked(self):
        return sorted([(job.address, job.quantity) for job in self.bus.jobs])


def test_a_slave_that_became_slow_is_asked_in_fewer_reads_and_the_values_go_where_they_did():
    """Proves: SEN-2+"""
    r = Rig()
    assert r.asked() == [(0, 2), (24, 2), (72, 2), (96, 2), (384, 2)]
    r.slave.pace.think = 120000
    assert r.pass_s(40) == 1  # planning takes long on a chip: never two groups in one turn
    assert r.asked() == [(0, 26), (72, 26), (384, 2)]

    job = [job for job in r.bus.jobs if not job.address][0]
    frame = bytearray(2 + 2 * 26)
    struct.pack_into(">f", frame, 2, 231.5)
    struct.pack_into(">f", frame, 2 + 48, 49.98)
    job.done(job, rtu.OK, frame, 0, len(frame))
    said = [round(r.state.readings.value(points.number(name)), 2) for name in ("sensor_voltage", "sensor_frequency")]
    assert said == [231.5, 49.98], said


def test_a_silent_slave_is_not_planned_for():
    r = Rig()
    r.slave.pace.think = 120000
    r.slave.failures = 1
    assert r.pass_s(40) == 0
    assert len(r.asked()) == 5


def test_a_plan_that_finds_no_memory_leaves_the_reads_as_they_are_and_is_made_once_there_is_some():
    from modbus.pace import planner

    def no_memory(*_):
        raise MemoryError

    rig = Rig()
    rig.pass_s(20)
    before = list(rig.bus.jobs)
    stock = planner._schedule, rig.reads.put
    rig.slave.pace.think = 120000
    planner._schedule = no_memory
    assert rig.pass_s(20) == 0
    planner._schedule, rig.reads.put = stock[0], no_memory
    assert rig.pass_s(20) == 0
    assert rig.bus.jobs == before
    assert [group.table for group in rig.reads.groups] == [None] * 3
    rig.reads.put = stock[1]
    assert rig.pass_s(40) == 1
    assert rig.asked() == [(0, 26), (72, 26), (384, 2)]
