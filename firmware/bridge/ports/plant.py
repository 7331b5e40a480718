"""A port on which the bridge polls the plant and brings the limit to it."""

import clock
from bridge import points
from bridge.devices import sigenergy
from bridge.logic.grid import actuation
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


class Plant(Port):
    """The port object of the roles `master` and `gateway` of RS485-1."""

    def __init__(self, line, baud, parity, state, settings):
        self._state = state
        self._highest = points.number("plant_max_power")
        self.command = actuation.LimitCommand()
        self._edge_at = None  # contact edge whose write is under way
        self._target = None
        silence_us = rtu.silence_us(baud, parity)
        # Its own rule of 1000 ms between requests is rest enough, and the line keeps it for all who use the line.
        slave = Slave(settings.plant_unit, Pacing(silence_us, silence_us, _REPLY_MS, _REPLY_MS))
        bus = Master(line, baud, parity, sigenergy.PERIOD_MS)
        Port.__init__(self, bus, slave)
        period_us = 1000 * sigenergy.PERIOD_MS
        fast_ms, slow_ms = settings.plant_poll_ms, settings.plant_slow_ms
        self.reads = Reads(bus, slave, state, sigenergy, fast_ms, slow_ms, baud, parity, period_us)
        self._write = bus.add(Job(slave, self._wrote, urgent=True))
        self._read = bus.add(Job(slave, self._read_back, urgent=True).read(_READ_HOLDING, sigenergy.LIMIT_ADDRESS, 2))

    def drive(self, now):
        """Ask for the next step of the limit command, if one is due."""
        state, command = self._state, self.command
        raw = actuation.raw_limit(state.limit_pct, state.readings.last(self._highest)) if state.limit_wanted else None
        command.want(raw, now)
        if self._write.active or self._read.active:
            return
        action = command.step(self.slave.silent(), now)
        if action == actuation.WRITE:
            self._edge_at = state.inputs_at if state.input_edges else None
            self._target = command.target
            self._write.write(sigenergy.LIMIT_ADDRESS, (self._target >> 16, self._target & 0xFFFF)).ask(now)
        elif action == actuation.READ:
            self._read.ask(now)

    def follow(self, now):
        """Follow the slave's pace."""
        self.reads.replan(now)

    def words(self):
        """Return how fast it goes."""
        return self.reads.words()

    def pace(self):
        """Return what was learned of the slave's pace."""
        return self.slave.pace.snapshot()

    def _wrote(self, job, status, frame, at, count):
        now = clock.ticks_ms()
        if self.command.target == self._target:
            self.command.wrote(status, rtu.describe(status), now)
        if status == rtu.OK and self._edge_at is not None:
            self._state.edge_to_write_ms = clock.ticks_diff(now, self._edge_at)

    def _read_back(self, job, status, frame, at, count):
        now = clock.ticks_ms()
        raw = None
        if status == rtu.OK:
            raw = frame[at + 2] << 24 | frame[at + 3] << 16 | frame[at + 4] << 8 | frame[at + 5]
        self.command.read(raw, rtu.describe(status), now)
