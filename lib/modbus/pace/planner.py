"""When to plan the reads of a slave anew: seldom, but in time; pure but for what it loads."""

import clock
from micropython import const
from modbus.wire.timing import cycle_us
from parts import Part

_HOLD_MS = const(10000)  # a better plan must stay better for so long
_KEEP_MS = const(60000)  # least time between two changes of plan
_GAIN = const(32)  # a new plan saves at least 1/32 of the bus time
_MOVED = const(16)  # think time or rest moved by less than 1/16 of a read: no need to look


class Planner:
    """Keeps one slave's reads right while its think time, rest and error rate move, without flapping.

    The plan in force costs at most 5 % more than the best one, except for the ten seconds in which a better one has to
    prove itself and within a minute of the last change.
    """

    def __init__(self, wanted, longest, timing, forbidden=()):
        """wanted: function that returns what is wanted, as for plan.schedule; called for each plan. timing: a first guess;
        it becomes the planner's own."""
        self._wanted = wanted
        self._longest = longest
        self._forbidden = forbidden
        self.timing = timing
        self.reads = _schedule(wanted(), longest, timing, forbidden)
        self.changes = 0
        self._looked = (timing.think_us, timing.rest_us, timing.errors_ppm)
        self._better_at = None  # since when another plan has been worth it
        self._changed_at = None

    def consider(self, think_us, rest_us, errors_ppm, now):
        """Take what was measured (as for Timing); return True if `reads` is a new list. Call it every few seconds."""
        timing = self.timing
        timing.think_us = think_us
        timing.rest_us = rest_us
        timing.errors_ppm = errors_ppm
        if self._better_at is None and not self._moved():
            return False
        best = _schedule(self._wanted(), self._longest, timing, self._forbidden)  # it may find no memory
        self._looked = (timing.think_us, timing.rest_us, timing.errors_ppm)
        cost_us = cycle_us(self.reads, timing)
        if (cost_us - cycle_us(best, timing)) * _GAIN < cost_us:
            self._better_at = None
            return False
        if self._better_at is None:
            self._better_at = now
        if clock.ticks_diff(now, self._better_at) < _HOLD_MS:
            return False
        if self._changed_at is not None and 0 <= clock.ticks_diff(now, self._changed_at) < _KEEP_MS:
            return False
        self.reads = best
        self.changes += 1
        self._better_at = None
        self._changed_at = now
        return True

    def take_back(self, reads):
        """Go on with the list of before: there was no memory to use the new one. It is looked for again."""
        self.reads = reads
        self.changes -= 1
        self._changed_at = None
        self._looked = (0, 0, 0)

    def _moved(self):
        """Return True if what counts differs from what the last look was made with."""
        timing = self.timing
        think_us, rest_us, errors_ppm = self._looked
        least_us = timing.read_us(1) // _MOVED
        moved_us = abs(timing.think_us - think_us) + abs(timing.rest_us - rest_us)
        return moved_us >= least_us or abs(timing.errors_ppm - errors_ppm) > errors_ppm // 4 + 50


def _schedule(wanted, longest, timing, forbidden):
    """Return plan.schedule of it. Its code stays in memory only so long; that of one rhythm is a third of it."""
    if len({w[2] for w in wanted}) < 2:
        with Part("modbus.pace.runs", "modbus.pace.runs") as runs:
            return runs.schedule(wanted, longest, timing, forbidden)
    with Part("modbus.pace.plan", "modbus.pace.") as plan:
        return plan.schedule(wanted, longest, timing, forbidden)
