"""Function 8 of a slave: the counters of the serial line, listen-only mode, restart of communications, sans-IO.

Source: Modbus Application Protocol V1.1b3, 6.8; Modbus over Serial Line V1.02, 2.3 (when which counter counts).
"""

import array

from micropython import const
from modbus.wire import pdu

# Places in Diagnostics.counts: CPT1..CPT8, sub-functions 11..18.
MESSAGES = 0  # frames with a good CRC on the bus, whoever they are for
ERRORS = 1  # frames that were damaged
EXCEPTIONS = 2  # exception replies, also those that a broadcast would have caused
ADDRESSED = 3  # frames for this unit, and broadcasts
UNANSWERED = 4  # of these, those that got no reply
NAKS = 5
BUSY = 6  # exceptions 6
OVERRUNS = 7  # characters that came faster than they were fetched

_ECHO = const(0)
_RESTART = const(1)
_REGISTER = const(2)
_LISTEN_ONLY = const(4)
_CLEAR = const(10)
_FIRST_COUNT = const(11)
_LAST_COUNT = const(18)
_OVERRUNS = const(7)
_CLEAR_OVERRUNS = const(20)


class Diagnostics:
    """The books of one serial line. `register` is the diagnostic register, whose bits its owner defines."""

    def __init__(self):
        self.counts = array.array("H", [0] * 8)
        self.register = 0
        self.listen_only = False
        self.restarting = False  # a restart was asked for and is due after the reply
        self.restarts = 0

    def add(self, place):
        """Count one; a counter goes from 65535 to 0."""
        self.counts[place] = self.counts[place] + 1 & 0xFFFF

    def restart(self):
        """Begin anew: counters at zero, listen-only mode left."""
        self.restarting = self.listen_only = False
        self.restarts += 1
        self._clear()

    def leave(self, request, at, end):
        """In listen-only mode: restart if the request PDU asks for it, without a reply; return whether it did."""
        if self._refusal(request, at, end) or pdu.word(request, at + 1) != _RESTART:
            return False
        self.restart()
        return True

    def reply(self, request, at, end, out, to):
        """Answer the request PDU in request[at:end] of function 8; as Server.reply."""
        code = self._refusal(request, at, end)
        if code:
            return -code
        sub_function = pdu.word(request, at + 1)
        if sub_function == _LISTEN_ONLY:
            self.listen_only = True
            return 0
        for i in range(end - at):
            out[to + i] = request[at + i]
        if sub_function == _RESTART:
            self.restarting = True
        elif sub_function == _CLEAR:
            self.register = 0
            self._clear()
        elif sub_function == _CLEAR_OVERRUNS:
            self.counts[_OVERRUNS] = 0
        elif sub_function == _REGISTER:
            _put(out, to + 3, self.register)
        elif sub_function != _ECHO:
            _put(out, to + 3, self.counts[sub_function - _FIRST_COUNT])
        return to + end - at

    def _refusal(self, request, at, end):
        """Return 0 or the exception code that the request gets."""
        size = end - at
        if size < 3:
            return 3
        sub_function = pdu.word(request, at + 1)
        counter = _FIRST_COUNT <= sub_function <= _LAST_COUNT
        if sub_function > 0xFF or (not counter and sub_function not in b"\x00\x01\x02\x04\x0a\x14"):
            return 1
        if sub_function == _ECHO:
            return 0 if size > 3 and size & 1 else 3  # any number of words
        if size != 5:
            return 3
        value = pdu.word(request, at + 3)
        if value and not (sub_function == _RESTART and value == 0xFF00):  # 0xFF00: and clear the event log
            return 3
        return 0

    def _clear(self):
        for i in range(8):
            self.counts[i] = 0


def _put(out, at, value):
    out[at] = value >> 8
    out[at + 1] = value & 0xFF
