"""Polls one device and decodes all registers of its table, with the quality that the limits of points.py give."""

import dataclasses
import math
import struct
import time

from bridge import points, quantities
from bridge.devices import codes, registers
from modbus.pace import plan
from modbus.wire import rtu

from bridgectl.bench.models import model

# Errors of optional registers that a device may lack without anything being wrong.
ABSENT = ("not on this device",)
_TRIES = 3
_JITTER_MS = 20
_METER_REST_S = 0.02  # some meters miss a request sent right after a reply
_WAIT_S = {"sdm230": 0.5, "sdm120ct": 0.5, "plant": 1.0}
_HINTS = {
    rtu.SILENT: "check power, the unit address, baud rate and parity; swap A and B (swapping harms nothing); "
    "`bridgectl scan` tries them all",
    rtu.SHORT: "the answer is cut: a loose wire, or a second device talks into it",
    rtu.BAD_CRC: "the answer is garbled: two devices with one address, missing termination, or the wrong parity",
    rtu.WRONG_UNIT: "another device answers: is a second master on this line?",
    rtu.WRONG_FUNCTION: "the answer fits no question of ours: is a second master on this line?",
    rtu.WRONG_COUNT: "the answer has the wrong length: late answers or a second master on this line",
}


@dataclasses.dataclass
class Value:
    """One register of the table: `value` in `unit`, or None with `error` in words. Quality: good, suspect, never."""

    point: str
    address: int
    unit: str
    decimals: int
    meaning: str
    value: float | int | None = None
    quality: str = "never"
    error: str = ""

    def text(self):
        """Return the value with its unit for people."""
        if self.value is None:
            return "–"
        if points.row(self.point)[4] == points.CODE:
            return codes.word(self.point, self.value) or str(self.value)
        return f"{fixed(self.value, self.decimals)} {self.unit}".replace(",", " ").rstrip()


@dataclasses.dataclass
class Tally:
    """How the exchanges of a poller went."""

    requests: int = 0
    good: int = 0
    refused: int = 0
    failed: int = 0
    echoes: int = 0
    glitches: int = 0
    slowest_ms: float = 0.0


def hint(status):
    """Return what to do about a status of rtu.check, or "" if nothing helps."""
    return _HINTS.get(status, "")


def decode(kind, scale, raw):
    """Return the value of register bytes; kind: a letter of struct, as in the device tables."""
    value = struct.unpack(">" + kind, raw)[0]
    return value if scale == 1 else value * scale


def fixed(value, decimals):
    """Return a value as text with so many decimals; a little less than nothing is nothing, never -0."""
    text = f"{value:,.{decimals}f}"
    return text if text.strip("-0.") else text.lstrip("-")


def plausible(point, value):
    """Return whether value lies within the limits that points.py gives the point."""
    _, _, low, high, _ = points.row(point)
    return math.isfinite(value) and low <= value <= high


class Poller:
    """Reads the whole table of one model again and again over an open Line."""

    def __init__(self, line, name, unit=None, wait_s=None):
        """name: a key of MODELS; wait_s: longest wait for an answer, None = as the model needs."""
        self.module = model(name)
        self.name = name
        self.unit = unit or self.module.UNIT
        self.tally = Tally()
        self.last_failure = rtu.SILENT  # of the exchanges that failed
        self._line = line
        self._wait_s = wait_s or _WAIT_S[name]
        self._rest_s = _least_period_s(self.module)
        self._asked = -math.inf
        self._ended = -math.inf
        self._counters = {}
        self._absent = set()  # optional registers that the device refuses
        self._single = set()  # addresses of blocks that the device only takes piecemeal

    def poll(self):
        """Return a Value for each row of the table, in its order. Stops early if the device says nothing at all."""
        values = {row[0]: self._blank(row) for row in registers.rows(self.module)}
        answered = False
        for address, count in self._blocks():
            exchange = self._ask(address, count)
            rows = [row for row in registers.rows(self.module) if address <= row[0] < address + count]
            if exchange.status == rtu.OK:
                answered = True
                for row in rows:
                    self._take(values[row[0]], row, exchange.registers(), address)
            elif exchange.status > 0 and len(rows) > 1:
                answered = True
                self._single.add(address)
                for row in rows:
                    self._alone(values[row[0]], row)
            else:
                answered = answered or exchange.status > 0
                for row in rows:
                    self._fail(values[row[0]], row, exchange.status)
                if exchange.status == rtu.SILENT and not answered:
                    break
        if not answered:
            for value in values.values():
                value.error = value.error or rtu.describe(self.last_failure)
        return list(values.values())

    def nobody(self):
        """Return True if no request was ever answered, not even by an exception."""
        return not self.tally.good and not self.tally.refused

    def doubtful(self):
        """Return True if who answers may be another model: the plant's registers are nobody else's."""
        return not self.nobody() and not (self.name == "plant" and self.tally.good)

    def _blocks(self):
        """Return (address, count) of the reads: optional registers apart, so that their refusal costs nothing else."""
        found, holes = [], getattr(self.module, "HOLES", ())
        for optional in (False, True):
            rows = [r for r in registers.rows(self.module) if r[5] == optional and r[0] not in self._absent]
            wanted = [(r[0], struct.calcsize(">" + r[1]) // 2) for r in rows]
            for address, count in plan.reads(wanted, self.module.LONGEST, forbidden=holes):
                if address in self._single:
                    found += [w for w in wanted if address <= w[0] < address + count]
                else:
                    found.append((address, count))
        return sorted(found)

    def _alone(self, value, row):
        exchange = self._ask(row[0], struct.calcsize(">" + row[1]) // 2)
        if exchange.status == rtu.OK:
            self._take(value, row, exchange.registers(), row[0])
        else:
            self._fail(value, row, exchange.status)

    def _ask(self, address, count):
        """Return the Exchange of one read, repeated when the line failed; keeps the device's own pace."""
        request = bytearray(8)
        rtu.request(request, self.unit, self.module.FUNCTION, address, count)
        for _ in range(_TRIES):
            pause_s = max(self._asked + self._rest_s, self._ended + _METER_REST_S) - time.monotonic()
            if pause_s > 0:
                time.sleep(pause_s)
            self._asked = time.monotonic()
            exchange = self._line.exchange(bytes(request), count, self._wait_s)
            self._ended = time.monotonic()
            self._count(exchange)
            if exchange.status >= 0:
                break
        else:
            self._line.listen(self._wait_s)  # a late answer must not be taken for the next one's
        return exchange

    def _count(self, exchange):
        tally = self.tally
        tally.requests += 1
        tally.good += exchange.status == rtu.OK
        tally.refused += exchange.status > 0
        tally.failed += exchange.status < 0
        if exchange.status < 0:
            self.last_failure = exchange.status
        tally.echoes += exchange.echo
        tally.glitches += exchange.glitches > 0
        if exchange.status >= 0:
            tally.slowest_ms = max(tally.slowest_ms, exchange.elapsed_ms)

    def _take(self, value, row, registers, start):
        address, kind, scale, point, _, _ = row
        at = 2 * (address - start)
        number = decode(kind, scale, registers[at : at + struct.calcsize(">" + kind)])
        if not plausible(point, number):
            value.quality = "suspect"
            value.error = f"implausible: {number:g} {value.unit}".rstrip()
            return
        if points.row(point)[4] == points.COUNTER:
            if number < self._counters.get(point, number):
                value.quality = "suspect"
                value.error = f"counter ran backwards, from {self._counters[point]:g} to {number:g} {value.unit}"
                return
            self._counters[point] = number
        value.value, value.quality = number, "good"

    def _fail(self, value, row, status):
        if status > 0 and row[5]:
            self._absent.add(row[0])
        value.error = ABSENT[0] if row[0] in self._absent else rtu.describe(status)

    def _blank(self, row):
        name = row[3]
        value = Value(name, row[0], quantities.unit(name), points.row(name)[1], quantities.title(name))
        if row[0] in self._absent:
            value.error = ABSENT[0]
        return value


def _least_period_s(module):
    """Return the least time between two requests to a device, with room for the jitter of a USB adapter."""
    period_ms = getattr(module, "PERIOD_MS", 0)
    return (period_ms + _JITTER_MS) / 1000 if period_ms else 0


def remarks(poller, values):
    """Return sentences about what the readings say of the installation."""
    found = []
    by_point = {v.point: v.value for v in values if v.value is not None}
    if poller.tally.echoes:
        found.append("The adapter hears itself (echo): its own requests were taken off; the readings are right.")
    if poller.tally.glitches:
        found.append("Stray bytes came before answers: the driver switches late or the line lacks bias resistors.")
    if by_point.get("sensor_power", 0) < -20:
        found.append(
            f"The sensor reads export ({by_point['sensor_power']:.0f} W). Right while PV or battery feed the grid; if "
            "nothing feeds (night, inverter off), the CT is clipped on backwards or the wires through the meter are "
            "swapped: turn it round. `bridgectl direction` tells by a load that you switch on and off."
        )
    if not by_point and poller.tally.failed == poller.tally.requests:
        found.append(f"Nothing usable from unit {poller.unit}: {hint(poller.last_failure)}.")
    elif poller.tally.failed:
        found.append(f"{poller.tally.failed} of {poller.tally.requests} requests failed: {hint(poller.last_failure)}.")
    return found
