"""What is typed at the console, looked at without waiting. Ctrl-C never comes here: it leads to the prompt, as always.

A program marks its lines with RS before each (RFC 7464, JSON text sequences), a key that nobody hits by mistake; what a
person types is passed over.
"""

import select
import sys

from micropython import const

MARK = 0x1E
# The answer to a line when memory is short, made before it is.
NO_MEMORY = (
    '\x1e{"id": null, "ok": false, "errors": {"memory": "is short just now; look what is in force, then ask again"}}'
)
_MOST = const(64)  # bytes passed over in one look


class Typed:
    """The bytes of standard input, one at a time: a chip that is asked for more than has come waits for it."""

    def __init__(self):
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._octet = bytearray(1)

    def octet(self):
        """Return the next byte that was typed, -1 if there is none."""
        for _ in self._poll.ipoll(0):
            if sys.stdin.buffer.readinto(self._octet):
                return self._octet[0]
        return -1

    def marked(self):
        """Return True when a mark was typed; all before it is passed over."""
        for _ in range(_MOST):
            octet = self.octet()
            if octet < 0 or octet == MARK:
                return octet == MARK
        return False
