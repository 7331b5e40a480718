"""The reads of one device: which registers together, how often, where the values go; planned anew as its pace moves.

A read that the device refuses, or never answers while it answers others, is split until what it does not have stands
alone (ports/search). Nothing is taken away for other reasons: a busy device is asked again.
"""

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
from parts import Part
from store import record

_STALE_POLLS = const(4)  # a value is stale when four polls in a row brought nothing
_STALE_LEAST_MS = const(3000)
_STALE_EXCHANGES = const(8)  # on a line that takes its time between two
_LOOK_MS = const(2000)  # so often the plan of one group is held against the pace; planning takes some tens of ms
_FIRST_MS = const(15000)  # after the start a value may still be on its way for so long
_ILLEGAL_VALUE = const(3)  # exceptions 1 and 2: it has no such function or register; 3 at a long read: too many of them
_SOON_MS = const(1000)
_DEAF = const(3)  # failures of one read in a row


class _Block:
    """One read of neighbouring registers and where its values go."""

    def __init__(self, state, cells):
        """cells: array of point number and position of its first byte in the reply's PDU, in turn."""
        self._state = state
        self.cells = cells
        self.failed = 0  # status for which it is to be split
        self.works = False

    def done(self, job, status, frame, at, count):
        """Take a read's result: store the values, or let them age."""
        state, cells = self._state, self.cells
        if status == rtu.OK:
            self.works = True
            state.bus_exchanges += 1
            now = clock.ticks_ms()
            store = state.readings
            suspects = store.suspects
            store.take(cells, frame, at, now)
            if store.suspects != suspects and store.disputed(cells):
                # One reading does not tell a replaced meter from a disturbance.
                soon = clock.ticks_add(now, _SOON_MS)
                job.due_at = soon if clock.ticks_diff(job.due_at, soon) > 0 else job.due_at
        elif 0 < status < _ILLEGAL_VALUE or (status == _ILLEGAL_VALUE and len(cells) > 2) or job.failures >= _DEAF:
            self.failed = status


class _Group:
    """The registers of one rhythm, required and optional ones apart, because one that is refused takes its read along."""

    def __init__(self, device, table, pace, every_ms, optional, longest, kept):
        """table: registers.rows of the device, for as long as the group is being made; longest: registers in one read;
        kept: {address: status} of what was found missing before the start."""
        self.table = table
        self._device = device
        self._pace = pace
        self.every_ms = every_ms
        self.optional = optional
        self.longest = longest
        self.absent = {}  # address: status
        self.holes = list(getattr(device, "HOLES", ()))  # (address, registers) that no read may touch
        self.planner = None
        self.jobs = []
        self.blocks = []  # of the jobs, in their order
        for row in self.rows() if kept else ():
            if row[0] in kept:
                self.absent[row[0]] = kept[row[0]]
                self.holes.append((row[0], readings.registers(row[1])))

    def rows(self):
        """Return an iterator over the rows that the device has."""
        return (r for r in self.listed() if r[0] not in self.absent)

    def listed(self):
        """Return an iterator over the rows that the device should have."""
        table = self.table or registers.each(self._device)
        return (r for r in table if r[4] == self._pace and r[5] == self.optional)

    def wanted(self):
        """Return what a plan is made for."""
        return [(r[0], readings.registers(r[1]), self.every_ms) for r in self.rows()]

    def between(self, address, count):
        """Return the rows that lie in a read."""
        return [row for row in self.rows() if address <= row[0] < address + count]

    def cells(self, reads):
        """Return where the values of each read go, see _Block. reads: (address, count, ...) of each."""
        found = [array("H") for _ in reads]
        for row in self.rows():
            for cells, read in zip(found, reads):
                if read[0] <= row[0] < read[0] + read[1]:
                    cells.append(points.number(row[3]))
                    cells.append(2 + 2 * (row[0] - read[0]))
        return found


class Reads:
    """Keeps the jobs of a device in a master's list."""

    def __init__(self, bus, slave, state, device, fast_ms, slow_ms, baud, parity, rest_us=0, longest=0, path=None):
        """device: module of bridge/devices; rest_us: least pause between two requests that the line asks for anyway;
        longest: registers in one read, 0 = as the device's document says; path: record of what the device does not have."""
        self.bus = bus
        self.slave = slave
        self.state = state
        self.function = device.FUNCTION
        self._character_us, self._silence_us = rtu.character_us(baud, parity), rtu.silence_us(baud, parity)
        self._least_us = rest_us
        self.groups = []
        self._look_at = self._since = clock.ticks_ms()
        self._begins = True
        self._turn = 0  # group whose plan is looked at next
        self._required = array("H")  # numbers of the points without which the link is not ok
        self._search = None  # comes into memory with the first read that fails, and stays
        self._path = path
        self._device = "%s %d" % (device.__name__.rpartition(".")[2], slave.unit)
        kept = self._kept()
        self._lacks = bool(kept)
        table = registers.rows(device)  # gone through a dozen times at the start, before memory is short
        with Part("modbus.pace.runs", "modbus.pace.runs"):  # once for all groups
            for pace, every_ms in (("fast", fast_ms), ("slow", slow_ms)):
                # Where the line itself is slow, others have their share of it too.
                limit_ms = max(_STALE_POLLS * every_ms, _STALE_LEAST_MS, _STALE_EXCHANGES * rest_us // 1000)
                for optional in (False, True):
                    group = _Group(device, table, pace, every_ms, optional, longest or device.LONGEST, kept)
                    self._add(group, limit_ms)

    def _add(self, group, limit_ms):
        """Take a group, if the device has anything of it."""
        listed = 0
        for row in group.listed():
            listed += 1
            self.state.readings.bind(row[3], row[1], row[2], limit_ms)
            if not group.optional:
                self._required.append(points.number(row[3]))
        if listed:
            self.groups.append(group)
            self.plan(group)
        group.table = None

    def replan(self, now):
        """Follow the slave's pace, one group at a time, and what it does not have.

        What finds no memory is left as it is until the next look: the reads in force are right, if not the best.
        """
        try:
            self._replan(now)
        except MemoryError:
            pass

    def _replan(self, now):
        if not self._search and (self._lacks or self._failed()):
            from bridge.ports.search import Search

            self._search = Search(self)
        if self._search:
            self._search.step(now)
        if self.slave.failures or clock.ticks_diff(now, self._look_at) < 0:
            return
        self._look_at = clock.ticks_add(now, _LOOK_MS)
        self._turn = (self._turn + 1) % len(self.groups)
        group, pace = self.groups[self._turn], self.slave.pace
        if not group.planner.reads or (self._search and self._search.looks(group)):
            return
        rest_us = max(pace.rest_us(), self._least_us)
        planner, before = group.planner, group.planner.reads
        if planner.consider(pace.think_us(), rest_us, pace.errors_ppm(), now):
            try:
                self.put(group, self.made(group, group.planner.reads))
            except MemoryError:
                planner.take_back(before)
                raise
            log.info("reads", "unit %d: now %d reads every %d ms" % (self.slave.unit, len(group.jobs), group.every_ms))

    def _kept(self):
        """Return {address: status} of what this device did not have before the start; damaged is forgotten."""
        stored = record.load(self._path) if self._path else None
        if not stored or stored.get("device") != self._device:
            return {}
        pairs = stored.get("absent")
        return dict([pair for pair in pairs if _is_pair(pair)]) if isinstance(pairs, list) else {}

    def keep(self):
        """Record what the device does not have. The flash may fail: it is found again after the next start."""
        if self._path:
            pairs = [[a, group.absent[a]] for group in self.groups for a in sorted(group.absent)]
            try:
                record.save(self._path, {"device": self._device, "absent": pairs})
            except OSError as e:
                log.warn("reads", "what unit %d lacks could not be recorded (error %d)" % (self.slave.unit, e.errno))

    def _failed(self):
        """Return True if a read is to be split."""
        for group in self.groups:
            for block in group.blocks:
                if block.failed:
                    return True
        return False

    def words(self):
        """Return how many reads there are, how the slave is paced, and what it does not have."""
        pace = self.slave.pace.snapshot()
        reads = sum([len(group.jobs) for group in self.groups])
        words = "%d reads, answers in %d ms, rest %d ms" % (reads, pace["think_ms"], pace["rest_ms"])
        words += ", learning" if pace["learning"] else ""
        absent = self.absent()
        return words + "; " + absent if absent else words

    def absent(self):
        """Return what the device does not have, in words, or ""."""
        words = ["%d: %s" % (a, rtu.describe(g.absent[a])) for g in self.groups for a in sorted(g.absent)]
        return "unit %d has no %s" % (self.slave.unit, "; no ".join(words)) if words else ""

    def health(self, now):
        """Return (link, why in words) of a slave that answers: it is ok only while all required values are good."""
        bad, worst, held = 0, 0, self.state.readings  # worst: the first of the bad ones
        for n in self._required:
            if held.quality(n) != readings.GOOD:
                worst = worst if bad else n
                bad += 1
        if clock.ticks_diff(now, self._since) > _FIRST_MS:
            self._begins = False  # for ever: no stamp grows old
        if not bad:
            self._begins = False
            return "ok", ""
        if bad == len(self._required) and self.slave.status > 0:
            return "refuses", rtu.describe(self.slave.status)
        if self._begins:
            return "starting", ""
        quality = readings.QUALITIES[held.quality(worst)]
        why = "%s is %s" % (list(points.rows())[worst][0], quality if quality != "never" else "not there")
        why += " and %d more" % (bad - 1) if bad > 1 else ""
        absent = self.absent()
        return "partly", why + "; " + absent if absent else why

    def plan(self, group):
        """Plan a group from nothing."""
        timing = Timing(self._character_us, self._silence_us, rest_us=self._least_us)
        group.planner = Planner(group.wanted, group.longest, timing, group.holes)
        self.put(group, self.made(group, group.planner.reads))

    def made(self, group, reads):
        """Return (job, block) of each of a group's reads, (address, count, every_ms)."""
        found = []
        for (address, count, every_ms), cells in zip(reads, group.cells(reads)):
            block = _Block(self.state, cells)
            found.append((Job(self.slave, block.done, every_ms).read(self.function, address, count), block))
        return found

    def put(self, group, made):
        """Let (job, block) of each read of a group take the place of those it had."""
        jobs = [job for job, _ in made]
        # One that is under way ends as it began; its values are the same registers.
        others = [job for job in self.bus.jobs if job not in group.jobs]
        self.bus.jobs[:] = others + jobs
        group.jobs, group.blocks = jobs, [block for _, block in made]


def _is_pair(pair):
    return isinstance(pair, list) and [isinstance(number, int) for number in pair] == [True, True]
