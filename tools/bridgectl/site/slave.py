"""What every simulated Modbus RTU device does with a frame; the devices add their registers."""

from modbus.server import server
from modbus.wire import crc, rtu

_ILLEGAL_FUNCTION = 1


class Slave:
    """A device on the bus and its bank of registers: subclasses have `read` and `write` as modbus.server.server wants them.

    `functions` are those that it knows; `broadcast` says if it obeys unit 0.
    """

    def __init__(self, unit, functions, broadcast):
        self.unit = unit
        self.functions = functions
        self.broadcast = broadcast
        self.silent = False
        self.requests = 0  # good frames for this unit
        self.refused = 0  # of these, answered with an exception
        self._out = bytearray(rtu.LONGEST)

    def answer(self, frame):
        """Return the reply to a request frame as bytes, or None = say nothing."""
        count = len(frame)
        if self.silent or not crc.intact(frame, 0, count):
            return None
        if frame[0] != self.unit and not (frame[0] == 0 and self.broadcast):
            return None
        self.requests += 1
        self.note_request(count)
        out = self._out
        if frame[1] in self.functions:
            length = server.answer(frame, count, self.unit, self, out)
        else:
            out[0], out[1], out[2] = self.unit, frame[1] | 0x80, _ILLEGAL_FUNCTION
            length = crc.seal(out, 3) if frame[0] else 0
        if length and out[1] & 0x80:
            self.refused += 1
        return bytes(out[:length]) if length else None

    def note_request(self, count):
        """Called for each good request of `count` bytes; a device that keeps books overrides it."""
