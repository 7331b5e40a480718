"""Reads the sensor (RS485-2) and the plant (RS485-1), and brings the limit to the plant. Writer of the readings.

A bus is a Master with the jobs made here from the device's register table; its own task owns the line. This module's
`watch` expires readings, drives the limit command and reports links.
"""

import asyncio

import clock
import log
from bridge import points, readings
from bridge.devices import registers, sigenergy
from bridge.logic import actuation
from micropython import const
from modbus import master, rtu
from unload import unload

_SENSOR_REPLY_MS = const(300)  # usual time-out of the field; SDM meters answer within some tens of ms
_PLANT_REPLY_MS = const(1000)  # chapter 3: "timed out" after 1000 ms
_STALE_POLLS = const(4)  # a value is stale when four polls in a row brought nothing
_STALE_LEAST_MS = const(3000)
_WATCH_MS = const(20)
_REPORT_MS = const(500)
_REFUSED_PAUSE_MS = const(600000)  # an optional block that the device refused is asked again so seldom


class Block:
    """One read of neighbouring registers and where its values go."""

    def __init__(self, state, rows, address, count, optional):
        self._state = state
        self._optional = optional
        # (point number, position of its first byte) in this read
        self._cells = tuple(
            [(points.number(r[3]), 2 * (r[0] - address)) for r in rows if address <= r[0] < address + count]
        )

    def done(self, job, status, buffer, at):
        """Take a read's result: store the values, or let them age."""
        state = self._state
        if status == rtu.OK:
            state.bus_exchanges += 1
            now = clock.ticks_ms()
            put = state.readings.put
            for n, position in self._cells:
                put(n, buffer, at + position, now)
        elif status > 0 and self._optional:
            job.due_at = clock.ticks_add(clock.ticks_ms(), _REFUSED_PAUSE_MS)
            for n, _ in self._cells:
                state.readings.forget(n)


def add_reads(bus, slave, state, device, fast_ms, slow_ms):
    """Give a master the reads of a device (module of bridge/devices); required and optional registers apart."""
    for pace, every_ms in (("fast", fast_ms), ("slow", slow_ms)):
        for optional in (False, True):
            rows = [r for r in registers.rows(device) if r[4] == pace and r[5] == optional]
            wanted = [(r[0], readings.words(r[1])) for r in rows]
            for row in rows:
                limit_ms = max(_STALE_POLLS * every_ms, _STALE_LEAST_MS)
                state.readings.bind(row[3], row[1], row[2], limit_ms)
            for address, count in _planned(wanted, device.LONGEST):
                block = Block(state, rows, address, count, optional)
                bus.add(master.Job(slave, device.FUNCTION, address, count, block.done, every_ms))


def _planned(wanted, longest):
    """Return the reads of least bus time."""
    from modbus import plan  # 5 kB of code that is needed at the start only

    found = plan.reads(wanted, longest)
    unload("modbus.plan")
    return found


class Sensor:
    """RS485-2: the power sensor."""

    name = "sensor"

    def __init__(self, board, state, settings, device):
        line = board.rs485(2, settings.sensor_baud, settings.sensor_parity)
        self.slave = master.Slave(settings.sensor_unit, _SENSOR_REPLY_MS)
        self.bus = master.Master(line, settings.sensor_baud, settings.sensor_parity)
        add_reads(self.bus, self.slave, state, device, settings.sensor_poll_ms, settings.sensor_slow_ms)

    def report(self, state, link, counts):
        """Put link and counts into state."""
        state.sensor_link = link
        state.sensor_stats = counts


class Plant:
    """RS485-1: the plant, its readings and the limit command."""

    name = "plant"

    def __init__(self, board, state, settings):
        line = board.rs485(1, settings.plant_baud, settings.plant_parity)
        self._state = state
        self._highest = points.number("plant_max_power")
        self.command = actuation.LimitCommand()
        self._edge_at = None  # contact edge whose write is under way
        self.slave = slave = master.Slave(settings.plant_unit, _PLANT_REPLY_MS, sigenergy.PERIOD_MS)
        self.bus = bus = master.Master(line, settings.plant_baud, settings.plant_parity)
        add_reads(bus, slave, state, sigenergy, settings.plant_poll_ms, settings.plant_slow_ms)
        address = sigenergy.LIMIT_ADDRESS
        self._write = bus.add(master.Job(slave, rtu.WRITE_MANY, address, 2, self._wrote, urgent=True))
        self._read = bus.add(master.Job(slave, rtu.READ_HOLDING, address, 2, self._read_back, urgent=True))

    def report(self, state, link, counts):
        """Put link and counts into state."""
        state.plant_link = link
        state.plant_stats = counts

    def drive(self, now):
        """Ask for the next step of the limit command, if one is due."""
        state, command = self._state, self.command
        raw = actuation.raw_limit(state.limit_pct, state.readings.last(self._highest)) if state.limit_wanted else None
        command.want(raw, now)
        if state.plant_limit_state != command.state:
            self._publish(now)
        if self._write.active or self._read.active:
            return
        action = command.step(self.slave.silent(), now)
        if action == actuation.WRITE:
            self._edge_at = state.inputs_at if state.input_edges else None
            self._target = command.target
            self._write.words = (self._target >> 16, self._target & 0xFFFF)
            self._write.ask(now)
        elif action == actuation.READ:
            self._read.ask(now)

    def _wrote(self, job, status, buffer, at):
        now = clock.ticks_ms()
        if self.command.target == self._target:
            self.command.wrote(status, rtu.describe(status), now)
        if status == rtu.OK and self._edge_at is not None:
            self._state.edge_to_write_ms = clock.ticks_diff(now, self._edge_at)
        self._publish(now)

    def _read_back(self, job, status, buffer, at):
        now = clock.ticks_ms()
        raw = None
        if status == rtu.OK:
            raw = buffer[at] << 24 | buffer[at + 1] << 16 | buffer[at + 2] << 8 | buffer[at + 3]
        self.command.read(raw, rtu.describe(status), now)
        self._publish(now)

    def _publish(self, now):
        state, command = self._state, self.command
        if (state.plant_limit_state, state.plant_limit_text) == (command.state, command.text):
            return
        state.plant_limit_state = command.state
        state.plant_limit_text = command.text
        state.plant_limit_at = now
        if command.state in ("confirmed", "refused", "unreachable"):
            what = "released" if command.target == sigenergy.LIMIT_NONE else "%d W" % (command.target or 0)
            log.info("plant", ("limit %s: %s %s" % (what, command.state, command.text)).strip())


def _wiring(settings):
    """Return the settings that a port is made from; when one changes, the port is made anew."""
    names = ("sensor_model", "sensor_unit", "sensor_baud", "sensor_parity", "sensor_poll_ms", "sensor_slow_ms")
    names += ("plant_enabled", "plant_unit", "plant_baud", "plant_parity", "plant_poll_ms", "plant_slow_ms")
    return tuple([getattr(settings, name) for name in names])


async def run(beat, settings, ports, name, make):
    """Own one port: make() returns its object, or None if the port is not used; made anew when settings change."""
    while True:
        made_for = _wiring(settings)
        port = make()
        ports[name] = port
        if port:
            port.made_for = made_for
            await port.bus.run(beat)
        while not port and _wiring(settings) == made_for:
            beat()
            await asyncio.sleep_ms(1000)


async def watch(beat, state, settings, ports):
    """Expire readings, report links and drive the limit command. ports: {name: Sensor or Plant object or None}."""
    links = {}
    report_at = clock.ticks_ms()
    while True:
        beat()
        now = clock.ticks_ms()
        plant = ports.get("plant")
        if plant:
            plant.drive(now)
        if clock.ticks_diff(now, report_at) >= 0:
            report_at = clock.ticks_add(now, _REPORT_MS)
            state.readings.expire(now)
            for port in [p for p in ports.values() if p]:
                _report(state, port, links)
                if port.made_for != _wiring(settings):
                    port.bus.stopped = True
        await asyncio.sleep_ms(_WATCH_MS)


def _report(state, port, links):
    link = port.slave.link()
    if links.get(port.name, "starting") != link:
        log.info(port.name, "link %s (%s)" % (link, rtu.describe(port.slave.status)))
    links[port.name] = link
    port.report(state, link, dict(zip(master.COUNT_NAMES, port.bus.counts)))
