"""What a device does not have: reads that fail are split until it stands alone, and it is asked for again seldom.

    30003 ............ 30051   exception 2
    30003 .. 30014 | 30027 ..   answered | exception 2, split again
    30030                       alone: the device does not have it; the others are planned anew around it

If nothing is missing in the end, the read was too long, or ran over registers between values that the device refuses.
"""

import clock
import log
from bridge import points, readings
from micropython import const
from modbus.master.job import Job
from modbus.wire import rtu

_JOBS_MOST = const(12)  # of a line: a device that never answered anything is not split further
_LATER_MS = const(10000)  # a read that is refused as a whole is asked again after so long
_SELDOM_MS = const(600000)  # all that a device does not have is asked for once in so long
_HURRY_MS = const(2000)  # between two of them after the device was away
_KEEP_MS = const(10000)  # what was found is recorded when nothing else was for so long
_ALMOST_DEAF = const(2)  # failures that the halves of an unanswered read begin with
_ILLEGAL_FUNCTION = const(1)
_ENDS = const(7)  # of the master's counts: how exchanges ended, good and exception first
# Failures in a row until a register counts as missing on a line that loses a lot: 0.36 ** 14 is less than one in a million.
_SILENT = const(14)
_LOSSY = const(20)  # such a line loses more than one exchange in so many


class Search:
    """The search in the groups of one device (reads.Reads)."""

    def __init__(self, reads):
        self._reads = reads
        self._cuts = {}  # by group: (end, begin of the next, registers) of each read that was split
        self._lost = []  # groups in which something was found missing
        self._heard = any(
            [block.works for group in reads.groups for block in group.blocks]
        )  # a read was answered, ever
        self._was_away = False
        self._hurry = 0  # registers that are asked for again at once
        self._turn = 0
        self._changed_at = None  # ticks of what is not recorded yet
        self._probe = None  # asks for one missing register
        self._probe_at = 0
        self._back = None  # address of one that is there after all
        if self._missing():  # from the record: who answers now may have started anew, or be another one
            self._hurry = self._missing()
            self._probe_at = clock.ticks_add(clock.ticks_ms(), _HURRY_MS)

    def looks(self, group):
        """Return True while the reads of a group are in search."""
        return group in self._cuts

    def step(self, now):
        """Take the next step: at most one read is split, or one group planned anew."""
        if self._reads.slave.silent():
            self._was_away = True
            return
        if self._changed_at is not None and clock.ticks_diff(now, self._changed_at) >= _KEEP_MS:
            self._changed_at = None
            self._reads.keep()
        for group in self._reads.groups:
            for i, block in enumerate(group.blocks):
                self._heard = self._heard or block.works
                if block.failed:
                    return self._split(group, i, now)
            if group in self._cuts and all([block.works for block in group.blocks]):
                return self._end(group)
        if self._was_away and not self._reads.slave.failures:
            self._was_away = False  # it may have started anew, or be another one
            self._hurry = self._missing()
            self._probe_at = now
        self._ask(now)

    def _split(self, group, i, now):
        reads = self._reads
        job, block = group.jobs[i], group.blocks[i]
        status, block.failed = block.failed, 0
        rows = group.between(job.address, job.quantity)
        if not self._heard and (status == _ILLEGAL_FUNCTION or len(reads.bus.jobs) >= _JOBS_MOST):
            job.due_at = clock.ticks_add(now, _LATER_MS)
            return
        made = list(zip(group.jobs, group.blocks))
        cuts = self._cuts.setdefault(group, [])
        if len(rows) > 1:
            half = len(rows) // 2
            begin, before = rows[half][0], rows[half - 1]
            end = before[0] + readings.registers(before[1])
            cuts.append((end, begin, job.quantity))
            halves = (job.address, end), (begin, job.address + job.quantity)
            made[i : i + 1] = reads.made(group, [(first, last - first, group.every_ms) for first, last in halves])
            for part, _ in made[i : i + 2]:
                part.failures = _ALMOST_DEAF if status < 0 else 0
        elif status < 0 and job.failures < _SILENT and self._is_lossy():
            return  # that it is silent says little there
        else:
            address, kind, _, point, _, _ = rows[0]
            group.absent[address] = status
            group.holes.append((address, readings.registers(kind)))
            reads.state.readings.forget(points.number(point))
            self._lost.append(group)
            self._changed_at = now
            self._probe_at = clock.ticks_add(now, _SELDOM_MS // self._missing())
            log.info("reads", "unit %d has no %d: %s" % (reads.slave.unit, address, rtu.describe(status)))
            del made[i]
        reads.put(group, made)

    def _is_lossy(self):
        good, _, *lost = self._reads.bus.counts[:_ENDS]
        return sum(lost) * _LOSSY > good

    def _end(self, group):
        """Plan a group anew in which all reads are answered now."""
        cuts = self._cuts.pop(group)
        if group not in self._lost:
            for end, begin, _ in cuts:
                if end < begin:
                    group.holes.append((end, 1))
                else:
                    group.longest = max([job.quantity for job in group.jobs])
        self._lost = [other for other in self._lost if other is not group]
        self._reads.plan(group)

    # -- asking again ----------------------------------------------------------------

    def _missing(self):
        return sum([len(group.absent) for group in self._reads.groups])

    def _ask(self, now):
        """Ask for the next register that is missing, when it is time."""
        count = self._missing()
        if self._back is not None:
            return self._found()
        if not count or clock.ticks_diff(now, self._probe_at) < 0:
            return
        reads = self._reads
        self._turn = (self._turn + 1) % count
        address, registers = [(a, n) for g in reads.groups for a, n in g.holes if a in g.absent][self._turn]
        self._probe = self._probe or Job(reads.slave, self._answered)
        if self._probe not in reads.bus.jobs:
            reads.bus.add(self._probe)
        self._probe.read(reads.function, address, registers).ask(now)
        self._hurry = max(self._hurry - 1, 0)
        self._probe_at = clock.ticks_add(now, _HURRY_MS if self._hurry else _SELDOM_MS // count)

    def _answered(self, job, status, frame, at, count):
        if status == rtu.OK:
            self._back = job.address

    def _found(self):
        """Plan for a register that is there after all."""
        address, self._back = self._back, None
        for group in self._reads.groups:
            if address in group.absent:
                del group.absent[address]
                group.holes[:] = [hole for hole in group.holes if hole[0] != address]
                self._cuts.pop(group, None)
                self._changed_at = clock.ticks_ms()
                log.info("reads", "unit %d has %d now" % (self._reads.slave.unit, address))
                self._reads.plan(group)
