"""Whose turn it is on a line: the half of a master that knows its jobs, and not yet a byte.

Urgent jobs go first (every second exchange at most), then the one whose deadline is nearest (its due time and one period
more), then what clients of a gateway ask for; if the bridge's own jobs leave no time, a client gets every third exchange.
Slow jobs that fell behind together are due together: between two of them goes every faster one that the first passed over.
"""

import clock
from micropython import const

IDLE_MS = const(10)  # longest wait for a new urgent job
_URGENT_MOST = const(2)  # in a row; over a longer time every second exchange at most, while others wait
_LONG_MS = const(1 << 20)  # a stamp older than that means nothing
_OWN_FIRST = const(2)  # exchanges of the bridge itself between two of clients, at least


class Queue:
    """The jobs of a line."""

    def __init__(self, line, silence_us, period_ms):
        """silence_us: t3.5 of the line; period_ms: see Master."""
        self._line = line
        self._silence_us = silence_us
        self._period_ms = period_ms
        self.jobs = []
        self._forwarded = []
        self._clients = None
        self._own = 0  # exchanges since the last one of a client
        self._passes = False  # the job whose turn it is passes over a faster one that is due
        self._passed_at = self._free_at = clock.ticks_ms()  # when one did so last
        self._urgent = _URGENT_MOST  # urgent jobs that may go before all others now

    def add(self, job):
        """Take a job on and return it."""
        self.jobs.append(job)
        return job

    # -- clients of a gateway --------------------------------------------------------

    def forward(self, unit, sent, count, done):
        """Queue the request PDU sent[:count] of a client for a slave; return False if too many wait.

        done(status, frame, at, count) is called with the reply's PDU frame[at:at + count], unless `withdraw` comes first.
        """
        if self._clients is None:
            from modbus.master.clients import Clients  # only a gateway needs it

            self._clients = Clients(self.jobs, self._forwarded, self._silence_us)
        return self._clients.add(unit, sent, count, done)

    def withdraw(self, done):
        """Forget the request that came with this done; return False if it was sent already."""
        return self._clients.withdraw(done)

    # -- whose turn it is ------------------------------------------------------------

    def _next(self, now):
        """Return the job to run now, or None."""
        diff = clock.ticks_diff
        if self._rests_ms(now):
            return None
        best = urgent = fastest = waited = None
        least_ms = 0
        self._passes = False
        for job in self.jobs:
            if not job.active:
                continue
            left_ms = job.every_ms - diff(now, job.due_at)  # until its deadline
            if left_ms > job.every_ms or not self._may(job, now):
                continue
            if job.urgent:
                if self._urgent:
                    return job.slave.before(job, now)
                urgent = job
                continue
            if best is None or left_ms < least_ms:
                best, least_ms = job, left_ms
            if fastest is None or job.every_ms < fastest.every_ms:
                fastest = job
            if 0 <= diff(self._passed_at, job.due_at) < _LONG_MS:
                sooner_ms = waited.every_ms - job.every_ms if waited else 1
                if sooner_ms > 0 or (sooner_ms == 0 and diff(waited.due_at, job.due_at) > 0):
                    waited = job
        if waited and waited.every_ms < best.every_ms:
            best = waited
        if self._forwarded and (best is None or self._own >= _OWN_FIRST):
            for job in self._forwarded:
                if self._may(job, now):
                    first = job.slave.before(job, now)
                    if first is job:
                        self._forwarded.remove(job)
                    return first
        self._passes = best is not fastest and best.every_ms > fastest.every_ms
        best = best or urgent
        return best and best.slave.before(best, now)

    def _rests_ms(self, now):
        """Return how long the line still rests for its period, in ms."""
        left_ms = clock.ticks_diff(self._free_at, now)
        return left_ms if 0 < left_ms < 2 * self._period_ms else 0  # else the stamp is from long ago

    def _may(self, job, now):
        """Return True if the job's slave can be asked for it now, or within some milliseconds."""
        slave = job.slave
        if not slave.asked:
            return True
        rested_us = slave.rested_us(now, clock.ticks_us())
        if rested_us + 1000 * IDLE_MS < slave.pace.rest_us():
            return False
        if slave.may_repeat(rested_us, self._line.any()):
            return False
        if not slave.failures or job.urgent:
            return True  # whoever asks urgently keeps his own pauses
        return clock.ticks_diff(now, slave.asked_at) >= slave.probe_ms(self._is_alone(slave))

    def _is_alone(self, slave):
        for job in self.jobs:
            if job.active and job.slave is not slave:
                return False
        return not self._forwarded

    def _had(self, job):
        """Note who had the line."""
        if self._passes:
            self._passed_at = clock.ticks_ms()
        self._own = 0 if job.of_client else min(self._own + 1, _OWN_FIRST)
        self._urgent = max(self._urgent - 1, 0) if job.urgent else min(self._urgent + 1, _URGENT_MOST)
