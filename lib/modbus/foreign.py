"""What clients of a gateway want of a master: their requests, and the pace of slaves that only they ask."""

from micropython import const
from modbus.pacing import Pacing
from modbus.request import Request
from modbus.slave import Slave

_WAITING = const(4)  # requests
_SLAVES = const(4)  # whose pace is kept


class Foreign(Request):
    """The request of a client; done(status, frame, at, count)."""

    def __init__(self, slave, sent, count, done):
        Request.__init__(self, slave, sent, count, done)
        self.is_foreign = True

    def finish(self, status, frame, at, count):
        self.done(status, frame, at, count)


class Clients:
    """Puts requests into the master's queue."""

    def __init__(self, jobs, queue, silence_us):
        """jobs: the master's own; queue: list of what clients wait for."""
        self._jobs = jobs
        self._queue = queue
        self._silence_us = silence_us
        self._slaves = []  # the one asked last stands last

    def add(self, unit, sent, count, done):
        """Queue a request; return False if too many wait."""
        if len(self._queue) >= _WAITING:
            return False
        self._queue.append(Foreign(self._slave(unit), sent, count, done))
        return True

    def _slave(self, unit):
        """Return what is known of a unit."""
        for job in self._jobs:
            if job.slave.unit == unit:
                return job.slave
        slave = None
        for known in self._slaves:
            if known.unit == unit:
                slave = known
                self._slaves.remove(known)
                break
        if slave is None:
            slave = Slave(unit, Pacing(self._silence_us))
        self._slaves.append(slave)
        if len(self._slaves) > _SLAVES:
            self._slaves.pop(0)
        return slave
