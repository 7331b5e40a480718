"""One RS485 port on a PC: a tty (USB adapter) or a pseudo-terminal at a path, half duplex, 8 data bits, 1 stop bit.

Adapters switch their driver themselves. A tty that is missing or was pulled out is opened again at the next use; until
then send() raises OSError and nothing is received. The process must not lead a session: the first tty that a leader opens
becomes its terminal, and an adapter pulled out then ends it (SIGHUP). MicroPython's open() knows no O_NOCTTY.
"""

import select
import termios
from time import sleep_us

from micropython import const

_RXBUF = const(640)
_MAX_BAUD = const(9600)
_EPERM = const(1)
_EIO = const(5)
_EINVAL = const(22)

# MicroPython's termios names only what lies at 9600 and above. Linux, asm-generic/termbits.h:
_BAUDS = const(((1200, 9), (2400, 11), (4800, 12), (9600, 13)))
_CS8 = const(0o60)
_CREAD = const(0o200)
_PARENB = const(0o400)
_PARODD = const(0o1000)
_CLOCAL = const(0o4000)
_PARITIES = const((("N", 0), ("E", 0o400), ("O", 0o1400)))
_VTIME = const(5)
_VMIN = const(6)
_GONE = const(0x18)  # POLLERR and POLLHUP


def _checked(table, value, text):
    for known, code in table:
        if known == value:
            return code
    raise ValueError(text)


class Line:
    """A half-duplex line; path "" = the port is not wired: nothing arrives, what is sent is lost.

    Allocates nothing in use.
    """

    tick_ms = 1
    late_ms = 20  # what came is handed over so late by USB adapters: 16 ms, and the PC's own delay

    def __init__(self, path, baud, parity):
        """Raises ValueError for a baud rate above 9600 or unknown, and for an unknown parity."""
        if baud > _MAX_BAUD:
            raise ValueError("baud %d: RS485 never above %d bps (COM-7)" % (baud, _MAX_BAUD))
        self._speed = _checked(_BAUDS, baud, "baud %d: must be 1200, 2400, 4800 or 9600" % baud)
        self._parity = _checked(_PARITIES, parity, "parity %r: must be N, E or O" % (parity,))
        self._character_us = (10 if parity == "N" else 11) * 1000000 // baud
        self._path = path
        self._file = None
        self._poll = select.poll()
        self._silent = False
        self._kept = bytearray(_RXBUF)  # what any() found
        self._fresh = bytearray(_RXBUF)  # what came behind it
        self._start = self._end = 0

    def send(self, buffer, count):
        """Send the first count bytes of buffer; return when the last stop bit has left.

        Blocks for the whole frame, as on a chip. Raises OSError: EPERM after transmit_off(), else what the tty says.
        """
        if self._silent:
            raise OSError(_EPERM)
        if self._path:
            file = self._opened()
            try:
                sent = file.write(buffer, count)
            except OSError:
                self._close()
                raise
            if sent != count:
                raise OSError(_EIO)
        sleep_us(count * self._character_us)

    def begin(self, buffer, count):
        """Send as send() does."""
        self.send(buffer, count)

    def sending(self):
        """Return False: begin() has sent it all."""
        return False

    def any(self):
        """Return how many received bytes wait."""
        if self._start == self._end:
            self._start = 0
            self._end = self._receive(self._kept, _RXBUF)
        elif self._end < _RXBUF:
            # An answer comes in pieces: what came since lies behind what waits already.
            kept, fresh, end = self._kept, self._fresh, self._end
            count = self._receive(fresh, _RXBUF - end)
            for i in range(count):
                kept[end + i] = fresh[i]
            self._end = end + count
        return self._end - self._start

    def readinto(self, buffer, count):
        """Read at most count waiting bytes into the front of buffer; return how many, never None. Does not wait."""
        waiting = self._end - self._start
        if not waiting:
            return self._receive(buffer, count)
        count = min(waiting, count)
        kept, start = self._kept, self._start
        for i in range(count):
            buffer[i] = kept[start + i]
        self._start = start + count
        return count

    def on_idle(self, callback):
        """Do nothing: a PC does not tell when a line falls idle."""

    def transmit_off(self):
        """Send nothing any more, for good: send() raises OSError."""
        self._silent = True

    def _receive(self, buffer, count):
        if not self._file:
            if not self._path:
                return 0
            try:
                self._opened()
            except OSError:  # not there: send() tells its owner
                return 0
        for _, events in self._poll.ipoll(0):
            if events & _GONE:  # pulled out: reading it would say "nothing there" for ever
                self._close()
                return 0
            try:
                return self._file.readinto(buffer, count) or 0
            except OSError:
                self._close()
        return 0

    def _opened(self):
        """Return the open tty. Raises OSError."""
        if self._file:
            return self._file
        file = open(self._path, "r+b", buffering=0)
        # input, output, control, local flags, speeds, control characters; VMIN = VTIME = 0: read what is there
        a = termios.tcgetattr(file.fileno())
        a[0] = a[1] = a[3] = 0
        a[2] = _CS8 | _CREAD | _CLOCAL | self._parity | self._speed
        a[4] = a[5] = self._speed
        a[6][_VMIN] = a[6][_VTIME] = 0
        try:
            termios.tcsetattr(file.fileno(), termios.TCSANOW, a)
        except OSError as e:  # the rest is set; a pseudo-terminal has no parity, and libc says so
            if e.errno != _EINVAL or self._parity == _PARITIES[0][1]:
                raise
        while file.readinto(self._kept):  # what came before we listened
            pass
        self._poll.register(file, select.POLLIN)
        self._file = file
        return file

    def _close(self):
        file = self._file
        self._file = None
        if file:
            self._poll.unregister(file)
            file.close()
