"""The reads of one device: which registers together, how often, where the values go; planned anew as its pace moves."""

import clock
import log
from bridge import points, readings
from bridge.devices import registers
from micropython import const
from modbus import rtu
from modbus.job import Job
from modbus.planner import Planner
from modbus.timing import Timing

_STALE_POLLS = const(4)  # a value is stale when four polls in a row brought nothing
_STALE_LEAST_MS = const(3000)
_LOOK_MS = const(5000)  # so often the plan is held against the pace; planning takes some tens of ms
_REFUSED_PAUSE_MS = const(600000)  # an optional block that the device refused is asked again so seldom


class _Block:
    """One read of neighbouring registers and where its values go."""

    def __init__(self, state, rows, address, count, optional):
        self._state = state
        self._optional = optional
        # (point number, position of its first byte) in the reply's PDU
        self._cells = tuple(
            [(points.number(r[3]), 2 + 2 * (r[0] - address)) for r in rows if address <= r[0] < address + count]
        )

    def done(self, job, status, frame, at, count):
        """Take a read's result: store the values, or let them age."""
        state = self._state
        if status == rtu.OK:
            state.bus_exchanges += 1
            now = clock.ticks_ms()
            store = state.readings
            for n, position in self._cells:
                store.put(n, frame, at + position, now)
        elif status > 0 and self._optional:
            job.due_at = clock.ticks_add(clock.ticks_ms(), _REFUSED_PAUSE_MS)
            for n, _ in self._cells:
                state.readings.forget(n)


class _Group:
    """The registers of one rhythm, required and optional ones apart, because one that is refused takes its read along."""

    def __init__(self, rows, every_ms, optional, planner):
        self.rows = rows
        self.every_ms = every_ms
        self.optional = optional
        self.planner = planner
        self.jobs = []


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
        for pace, every_ms in (("fast", fast_ms), ("slow", slow_ms)):
            limit_ms = max(_STALE_POLLS * every_ms, _STALE_LEAST_MS)
            for optional in (False, True):
                rows = [r for r in registers.rows(device) if r[4] == pace and r[5] == optional]
                for row in rows:
                    state.readings.bind(row[3], row[1], row[2], limit_ms)
                if not rows:
                    continue
                timing = Timing(rtu.character_us(baud, parity), rtu.silence_us(baud, parity), rest_us=rest_us)
                wanted = [(r[0], readings.words(r[1]), every_ms) for r in rows]
                group = _Group(rows, every_ms, optional, Planner(wanted, longest or device.LONGEST, timing))
                self._groups.append(group)
                self._apply(group)

    def replan(self, now):
        """Follow the slave's pace."""
        if self._slave.failures or clock.ticks_diff(now, self._look_at) < 0:
            return
        self._look_at = clock.ticks_add(now, _LOOK_MS)
        pace = self._slave.pace
        for group in self._groups:
            rest_us = max(pace.rest_us(), self._least_us)
            if group.planner.consider(pace.think_us(), rest_us, pace.errors_ppm(), now):
                self._apply(group)
                log.info(
                    "reads", "unit %d: now %d reads every %d ms" % (self._slave.unit, len(group.jobs), group.every_ms)
                )

    def words(self):
        """Return how many reads there are and how the slave is paced."""
        pace = self._slave.pace.snapshot()
        reads = sum([len(group.jobs) for group in self._groups])
        words = "%d reads, answers in %d ms, rest %d ms" % (reads, pace["think_ms"], pace["rest_ms"])
        return words + (", learning" if pace["learning"] else "")

    def _apply(self, group):
        jobs = []
        for address, count, every_ms in group.planner.reads:
            block = _Block(self._state, group.rows, address, count, group.optional)
            jobs.append(Job(self._slave, block.done, every_ms).read(self._function, address, count))
        # One that is under way ends as it began; its values are the same registers.
        self._bus.jobs[:] = [job for job in self._bus.jobs if job not in group.jobs] + jobs
        group.jobs = jobs
