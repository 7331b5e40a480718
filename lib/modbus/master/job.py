"""What a master is asked to exchange: a request, when it is due, and who gets the reply.

A job holds its request ready as a frame, so that a poll costs no time to make. Functions 3, 4, 6 and 16 are here, because
polling needs no more; `request.Request` does all others.
"""

import clock
from micropython import const
from modbus.wire import rtu

_READ_INPUT = const(4)
_WRITE_REGISTER = const(6)
_WRITE_REGISTERS = const(16)
_REQUEST = const(8)  # bytes of a read request
_AT_ONCE = const(2)  # failures of a living slave in a row after which nothing is repeated without waiting for its poll
_AGAIN = const(1)  # so often one request is repeated at once; then others have their turn
_PAUSE_MS = const(1000)  # of a request that fails while others are answered: doubled each time, up to the most
_PAUSE_MOST_MS = const(60000)
_DOUBLINGS = const(6)


class Job:
    """One request that repeats (`every_ms` > 0) or waits to be asked for (`every_ms` = 0, see `ask`).

    Say what is asked by `read` or `write` before the master gets it. At most twelve attributes: more make a larger table.
    """

    of_client = False  # a client of a gateway asks

    def __init__(self, slave, done, every_ms=0, urgent=False):
        """done(job, status, frame, at, count): status of rtu.check; the reply's PDU is frame[at:at + count] until it
        returns, so registers begin at frame[at + 2]. urgent: it goes before all that are not."""
        self.slave = slave
        self.done = done
        self.every_ms = every_ms
        self.urgent = urgent
        self.active = every_ms > 0
        self.due_at = clock.ticks_ms()
        self.frame = b""
        self.length = 0  # of the frame
        self.function = self.address = self.quantity = 0
        self.failures = 0  # of this request in a row, while its slave answers others

    def read(self, function, address, quantity):
        """Read registers (function 3 or 4); return the job."""
        return self._hold(function, address, quantity, quantity)

    def write_one(self, address, word):
        """Write one register (function 6); return the job."""
        return self._hold(_WRITE_REGISTER, address, word, 1)

    def write(self, address, words):
        """Write registers (function 16; words: 1..123 integers of 16 bits); return the job."""
        size = 9 + 2 * len(words)
        if len(self.frame) != size:
            self.frame = bytearray(size)
        self.length = rtu.write_many(self.frame, self.slave.unit, address, words)
        self.function, self.address, self.quantity = _WRITE_REGISTERS, address, len(words)
        return self

    def ask(self, now):
        """Ask for one exchange as soon as the line is free."""
        self.active = True
        self.due_at = now

    def settle(self, status, now):
        """Say when the job is due again after an exchange."""
        slave = self.slave
        if status >= 0:
            self.failures = 0
        elif not slave.silent():
            self.failures = min(self.failures + 1, 99)
        if not self.every_ms:
            self.active = False
            return
        if status < 0 and slave.answered and slave.failures <= _AT_ONCE and self.failures <= _AGAIN:
            return  # it is still due: a read may be repeated
        if status < 0 and self.failures > _AGAIN:
            pause_ms = min(_PAUSE_MS << min(self.failures - _AGAIN - 1, _DOUBLINGS), _PAUSE_MOST_MS)
            self.due_at = clock.ticks_add(now, max(pause_ms, self.every_ms) - self.every_ms)
        due_at = clock.ticks_add(self.due_at, self.every_ms)
        # No catching up: a job that fell behind starts anew from now.
        if clock.ticks_diff(due_at, now) < 0:
            due_at = now
        self.due_at = due_at

    def is_deaf(self):
        """Return True if the slave answers others and not this one, so that its silence tells nothing of the pace."""
        return self.failures > _AGAIN

    # -- for the master --------------------------------------------------------------

    def leave(self):
        """Make the frame ready; called just before it leaves, so that what is sent may be decided as late as that."""

    def is_read(self):
        """Return True if it changes nothing at the slave."""
        return self.function <= _READ_INPUT

    def answered(self):
        """Return False if the slave says nothing to this request."""
        return self.slave.unit != 0

    def reply_size(self, frame, start, end):
        """Return the bytes of a good reply; as far as frame[start:end] tells, otherwise the least it can have."""
        return rtu.reply_length(self.function, self.quantity)

    def check(self, frame, start, end):
        """Return rtu.OK, an exception code or what is wrong with the reply frame[start:end]."""
        return rtu.check(frame, start, end, self.slave.unit, self.function, self.quantity)

    def repeats_request(self):
        """Return True if a good reply is the request itself."""
        return self.function == _WRITE_REGISTER

    def finish(self, status, frame, at, count):
        """Hand the result on."""
        self.done(self, status, frame, at, count)

    def _hold(self, function, address, value, quantity):
        self.frame = bytearray(_REQUEST)
        self.length = rtu.request(self.frame, self.slave.unit, function, address, value)
        self.function, self.address, self.quantity = function, address, quantity
        return self
