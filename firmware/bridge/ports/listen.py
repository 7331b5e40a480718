"""Only hears a port on which others talk, and takes readings from what is answered there. Transmits nothing, ever."""

import asyncio

import clock
from bridge import points
from bridge import readings as cells
from bridge.devices import registers
from bridge.ports.port import Port
from micropython import const
from modbus.listen import listener
from modbus.wire import rtu

_LOOK_MS = const(5)  # the line is looked at so often: stamps are as good as that
_CHUNK = const(24)  # bytes for a turn: five times what comes meanwhile, and noise takes a chip 1 ms a byte
_LINK_MS = const(10000)  # without an exchange for so long the line is silent, or noisy if bytes come
_FIRST_AGE_MS = const(10000)  # before the pace of the other master is known
_LEAST_AGE_MS = const(3000)
_MOST_AGE_MS = const(3600000)
_STALE_POLLS = const(4)
_LEARN_MS = const(5000)
_TOLD = const(4)  # polls named in the state


class Source:
    """One slave whose answers become readings: a device module at a unit, asked by any of `functions`."""

    def __init__(self, unit, device, functions, readings):
        self.unit = unit
        self._functions = functions
        self._readings = readings
        self._rows = tuple(
            [(address, cells.registers(kind), points.number(point), point, kind, scale)
             for address, kind, scale, point, _, _ in registers.rows(device)]
        )  # fmt: skip
        self._age_ms = [0] * len(self._rows)
        for place in range(len(self._rows)):
            self._bind(place, _FIRST_AGE_MS)

    def asked(self, unit, function):
        """Return True if a request was for this slave, and for what becomes readings."""
        return unit == self.unit and function in self._functions

    def take(self, address, count, buffer, at, when):
        """Store what was read from this slave."""
        end = address + count
        readings = self._readings
        for first, words, n, _, _, _ in self._rows:
            if address <= first and first + words <= end:
                readings.put(n, buffer, at + 2 * (first - address), when)

    def follow(self, polls):
        """Let values grow as old as the other master's pace asks for: four of its polls."""
        for place, (first, words, _, _, _, _) in enumerate(self._rows):
            fastest_ms = 0
            for row in range(polls.size):
                key = polls.key(row)
                if not key or key[0] != self.unit or key[1] not in self._functions:
                    continue
                period_ms = polls.period_ms(row)
                if period_ms and key[2] <= first and first + words <= key[2] + key[3]:
                    fastest_ms = min(fastest_ms or period_ms, period_ms)
            if fastest_ms:
                age_ms = min(max(_STALE_POLLS * fastest_ms, _LEAST_AGE_MS), _MOST_AGE_MS)
                if abs(age_ms - self._age_ms[place]) > self._age_ms[place] >> 2:
                    self._bind(place, age_ms)

    def _bind(self, place, age_ms):
        _, _, _, point, kind, scale = self._rows[place]
        self._readings.bind(point, kind, scale, age_ms)
        self._age_ms[place] = age_ms


class Ear:
    """The line and its listener: the `bus` and the `slave` of the role."""

    count_names = listener.COUNT_NAMES

    def __init__(self, line, baud, parity, sources):
        line.transmit_off()
        self._line = line
        self._sources = sources
        self._chunk = bytearray(_CHUNK)
        self.listener = listener.Listener(baud, parity, self)
        self.counts = self.listener.counts
        self.stopped = False  # set it, and run() ends
        self.status = rtu.SILENT
        self._good_at = self._refused_at = self._others_at = self._byte_at = None  # ticks, of the last ten seconds
        self._code = 0  # of the last refusal
        self._heard = False  # anybody was answered, ever

    async def run(self, beat):
        """Listen until `stopped` is set. An OSError of the line (adapter pulled out) goes to the caller."""
        line, chunk = self._line, self._chunk
        feed = self.listener.feed
        while not self.stopped:
            beat()
            count = line.readinto(chunk, _CHUNK)
            now = clock.ticks_ms()
            feed(chunk, count, now)
            if count:
                self._byte_at = now
            await asyncio.sleep_ms(_LOOK_MS)

    def link(self):
        """Return how the devices that become readings fare: "starting", "ok", "refuses", "silent" or "noisy" (bytes, but no
        exchanges)."""
        now = clock.ticks_ms()
        # Stamps that are no longer needed go, before the ticks can wrap.
        self._good_at, self._refused_at = _young(self._good_at, now), _young(self._refused_at, now)
        self._others_at, self._byte_at = _young(self._others_at, now), _young(self._byte_at, now)
        if self._good_at is not None:
            self.status = rtu.OK
            return "ok"
        if self._refused_at is not None:
            self.status = self._code
            return "refuses"
        if not self._heard and not self.counts[listener.RUBBISH]:
            return "starting"
        is_noisy = self._byte_at is not None and self._others_at is None
        self.status = rtu.BAD_CRC if is_noisy else rtu.SILENT
        return "noisy" if is_noisy else "silent"

    def why(self):
        """Return why the link is not ok, in words, where it does not say so itself."""
        if self._good_at is not None:
            return ""
        if self._refused_at is not None:
            return rtu.describe(self._code)
        units = " and ".join([str(source.unit) for source in self._sources])
        return "others are answered, unit %s is not" % units if self._others_at is not None else ""

    def heard(self, unit, function, address, count, status, buffer, at, when):
        """Take what the listener paired."""
        if status == rtu.SILENT:
            return
        self._heard = True
        is_others = True
        for source in self._sources:
            if source.asked(unit, function):
                is_others = False
                if status == rtu.OK:
                    self._good_at = when
                    source.take(address, count, buffer, at, when)
                else:
                    self._refused_at, self._code = when, status
        if is_others:
            self._others_at = when


class Listen(Port):
    """The port object of the role `listen`, see ports/roles."""

    def __init__(self, line, baud, parity, state, devices):
        """devices: (unit, device module, functions as bytes) of the slaves whose answers become readings."""
        self._sources = [Source(unit, device, functions, state.readings) for unit, device, functions in devices]
        ear = Ear(line, baud, parity, self._sources)
        Port.__init__(self, ear, ear)
        self._learn_at = clock.ticks_ms()

    def follow(self, now):
        """Follow the pace of the other masters."""
        if clock.ticks_diff(now, self._learn_at) >= 0:
            self._learn_at = clock.ticks_add(now, _LEARN_MS)
            polls = self.bus.listener.polls
            polls.expire(now)
            for source in self._sources:
                source.follow(polls)

    def link(self, now):
        """Return the link of the device, and why."""
        return self.bus.link(), self.bus.why()

    def words(self):
        """Return who is polled and how fast, the first few rows."""
        rows = self.polls()
        told = ["%d/%d:%d+%d " % row[:4] + ("every %d ms" % row[4] if row[4] else "once") for row in rows[:_TOLD]]
        return ", ".join(told + (["and %d more" % (len(rows) - _TOLD)] if len(rows) > _TOLD else []))

    def polls(self):
        """Return what others ask for and how often, rows as Polls.shown() gives them."""
        return self.bus.listener.polls.shown()


def _young(at, now):
    """Return a stamp as long as it is of the last ten seconds, then None."""
    return at if at is not None and clock.ticks_diff(now, at) <= _LINK_MS else None
