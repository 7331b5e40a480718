"""What clients of a gateway want of a master: their requests, and the pace of slaves that only they ask."""

import clock
from micropython import const
from modbus.master.request import Request
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing

_WAITING = const(4)  # requests
_SLAVES = const(4)  # whose pace is kept
_FORGOTTEN_S = const(3600)


class Forwarded(Request):
    """The request of a client; done(status, frame, at, count)."""

    of_client = True

    def finish(self, status, frame, at, count):
        self.done(status, frame, at, count)


class Clients:
    """Puts requests into the master's queue."""

    def __init__(self, jobs, queue, silence_us):
        """jobs: the master's own; queue: list of what clients wait for."""
        self._jobs = jobs
        self._queue = queue
        self._silence_us = silence_us
        self._slaves = []  # (slave, seconds of its last request), the one asked last stands last

    def add(self, unit, sent, count, done):
        """Queue a request; return False if too many wait."""
        if len(self._queue) >= _WAITING:
            return False
        self._queue.append(Forwarded(self._slave(unit), sent, count, done))
        return True

    def withdraw(self, done):
        """Take the request with this done out of the queue; return False if it is not there."""
        for job in self._queue:
            if job.done is done:
                self._queue.remove(job)
                return True
        return False

    def _slave(self, unit):
        """Return what is known of a unit."""
        for job in self._jobs:
            if job.slave.unit == unit:
                return job.slave
        now_s = clock.seconds()
        slave = None
        for known in self._slaves:
            if known[0].unit == unit:
                self._slaves.remove(known)
                # After days its stamps would compare wrong, and it may be another one by then.
                slave = known[0] if now_s - known[1] < _FORGOTTEN_S else None
                break
        slave = slave or Slave(unit, Pacing(self._silence_us))
        self._slaves.append((slave, now_s))
        if len(self._slaves) > _SLAVES:
            self._slaves.pop(0)
        return slave
