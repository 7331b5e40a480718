"""A line as board.rs485 gives it, at which whatever the input says comes in, in virtual time."""

from bridgectl.fuzzing.chip import virtual

_KEPT = 64  # frames; a search sends thousands


class Line:
    """load(data): pieces of gap in ms (bit 7: counted from our next request), count, bytes; the last may be cut short."""

    tick_ms = 1

    def __init__(self):
        self.sent = []
        self.data = b""
        self._at = 0
        self._due_ms = None  # of the next piece; None = it waits for a request
        self._have = bytearray()

    def load(self, data):
        """Begin anew."""
        self.sent = []
        self.data = data
        self._at = 0
        self._have = bytearray()
        self._next(virtual.passed_ms())

    def octets(self):
        """Return all that comes, in its order."""
        out = b""
        at = 0
        while at + 2 < len(self.data):
            out += self.data[at + 2 : at + 2 + self.data[at + 1]]
            at += 2 + self.data[at + 1]
        return out

    def over(self):
        """Return True if nothing more comes by itself."""
        return self._due_ms is None and not self._have

    def any(self):
        now = virtual.passed_ms()
        while self._due_ms is not None and self._due_ms <= now:
            count = self.data[self._at + 1]
            self._have += self.data[self._at + 2 : self._at + 2 + count]
            self._at += 2 + count
            self._next(self._due_ms)
        return len(self._have)

    def readinto(self, buffer, count):
        count = min(count, self.any())
        for i in range(count):
            buffer[i] = self._have[i]
        self._have = self._have[count:]
        return count

    def send(self, buffer, count):
        if len(self.sent) < _KEPT:
            self.sent.append(bytes(memoryview(buffer)[:count]))
        virtual.pass_ms(count)
        if self._due_ms is None and self._at + 2 < len(self.data):
            self._due_ms = virtual.passed_ms() + (self.data[self._at] & 0x7F)

    def transmit_off(self):
        pass

    def _next(self, since_ms):
        self._due_ms = None
        if self._at + 2 < len(self.data) and not self.data[self._at] & 0x80:
            self._due_ms = since_ms + self.data[self._at]
