"""Pseudo-terminals as serial lines for tests: a pair of paths joined like two adapters on one bus.

A pseudo-terminal carries a baud rate but no parity, and does not wait for the wire: no time or parity here.
"""

import os
import select
import termios
import threading
import tty

import own_clock
from patience import HANG_S


class Pair:
    """Two ports, `left` and `right`: what is written to one is read at the other. Use as a context manager.

    echo: left also hears itself, like an adapter without echo suppression.
    change: function (bytes from right) -> bytes for left, to spoil answers.
    """

    def __init__(self, echo=False, change=None):
        self._left, self._left_end = os.openpty()
        self._right, self._right_end = os.openpty()
        for end in (self._left_end, self._right_end):
            tty.setraw(end)
        self.left = os.ttyname(self._left_end)
        self.right = os.ttyname(self._right_end)
        self._echo = echo
        self._change = change
        self._wake, self._ring = os.pipe()
        self._closing = threading.Lock()
        self._ends = (self._left, self._left_end, self._right, self._right_end, self._wake, self._ring)
        self._thread = own_clock.CLOCK.thread(self._relay)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def heed_ctrl_c(self):
        """Let a Ctrl-C from right interrupt the program at left, whose terminal this is then."""
        modes = termios.tcgetattr(self._left_end)
        modes[3] |= termios.ISIG
        termios.tcsetattr(self._left_end, termios.TCSANOW, modes)

    def write_left(self, noise):
        """Put bytes on the line that only left hears."""
        os.write(self._left, noise)

    def left_baud(self):
        """Return the speed that the program at left has set, in bit/s."""
        code = termios.tcgetattr(self._left_end)[5]
        return {termios.B1200: 1200, termios.B2400: 2400, termios.B4800: 4800, termios.B9600: 9600}.get(code, 0)

    def left_odd(self):
        """Return True if the program at left has set odd parity; even parity leaves no trace here."""
        return bool(termios.tcgetattr(self._left_end)[2] & termios.PARODD)

    def close(self):
        """Pull both adapters out; may be called twice and from any thread."""
        with self._closing:
            ends, self._ends = self._ends, ()
            if ends:
                os.write(self._ring, b"x")
                with own_clock.CLOCK.away():
                    self._thread.join(HANG_S)
            for end in ends:
                os.close(end)

    def _relay(self):
        ends = (self._left, self._right, self._wake)
        while True:
            own_clock.CLOCK.until_readable(*ends)
            ready, _, _ = select.select(ends, [], [], 0)
            if self._wake in ready:
                return
            for end in ready:
                found = os.read(end, 512)
                if end == self._left:
                    if self._echo:
                        os.write(self._left, found)
                    os.write(self._right, found)
                else:
                    os.write(self._left, self._change(found) if self._change else found)
