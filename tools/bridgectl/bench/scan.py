"""Finds what answers on a line: speed, parity, address and model, and names the wiring fault if nothing does.

A device answers only to frames at its own speed, so garbage never comes from a wrong speed of ours: it comes from
swapped wires, from a second master, or from two devices that answer at once.

Models are told by the board's own rules (modbus.find.models). The search is not the board's (modbus.find.finder): that one
stops at the first answer and asks some addresses without waiting for each, which needs a UART without USB's delays.
"""

import asyncio
import dataclasses
import math
import struct
import time

from bridge.devices import registers, sdm120ct, sdm230, sigenergy, signatures
from modbus.find import models as finder_models
from modbus.wire import functions, rtu

from bridgectl.bench.port import BAUDS, PARITIES, BenchError, SettingError, check_line, check_unit

UNITS = (1, 247, *range(2, 11))
_TRIES = 3
_PLANT_PERIOD_S = sigenergy.PERIOD_MS / 1000 + 0.02  # with room for the jitter of a USB adapter


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
        exchange = self._ask(unit, functions.READ_INPUT, address, count)
        result.probes += 1
        result.echo = result.echo or exchange.echo
        heard = exchange.raw[8:] if exchange.echo else exchange.raw
        tries = 1
        while exchange.status < 0 and heard and tries < _TRIES:
            exchange = self._ask(unit, functions.READ_INPUT, address, count)
            heard = exchange.raw[8:] if exchange.echo else exchange.raw
            tries += 1
        if exchange.status >= 0:
            model, why = self.identify(unit)
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

    def identify(self, unit):
        """Return (model or "", how it is known), by the rules that the board knows too."""
        asker = _Asker(lambda function, address, count: self._ask(unit, function, address, count))
        model, why = asyncio.run(finder_models.name(asker, _rules(), unit))
        if model:
            return model, why
        volts, hertz = asker.number(0), asker.number(70)
        if volts is None or hertz is None:
            return "", "speaks Modbus, but has neither a meter's nor the plant's registers"
        return "", f"registers like a meter's, but {volts:g} V and {hertz:g} Hz"

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


def other_model(line, unit, model):
    """Return what a device says that it is, in words, "" if that may be `model` or it does not say."""
    found, why = Scan(line, bauds=(line.baud,), parities=(line.parity,), units=(unit,)).identify(unit)
    if not found or model in found.split(" or "):
        return ""
    return f"This is no {model}: it {why}. Read it with --model {found}."


class _Asker:
    """Asks one unit as modbus.find.models wants it done, and remembers the answers."""

    def __init__(self, ask):
        """ask(function, address, count) returns an Exchange."""
        self._ask = ask
        self._last = None
        self._known = {}

    async def ask(self, _unit, function, address, count):
        """Return rtu's status of one read."""
        self._last = self._known[address] = self._ask(function, address, count)
        return self._last.status

    def answer(self):
        """Return (buffer, position of the first register's byte) of the last good answer."""
        return self._last.frame, 3

    def number(self, address):
        """Return the float32 of input registers, None if they are not answered well; asks only if nobody has yet."""
        exchange = self._known.get(address) or self._ask(functions.READ_INPUT, address, 2)
        return struct.unpack(">f", exchange.registers())[0] if exchange.status == rtu.OK else None


def _rules():
    """Return the board's signatures and, before the last one, which cannot tell, what else the register tables tell."""
    rows = signatures.SIGNATURES.strip().splitlines()
    tests = rows[-1].split("|")[1]
    wide, small = [{r[0]: r[5] for r in registers.rows(m)} for m in (sdm230, sdm120ct)]  # address: is it optional
    only_wide = [
        f"sdm230|{tests} 4:{a}:2:ok|has register {a}, which only the SDM230 has|" for a in wide if a not in small
    ]
    lacks = [a for a in wide if not wide[a] and small.get(a)]
    not_wide = [f"sdm120ct|{tests} 4:{a}:2:refused|lacks register {a}, which every SDM230 has|" for a in lacks]
    return "\n".join(["", *rows[:-1], *only_wide, *not_wide, rows[-1], ""])


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
