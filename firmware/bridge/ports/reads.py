"""The reads of one device: which registers together, how often, where the values go; planned anew as its pace moves."""

from array import array

import clock
import log
from bridge import points, readings
from bridge.devices import registers
from micropython import const
from modbus.master.job import Job
from modbus.pace.planner import Planner
from modbus.wire import rtu
from modbus.wire.timing import Timing

_STALE_POLLS = const(4)  # a value is stale when four polls in a row brought nothing
_STALE_LEAST_MS = const(3000)
_LOOK_MS = const(2000)  # so often the plan of one group is held against the pace; planning takes some tens of ms
_REFUSED_PAUSE_MS = const(600000)  # an optional block that the device refused is asked again so seldom


class _Block:
    """One read of neighbouring registers and where its values go."""

    def __init__(self, state, cells, optional):
        """cells: array of point number and position of its first byte in the reply's PDU, in turn."""
        self._state = state
        self._cells = cells
        self._optional = optional

    def done(self, job, status, frame, at, count):
        """Take a read's result: store the values, or let them age."""
        state, cells = self._state, self._cells
        if status == rtu.OK:
            state.bus_exchanges += 1
            now = clock.ticks_ms()
            store = state.readings
            for i in range(0, len(cells), 2):
                store.put(cells[i], frame, at + cells[i + 1], now)
        elif status > 0 and self._optional:
            job.due_at = clock.ticks_add(clock.ticks_ms(), _REFUSED_PAUSE_MS)
            for i in range(0, len(cells), 2):
                state.readings.forget(cells[i])


class _Group:
    """The registers of one rhythm, required and optional ones apart, because one that is refused takes its read along."""

    def __init__(self, device, table, pace, every_ms, optional):
        """table: registers.rows of the device, for as long as the group is being made."""
        self.table = table
        self._device = device
        self._pace = pace
        self.every_ms = every_ms
        self.optional = optional
        self.planner = None
        self.jobs = []

    def rows(self):
        """Return the rows of the device; later read anew each time, because typed rows take ten times the memory."""
        table = self.table or registers.rows(self._device)
        return [r for r in table if r[4] == self._pace and r[5] == self.optional]

    def wanted(self):
        """Return what a plan is made for."""
        return [(r[0], readings.registers(r[1]), self.every_ms) for r in self.rows()]

    def cells(self, address, count):
        """Return where the values of one read go, see _Block."""
        cells = array("H")
        for row in self.rows():
            if address <= row[0] < address + count:
                cells.append(points.number(row[3]))
                cells.append(2 + 2 * (row[0] - address))
        return cells


class Reads:
    """Keeps the jobs of a device in a master's list."""

    def __init__(self, bus, slave, state, device, fast_ms, slow_ms, baud, parity, rest_us=0, longest=0):
        """device: module of bridge/devices; rest_us: least pause between two requests that the line asks for anyway;
        longest: registers in one read, 0 = as the device's document says."""
        self._bus = bus
        self._slave = slave
        self._state = state
        self._function = device.FUNCTION
        self._least_us = rest_us
        self._groups = []
        self._look_at = clock.ticks_ms()
        self._turn = 0  # group whose plan is looked at next
        table = list(registers.rows(device))
        for pace, every_ms in (("fast", fast_ms), ("slow", slow_ms)):
            limit_ms = max(_STALE_POLLS * every_ms, _STALE_LEAST_MS)
            for optional in (False, True):
                group = _Group(device, table, pace, every_ms, optional)
                rows = group.rows()
                for row in rows:
                    state.readings.bind(row[3], row[1], row[2], limit_ms)
                if rows:
                    timing = Timing(rtu.character_us(baud, parity), rtu.silence_us(baud, parity), rest_us=rest_us)
                    group.planner = Planner(group.wanted, longest or device.LONGEST, timing)
                    self._groups.append(group)
                    self._apply(group)
                    group.table = None

    def replan(self, now):
        """Follow the slave's pace, one group at a time."""
        if self._slave.failures or clock.ticks_diff(now, self._look_at) < 0:
            return
        self._look_at = clock.ticks_add(now, _LOOK_MS)
        self._turn = (self._turn + 1) % len(self._groups)
        group, pace = self._groups[self._turn], self._slave.pace
        rest_us = max(pace.rest_us(), self._least_us)
        if group.planner.consider(pace.think_us(), rest_us, pace.errors_ppm(), now):
            self._apply(group)
            log.info("reads", "unit %d: now %d reads every %d ms" % (self._slave.unit, len(group.jobs), group.every_ms))

    def words(self):
        """Return how many reads there are and how the slave is paced."""
        pace = self._slave.pace.snapshot()
        reads = sum([len(group.jobs) for group in self._groups])
        words = "%d reads, answers in %d ms, rest %d ms" % (reads, pace["think_ms"], pace["rest_ms"])
        return words + (", learning" if pace["learning"] else "")

    def _apply(self, group):
        jobs = []
        for address, count, every_ms in group.planner.reads:
            block = _Block(self._state, group.cells(address, count), group.optional)
            jobs.append(Job(self._slave, block.done, every_ms).read(self._function, address, count))
        # One that is under way ends as it began; its values are the same registers.
        self._bus.jobs[:] = [job for job in self._bus.jobs if job not in group.jobs] + jobs
        group.jobs = jobs
