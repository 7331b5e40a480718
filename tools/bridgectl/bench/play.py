"""Plays a device on an adapter: requests go to a sans-IO slave, its answers go back, with faults on demand.

The slaves and the house that they measure are those of bridgectl.site.
"""

import dataclasses
import random
import time

from modbus.wire import crc, functions, rtu

from bridgectl.bench.models import model
from bridgectl.bench.port import BenchError
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.plant import Plant

_GAP_S = 0.03  # silence after which a piece of a frame is forgotten; USB adapters deliver up to 16 ms late
_LATE_S = 1.5
_LIFE_S = 0.2
_NAMES = {
    functions.READ_HOLDING: "read holding",
    functions.READ_INPUT: "read input",
    functions.WRITE_REGISTER: "write",
    functions.WRITE_REGISTERS: "write",
}

# name, meaning
FAULTS = {
    "none": "answers as the device does",
    "silence": "does not answer",
    "crc": "one bit of the answer is wrong",
    "late": f"answers {_LATE_S} s late",
    "zero": "a stray 0x00 comes before the answer, as when a driver switches",
    "short": "the answer's last bytes are missing",
}


@dataclasses.dataclass
class Served:
    """One request that was heard; `reply` is what the device says, `sent` what the fault left of it (b"" = nothing)."""

    request: bytes
    reply: bytes
    sent: bytes
    fault: str = "none"

    def text(self):
        """Return the exchange in words."""
        if not self.reply:
            outcome = "not answered: another unit, or a broadcast"
        elif self.reply[1] & 0x80:
            outcome = rtu.describe(self.reply[2])
        else:
            outcome = f"{len(self.reply)} bytes"
        fault = "" if self.fault == "none" else f" (fault: {self.fault})"
        return f"{describe_request(self.request)} → {outcome}{fault}"


def device(name, unit=None):
    """Return the simulated slave for a key of MODELS, in a house of its own."""
    unit = unit or model(name).UNIT
    return Plant(House(), unit=unit) if name == "plant" else Meter(House(), name, unit)


def check_fault(fault):
    """Return fault; BenchError if it is none of FAULTS."""
    if fault not in FAULTS:
        raise BenchError(f"fault {fault!r} is unknown; known: {', '.join(FAULTS)}")
    return fault


class Player:
    """Answers on an open Line for one slave. `counts`: requests heard, answered, refused, spoilt; noise bytes."""

    def __init__(self, line, slave, *, think_ms=20, fault="none", every=1, told=None):
        """think_ms: from request to answer; every: the fault hits each n-th answer; told: called with each Served."""
        self.counts = {"heard": 0, "answered": 0, "refused": 0, "spoilt": 0, "noise_bytes": 0}
        self._line = line
        self._slave = slave
        self._think_s = think_ms / 1000
        self._fault = check_fault(fault)
        self._every = max(1, every)
        self._told = told or (lambda served: None)
        self._random = random.Random(1)

    def run(self, stop=lambda: False):
        """Answer until `stop()` is true; the house lives on meanwhile. Raises PortError when the adapter is gone."""
        pending = b""
        heard_at = lived_at = time.monotonic()
        while not stop():
            found = self._line.receive()
            now = time.monotonic()
            if now - lived_at >= _LIFE_S:
                self._slave.house.step(now - lived_at)
                lived_at = now
            if found:
                pending += found
                heard_at = now
                pending = self._take(pending)
            elif pending and now - heard_at > _GAP_S:
                self.counts["noise_bytes"] += len(pending)
                pending = b""

    def _take(self, pending):
        """Serve the request that `pending` ends with, if it is whole; return the bytes to keep."""
        for start in range(len(pending) - 3):
            frame = pending[start:]
            if crc.intact(frame, 0, len(frame)):
                self.counts["noise_bytes"] += start
                self._serve(frame)
                return b""
        return pending[-rtu.LONGEST :]

    def _serve(self, frame):
        self.counts["heard"] += 1
        reply = self._slave.answer(frame) or b""
        served = Served(frame, reply, reply)
        if reply:
            self.counts["answered"] += 1
            self.counts["refused"] += reply[1] & 0x80 > 0
            if self._fault != "none" and self.counts["answered"] % self._every == 0:
                self.counts["spoilt"] += 1
                served = Served(frame, reply, self._spoilt(reply), self._fault)
            time.sleep(self._think_s + (_LATE_S if served.fault == "late" else 0))
            if served.sent:
                self._line.send(served.sent)
        self._told(served)

    def _spoilt(self, reply):
        """Return what the fault makes of a reply."""
        if self._fault == "silence":
            return b""
        if self._fault == "crc":
            bit = self._random.randrange(8 * len(reply))
            return reply[: bit // 8] + bytes([reply[bit // 8] ^ 1 << bit % 8]) + reply[bit // 8 + 1 :]
        if self._fault == "zero":
            return b"\x00" + reply
        if self._fault == "short":
            return reply[:-2]
        return reply


def describe_request(frame):
    """Return what a request frame asks, in words."""
    unit, function = frame[0], frame[1]
    if function not in _NAMES or len(frame) < 8:
        return f"unit {unit}: function {function}"
    address = frame[2] << 8 | frame[3]
    value = frame[4] << 8 | frame[5]
    if function == functions.WRITE_REGISTER:
        return f"unit {unit}: write {address} = {value}"
    words = f"{address}..{address + value - 1}"
    if function == functions.WRITE_REGISTERS:
        return f"unit {unit}: write {words} = {frame[7:-2].hex(' ', 2)}"
    return f"unit {unit}: {_NAMES[function]} {words}"
