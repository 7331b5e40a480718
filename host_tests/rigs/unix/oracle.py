"""Knows what each register really held, and when, and so which of the bridge's good values, and of a gateway's answers, were never
true: an oracle beside a whole bridge (flow.Bridge), for devices that answer oddly.
"""

import time

from bridge import points
from bridge.devices import registers
from modbus.gateway.gateway import Gateway
from modbus.wire import crc

_KEPT_MS = 20000  # how long ago a value may have been true: longer than a value may be good
_GOOD = 3
_EXCEPTION = 0x80


def _cell(kind, raw):
    """Return a register's bytes as bridge/readings.py keeps them."""
    if kind == "Q":
        raw = raw[4:]
    fill = b"\xff" if kind == "h" and raw[0] & 0x80 else b"\0"
    cell = bytes(reversed(list(raw)))
    return cell + fill * (4 - len(cell))


class Oracle:
    """Stands between a slave and the bridge's wire; `spoil` makes the answers odd after they were noted.

    spoil(request, answer): what to send at once, bytes or None; the true answer is what the registers held then.
    """

    def __init__(self, bridge, port, slave, device, spoil=lambda request, answer: answer):
        self.bridge = bridge
        self.rows = registers.rows(device)
        self.held = {}  # address of a register: [(ms, its two bytes)]
        self.wrong = []
        self.checked = 0
        self.spoil = spoil
        self._true, slave.answer = slave.answer, self._answer
        self._port = port

    def talk(self, content, after_ms):
        """Send something on the wire, so long after now."""
        self.bridge.machine.UART.of(self._port).talk(content, after_ms)

    def _answer(self, request):
        answer = self._true(request)
        if answer and request[1] in (3, 4) and not answer[1] & _EXCEPTION:
            address, now = request[2] << 8 | request[3], time.passed_ms()
            for i in range(answer[2] // 2):
                kept = self.held.setdefault(address + i, [])
                kept.append((now, answer[3 + 2 * i : 5 + 2 * i]))
                if now - kept[0][0] > 3 * _KEPT_MS:
                    self.held[address + i] = [row for row in kept if now - row[0] < _KEPT_MS]
        return self.spoil(request, answer)

    def was(self, address, content):
        """Return True if registers from an address held this at one moment not long ago."""
        since = time.passed_ms() - _KEPT_MS
        for at, first in self.held.get(address, ()):
            if at < since or first != content[:2]:
                continue
            rest = [
                (at, content[2 * i : 2 * i + 2]) in self.held.get(address + i, ()) for i in range(1, len(content) // 2)
            ]
            if all(rest):
                return True
        return False

    def look(self):
        """Take note of each good value that was never true."""
        readings = self.bridge.state.readings
        for address, kind, _, point, _, _ in self.rows:
            n = points.number(point)
            if readings.quality(n) != _GOOD:
                continue
            self.checked += 1
            cell = bytes(readings._raw[4 * n : 4 * n + 4])
            since = time.passed_ms() - _KEPT_MS
            words = {"f": 2, "i": 2, "I": 2, "Q": 4}.get(kind, 1)
            moments = [at for at, _ in self.held.get(address, ()) if at >= since]
            if cell not in [_cell(kind, self._raw(address, words, at)) for at in moments]:
                self.wrong.append((time.passed_ms(), point))

    def _raw(self, address, words, at):
        found = b""
        for i in range(words):
            for moment, content in self.held.get(address + i, ()):
                if moment == at:
                    found += content
        return found


class Client:
    """A client of a gateway that asks one read after the other and shows each answer to the oracle."""

    may_write = False

    def __init__(self, oracle, number, unit, reads):
        """reads: (function, address, registers) in turn."""
        self.turn = None
        self.open = self.replies = self.exceptions = 0
        self._oracle, self._unit, self._reads = oracle, unit, reads
        self._asked = None
        self.gateway = Gateway(lambda: oracle.bridge.ports.bus(number), 0, 0)

    def step(self):
        """Ask the next thing if nothing is open; to be called every 10 ms."""
        if not self.open:
            self._asked = function, address, count = self._reads[self.replies % len(self._reads)]
            self.gateway.submit(self, 1, self._unit, bytes((function, address >> 8, address & 255, 0, count)), 0, 5)
        self.gateway.step()

    def answer(self, transaction, unit, buffer, at, count):
        self.replies += 1
        if buffer[at] & _EXCEPTION:
            self.exceptions += 1
        elif not self._oracle.was(self._asked[1], bytes(buffer[at + 2 : at + count])):
            self._oracle.wrong.append((time.passed_ms(), self._asked))


def sealed(content):
    """Return a frame with its CRC."""
    out = bytearray(content) + bytearray(2)
    return bytes(out[: crc.seal(out, len(content))])
