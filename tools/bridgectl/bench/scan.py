"""Finds what answers on a line: speed, parity, address and model, and names the wiring fault if nothing does.

A device answers only to frames at its own speed, so garbage never comes from a wrong speed of ours: it comes from
swapped wires, from a second master, or from two devices that answer at once.
"""

import dataclasses
import math
import struct
import time

from bridge.devices import registers, sdm120ct, sdm230, sigenergy
from modbus import rtu

from bridgectl.bench.port import BAUDS, PARITIES, BenchError, SettingError, check_line, check_unit

UNITS = (1, 247, *range(2, 11))
_TRIES = 3
_PLANT_PERIOD_S = sigenergy.PERIOD_MS / 1000 + 0.02  # with room for the jitter of a USB adapter
_METER_CODE = 64514  # holding register; SDM120: 0x0020, the SDM230's is not published
_CODE_SDM120 = 0x0020
_VOLTS = (80, 300)
_HERTZ = (45, 65)


@dataclasses.dataclass
class Found:
    """A device: its line settings, address, model ("" if none of ours) and how that is known."""

    baud: int
    parity: str
    unit: int
    model: str
    why: str
    elapsed_ms: float


@dataclasses.dataclass
class Result:
    """What a scan found. `faults`: sentences that name a likely wiring fault, and what to do."""

    found: list
    faults: list
    probes: int = 0
    echo: bool = False


def settings_in_order(bauds, parities):
    """Return (baud, parity) pairs, the likely ones first: factory settings are 9600 or 2400, no parity."""
    likely = [(b, "N") for b in (9600, 2400) if b in bauds and "N" in parities]
    return likely + [(b, p) for b in sorted(bauds, reverse=True) for p in parities if (b, p) not in likely]


def numbers(text):
    """Return the addresses of a text such as "1-10,247"; BenchError if it is none."""
    found = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise BenchError(f"--units {text}: numbers and ranges with commas are meant, such as 1-10,247")
        low, high = int(first), int(last or first)
        if low > high:
            raise BenchError(f"--units {text}: {low}-{high} runs backwards")
        check_unit(low)
        check_unit(high)
        found += [u for u in range(low, high + 1) if u not in found]
    # The factory addresses first: most scans are over sooner.
    return sorted(found, key=lambda u: (u not in UNITS[:2], u))


def lines(bauds, parities):
    """Return (speeds, parities) of two texts with commas; BenchError if the bridge's bus cannot run like this."""
    speeds = []
    for part in bauds.split(","):
        if not part.strip().isdecimal():
            raise BenchError(f"--bauds {bauds}: numbers with commas are meant, such as 9600,2400")
        speeds.append(check_line(int(part), "N", "--bauds")[0])
    return speeds, [check_line(9600, part.strip(), "--bauds", "--parities")[1] for part in parities.split(",")]


def seconds(bauds, parities, units, wait_s):
    """Return about how long a scan takes if nothing answers."""
    pairs = settings_in_order(bauds, parities)
    return sum(len(units) * (wait_s + 16 * rtu.character_us(baud, parity) / 1e6) for baud, parity in pairs)


class Scan:
    """One scan over an open Line."""

    def __init__(self, line, *, bauds=BAUDS, parities=PARITIES, units=UNITS, wait_s=0.3, every=False):
        """every: go on with other speeds after one was found; wait_s: longest wait for an answer."""
        self._line = line
        self._pairs = settings_in_order(bauds, parities)
        self._units = units
        self._wait_s = wait_s
        self._every = every
        self._plant_asked = -math.inf
        self._untried = []
        self._garbled = {}  # (baud, parity): {unit: raw bytes}
        self.total = len(self._pairs) * len(units)
        self.result = Result([], [])

    def run(self, listen_s=1.2, told=lambda probes, baud, parity, unit: None):
        """Return the Result; told is called before each probe. Listens first, longer than the plant's own pace."""
        result = self.result
        unasked = self._line.listen(listen_s)
        for baud, parity in self._pairs:
            try:
                self._line.configure(baud, parity)
            except SettingError:
                self._untried.append(f"{baud} {parity}")
                continue
            for unit in self._units:
                told(result.probes, baud, parity, unit)
                self._probe(baud, parity, unit)
            if result.found and not self._every:
                break
        result.faults = self._faults(unasked)
        return result

    def _probe(self, baud, parity, unit):
        result = self.result
        address, count = (30003, 1) if unit == sigenergy.UNIT else (0, 2)
        exchange = self._ask(unit, rtu.READ_INPUT, address, count)
        result.probes += 1
        result.echo = result.echo or exchange.echo
        heard = exchange.raw[8:] if exchange.echo else exchange.raw
        tries = 1
        while exchange.status < 0 and heard and tries < _TRIES:
            exchange = self._ask(unit, rtu.READ_INPUT, address, count)
            heard = exchange.raw[8:] if exchange.echo else exchange.raw
            tries += 1
        if exchange.status >= 0:
            model, why = self._identify(unit, exchange)
            result.found.append(Found(baud, parity, unit, model, why, exchange.elapsed_ms))
        elif heard:
            self._garbled.setdefault((baud, parity), {})[unit] = heard

    def _ask(self, unit, function, address, count):
        if unit == sigenergy.UNIT:  # the plant wants 1 s between requests, whoever asks
            time.sleep(max(0, self._plant_asked + _PLANT_PERIOD_S - time.monotonic()))
            self._plant_asked = time.monotonic()
        request = bytearray(8)
        rtu.request(request, unit, function, address, count)
        exchange = self._line.exchange(bytes(request), count, self._wait_s)
        if exchange.status < 0 and exchange.raw:
            self._line.listen(0.1)
        return exchange

    def _float(self, unit, address):
        """Return the float32 of an input register, or None."""
        exchange = self._ask(unit, rtu.READ_INPUT, address, 2)
        return struct.unpack(">f", exchange.registers())[0] if exchange.status == rtu.OK else None

    def _identify(self, unit, first):
        """Return (model or "", how it is known)."""
        if unit == sigenergy.UNIT and first.status == rtu.OK:
            state = self._ask(unit, rtu.READ_INPUT, 30051, 1)
            if state.status == rtu.OK:
                return "plant", "unit 247 answers the plant's registers 30003 and 30051"
        volts, hertz = self._float(unit, 0), self._float(unit, 70)
        if volts is None or hertz is None:
            return "", "speaks Modbus, but has neither a meter's nor the plant's registers"
        code = self._ask(unit, rtu.READ_HOLDING, _METER_CODE, 1)
        if code.status == rtu.OK and int.from_bytes(code.registers(), "big") == _CODE_SDM120:
            return "sdm120ct", "meter code 0x0020"
        if not (_VOLTS[0] <= volts <= _VOLTS[1] and _HERTZ[0] <= hertz <= _HERTZ[1]):
            return "", f"registers like a meter's, but {volts:g} V and {hertz:g} Hz"
        only_sdm230 = {r[0] for r in registers.rows(sdm230)} - {r[0] for r in registers.rows(sdm120ct)}
        for address in sorted(only_sdm230):
            if self._float(unit, address) is not None:
                return "sdm230", f"has register {address}, which only the SDM230 has"
        sure = {r[0] for r in registers.rows(sdm230) if not r[5]} & {r[0] for r in registers.rows(sdm120ct) if r[5]}
        for address in sorted(sure):
            if self._float(unit, address) is None:
                return "sdm120ct", f"lacks register {address}, which every SDM230 has"
        return "sdm230 or sdm120ct", "the registers of both; read the label"

    def _faults(self, unasked):
        """Return the likely faults in words. Order: what was heard unasked, what was garbled, nothing at all."""
        found = []
        if unasked and set(unasked) - {0x00, 0xFF}:
            found.append(
                f"{len(unasked)} bytes came without a question: another master polls this line. "
                "Disconnect it while you scan."
            )
        heard = [raw for by_unit in self._garbled.values() for raw in by_unit.values()]
        if (heard or unasked) and not self.result.found and not set(b"".join(heard) + unasked) - {0x00, 0xFF}:
            found.append(
                "Only 0x00 or 0xFF came back: the line rests at the wrong level. A and B are most likely swapped "
                "(exchange the two wires; it harms nothing), or bias and ground are missing."
            )
            return found
        for (baud, parity), by_unit in self._garbled.items():
            if len(by_unit) == 1 and not unasked:
                unit = next(iter(by_unit))
                found.append(
                    f"Unit {unit} at {baud} {parity} answers garbled every time, the others are silent: two devices "
                    f"with address {unit} answer at once. Connect them one by one and give one another address."
                )
            elif not unasked:
                found.append(
                    f"Garbage from {len(by_unit)} addresses at {baud} {parity}: noise or a reflecting line. Check "
                    "termination (120 Ω at both ends), bias and the cable."
                )
        if not self.result.found and not found:
            found.append(_nothing(self.result.echo, self._units))
        if self._untried:
            found.append(f"Not tried, because the adapter refuses these settings: {', '.join(self._untried)}.")
        return found


def _nothing(echo, units):
    """Return what to check when no byte came."""
    adapter = (
        "The adapter works (it hears itself), the device does not answer. "
        if echo
        else "No byte was heard, which A/B swapped, no power and a wrong address have in common. "
    )
    return (
        adapter
        + "In this order: is the device powered; exchange A and B (it harms nothing); are the terminals the RS485 "
        "ones (SDM230: 5/6, SDM120CT: 9/10); is its address one of those tried? Try `--units 1-247`"
        + ("." if len(units) < 247 else " was used: look at the address in the device's menu.")
    )
