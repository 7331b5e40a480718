"""A port on which the bridge polls the plant, and that carries the limit to it."""

import clock
from bridge.devices import sigenergy
from bridge.ports.port import Port
from bridge.ports.reads import Reads
from micropython import const
from modbus.master.job import Job
from modbus.master.master import Master
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import rtu

_READ_HOLDING = const(3)
_REPLY_MS = const(1000)  # chapter 3: "timed out" after 1000 ms
_LAST_REFUSAL = const(3)  # exceptions above it pass: busy, failed, no path
_SELDOM_MS = const(60000)  # the register is looked at so often while no limit is in force


class _Write(Job):
    """The write of the limit; its value is taken when it leaves."""

    def __init__(self, slave, done):
        Job.__init__(self, slave, done, urgent=True)
        self.command = None
        self.has_left = False

    def leave(self):
        raw = self.command.bind()
        self.write(sigenergy.LIMIT_ADDRESS, (raw >> 16, raw & 0xFFFF))
        self.has_left = True


class Plant(Port):
    """The port object of the roles `master` and `gateway` of RS485-1."""

    def __init__(self, line, baud, parity, state, settings, path=None):
        """path: record of what the plant does not have."""
        silence_us = rtu.silence_us(baud, parity)
        # Its own rule of 1000 ms between requests is rest enough, and the line keeps it for all who use the line.
        slave = Slave(settings.plant_unit, Pacing(silence_us, silence_us, _REPLY_MS, _REPLY_MS))
        bus = Master(line, baud, parity, sigenergy.PERIOD_MS)
        Port.__init__(self, bus, slave)
        period_us = 1000 * sigenergy.PERIOD_MS
        self._fast_ms = settings.plant_poll_ms
        slow_ms = settings.plant_slow_ms
        self.reads = Reads(bus, slave, state, sigenergy, self._fast_ms, slow_ms, baud, parity, period_us, 0, path)
        self._write = bus.add(_Write(slave, self._wrote))
        self._read = bus.add(Job(slave, self._read_back).read(_READ_HOLDING, sigenergy.LIMIT_ADDRESS, 2))
        self._missed = False  # the last answer

    def carry(self, command, now):
        """Do what is due of the limit command; return True."""
        slave, write, read = self.slave, self._write, self._read
        write.command = command
        command.touch(slave.silent(), now)
        if bool(slave.failures) != self._missed:
            self._missed = not self._missed
            command.doubt()
        if not write.has_left:
            due = command.due(now)
            if due and not write.active:
                write.ask(now)
            elif not due:
                write.active = False
        watched = command.watched(now)
        if not watched:
            read.active = False
            return True
        read.every_ms = self._fast_ms if watched > 1 else _SELDOM_MS
        if command.read_first or not read.active:
            command.read_first = False
            read.ask(clock.ticks_add(now, -read.every_ms))
        return True

    def follow(self, now):
        """Follow the slave's pace."""
        self.reads.replan(now)

    def link(self, now):
        """Return the link and why: an answering slave is ok only while all required values are good."""
        link = self.slave.link()
        return self.reads.health(now) if link == "ok" else (link, "")

    def words(self):
        """Return how fast it goes."""
        return self.reads.words()

    def pace(self):
        """Return what was learned of the slave's pace."""
        return self.slave.pace.snapshot()

    def _wrote(self, job, status, frame, at, count):
        job.has_left = False
        job.command.wrote(status, rtu.describe(status), clock.ticks_ms())

    def _read_back(self, job, status, frame, at, count):
        command = self._write.command
        if command:
            raw = sigenergy.limit(frame, at + 2) if status == rtu.OK else None
            command.read(raw, 0 < status <= _LAST_REFUSAL, rtu.describe(status), clock.ticks_ms())
