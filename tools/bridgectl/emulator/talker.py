"""Others on a bus of the emulated chip: a master that asks the chip, two devices that talk to each other, noise."""

from bridgectl import firmware

from .pl011 import FRAMING_ERROR

firmware.load()

from modbus.wire import functions, rtu  # noqa: E402 (importable only now)

_NS_PER_MS = 1e6
_CHARACTER_NS = 10 * 1e9 / 9600


class Deaf:
    """The slave of a wire.Wire on which others are the master: what the chip sends is recorded, not answered."""

    def answer(self, frame):
        return None


class Talker:
    """Speaks at 9600 8N1 into one UART of a rig, one thing after the other from now on."""

    def __init__(self, rig, uart):
        self._rig = rig
        self._uart = rig.chip.uarts[uart]
        self._at_ns = 0  # when it has said all that it was to say
        self.pause(5)

    def pause(self, ms):
        """Say nothing for so long."""
        self._at_ns = max(self._at_ns, self._rig.chip.now_ns) + ms * _NS_PER_MS

    def say(self, octets, broken=False):
        """Send bytes without a pause; broken: each with a framing error."""
        self.pause(0)
        for octet in octets:
            self._at_ns += _CHARACTER_NS
            self._uart.arrive(octet, self._at_ns, FRAMING_ERROR if broken else 0)

    def ask(self, unit, function, address, count):
        """Send a read request and return it."""
        request = bytearray(8)
        rtu.request(request, unit, function, address, count)
        self.say(request)
        return bytes(request)

    def exchange(self, slave, address, count, think_ms=15):
        """Read input registers of unit 1, a sans-IO slave that answers on the same bus."""
        request = self.ask(1, functions.READ_INPUT, address, count)
        self.pause(think_ms)
        self.say(slave.answer(request))

    def wait(self, ms=600):
        """Let emulated time pass until all has been said, and so long after it."""
        self._rig.run((self._at_ns - self._rig.chip.now_ns) / _NS_PER_MS + ms)
