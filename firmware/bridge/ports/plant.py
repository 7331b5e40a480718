"""A port on which the bridge polls the plant, and what carries a commanded value to a register of it."""

import clock
from bridge.devices import sigenergy
from bridge.logic.grid import command as commands
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


class Write(Job):
    """The write of a command; its value is taken when it leaves."""

    _switches = False

    def __init__(self, slave, address, switches=False):
        """switches: one register, 0 or 1, instead of a value of two."""
        Job.__init__(self, slave, None, urgent=True)
        self.command = None
        self.has_left = False
        self.address = address
        if switches:
            self._switches = True  # an attribute more makes the table of each job larger

    def leave(self):
        raw = self.command.bind()
        if self._switches:
            self.write_one(self.address, 1 if raw else 0)
        else:
            self.write(self.address, (raw >> 16, raw & 0xFFFF))
        self.has_left = True


class Carrier(Port):
    """A port object that carries a grid.command.LimitCommand to registers of a slave."""

    def __init__(self, bus, slave, write, fast_ms):
        """write: what brings the value there. fast_ms: how often it is read back while in force, 0 = it cannot be."""
        Port.__init__(self, bus, slave)
        self._fast_ms = fast_ms
        self._write = bus.add(write)
        write.done = self._wrote
        self._read = bus.add(Job(slave, self._read_back).read(_READ_HOLDING, write.address, 2)) if fast_ms else None
        self._missed = False  # the last answer

    def hold(self, on):
        """As Port.hold."""
        return self.bus.hold(on)

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
        if not read:
            return True
        watched = command.watched(now)
        if not watched:
            read.active = False
            return True
        read.every_ms = min(self._fast_ms, commands.WATCHED_MS) if watched > 1 else _SELDOM_MS
        if command.read_first or not read.active:
            command.read_first = False
            read.ask(clock.ticks_add(now, -read.every_ms))
        return True

    def leave(self):
        """Take the jobs off the line."""
        for job in (self._write, self._read):
            if job:
                self.bus.jobs.remove(job)

    def _wrote(self, job, status, frame, at, count):
        job.has_left = False
        job.command.wrote(status, rtu.describe(status), clock.ticks_ms())

    def _read_back(self, job, status, frame, at, count):
        command = self._write.command
        if command:
            raw = sigenergy.limit(frame, at + 2) if status == rtu.OK else None
            command.read(raw, 0 < status <= _LAST_REFUSAL, rtu.describe(status), clock.ticks_ms())


class Plant(Carrier):
    """The port object of the roles `master` and `gateway` of RS485-1."""

    def __init__(self, line, baud, parity, state, settings, path=None, master=Master):
        """path: record of what the plant does not have; master: class of the bus."""
        silence_us = rtu.silence_us(baud, parity)
        # Its own rule of 1000 ms between requests is rest enough, and the line keeps it for all who use the line.
        slave = Slave(settings.plant_unit, Pacing(silence_us, silence_us, _REPLY_MS, _REPLY_MS))
        bus = master(line, baud, parity, sigenergy.PERIOD_MS)
        period_us = 1000 * sigenergy.PERIOD_MS
        fast_ms, slow_ms = settings.plant_poll_ms, settings.plant_slow_ms
        self.reads = Reads(bus, slave, state, sigenergy, fast_ms, slow_ms, baud, parity, period_us, 0, path)
        Carrier.__init__(self, bus, slave, Write(slave, sigenergy.LIMIT_ADDRESS), fast_ms)

    def order(self, address, switches):
        """Return a Carrier for another command; switches: it cannot be read back either."""
        return Carrier(self.bus, self.slave, Write(self.slave, address, switches), 0 if switches else self._fast_ms)

    def job(self, done):
        """Return a job on the line for one request after the other, see modbus/master/job."""
        return self.bus.add(Job(self.slave, done))

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
