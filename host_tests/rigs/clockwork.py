"""Real time taken out of the bench: its clock moves from one due moment of a simulated wire to the next.

A minute at the wire passes in a moment and comes out the same each time, whoever else has the processor.
"""

import contextlib
import os
import termios
import tty

from bridgectl import firmware
from bridgectl.site.wire import PtyWire

firmware.load()

import clock  # noqa: E402 (importable only now)

_START_NS = 1_000_000_000
_TICKS = 1 << 30
_OVERSLEPT_NS = 100_000


class Clockwork:
    """Stands in for the module `time`, and makes ports that stand in for serial.Serial."""

    def __init__(self):
        self.now_ns = _START_NS
        self._wires = {}  # by path

    def take_over(self, monkeypatch, port_module, *modules):
        """Let these modules of the bench have this clock, and the one that opens ports these ports."""
        monkeypatch.setattr(port_module.serial, "Serial", self._port)
        monkeypatch.setattr(clock, "ticks_ms", lambda: self.now_ns // 1_000_000 % _TICKS)
        for module in (port_module, *modules):
            monkeypatch.setattr(module, "time", self)

    @contextlib.contextmanager
    def wire(self, slave, kind=PtyWire, **options):
        """Give a PtyWire that this clock moves; slave: also one that makes its wire itself (`wired`)."""
        made = slave.wired(**options) if hasattr(slave, "wired") else kind(slave, **options)
        self._wires[made.path] = made
        try:
            yield made
        finally:
            del self._wires[made.path]
            made.close()

    def monotonic(self):
        return self.now_ns / 1e9

    def sleep(self, seconds):
        """Sleep a little longer than asked for, as the system does."""
        self.pass_to(self.now_ns + int(seconds * 1e9) + _OVERSLEPT_NS)

    def pass_to(self, until_ns):
        """Move the clock, and on the way do what is due on the wires."""
        while (due_ns := min((w.due_ns() or until_ns for w in self._wires.values()), default=until_ns)) < until_ns:
            self.now_ns = max(due_ns, self.now_ns)
            for wire in self._wires.values():
                wire.step(self.now_ns)
        self.now_ns = until_ns
        for wire in self._wires.values():
            wire.step(self.now_ns)

    def _port(self, path, baudrate, parity="N", timeout=0.0, **_):
        return _Port(self, self._wires[path], path, baudrate, timeout)


class _Port:
    """As much of serial.Serial as the bench uses."""

    def __init__(self, clock, wire, path, baudrate, timeout_s):
        self._clock = clock
        self._wire = wire
        self._timeout_ns = int(timeout_s * 1e9)
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._came = b""
        tty.setraw(self._fd)
        self.baudrate = baudrate
        self.parity = "N"

    @property
    def baudrate(self):
        return self._baudrate

    @baudrate.setter
    def baudrate(self, baud):
        self._baudrate = baud
        attributes = termios.tcgetattr(self._fd)
        attributes[4] = attributes[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(self._fd, termios.TCSANOW, attributes)

    @property
    def in_waiting(self):
        with contextlib.suppress(BlockingIOError):
            self._came += os.read(self._fd, 4096)
        return len(self._came)

    def read(self, count):
        """Return up to count bytes; if none are there, wait for the first until the time-out."""
        until_ns = self._clock.now_ns + self._timeout_ns
        while not self.in_waiting and self._clock.now_ns < until_ns:
            self._clock.pass_to(min(self._wire.due_ns() or until_ns, until_ns))
        found, self._came = self._came[:count], self._came[count:]
        return found

    def write(self, content):
        self._wire.step(self._clock.now_ns, content)

    def flush(self):
        """Nothing is held back."""

    def reset_input_buffer(self):
        self.in_waiting  # noqa: B018 (what waits comes in, and goes)
        self._came = b""

    def close(self):
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
