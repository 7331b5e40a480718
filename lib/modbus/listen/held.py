"""Overheard reads that wait until nothing else fits them, and the reads whose answers cannot be told apart for now.

An answer to a read says how long it is, not what it holds. Where a master reads several things of one shape (unit,
function, bytes), a copy, a late answer or the one to a retry takes the place of the next. So such a pair is held:

    ask A  answer  ask B  answer                       nothing else came in time: both are reported
    ask A  answer  ask B  answer (A's copy)  answer    one too many: whose they were nobody knows, all are dropped
    ask A  (silence)  ask B  answer                    it may be A's, late: dropped, until the slave was quiet

Pairs are reported in their order. Allocates nothing in use.
"""

import array

import clock
from micropython import const

_ROWS = const(6)
_ROOM = const(144)  # bytes of values; a longer read of several of one shape is not believed at all
_SHAPES = const(4)  # in doubt at a time
_QUIET_MS = const(1000)  # nothing more of a shape came for so long: there is nothing more to come
_LATE_MS = const(3000)  # an answer may still come so long after its request
_TRUST_MS = const(60000)  # a shape that was in doubt within this time does not get the benefit of it


def shape(unit, function, length):
    """Return the shape of an answer to a read as a number; length: bytes of values."""
    return unit << 16 | function << 8 | length


class Held:
    """Rows in the order of time."""

    def __init__(self, sink):
        """sink: as the listener's."""
        self._sink = sink
        self._size = 0
        self._shape = array.array("i", bytes(4 * _ROWS))  # 0 = dropped
        self._address = array.array("H", bytes(2 * _ROWS))
        self._count = array.array("H", bytes(2 * _ROWS))
        self._length = bytearray(_ROWS)  # of the values, which lie one behind the other
        self._when = array.array("i", bytes(4 * _ROWS))  # ticks of the answer
        self._due = array.array("i", bytes(4 * _ROWS))  # the true answer, if this is none, would come before
        self._values = bytearray(_ROOM)
        self._used = 0
        self._doubted = array.array("i", bytes(4 * _SHAPES))
        self._until = array.array("i", bytes(4 * _SHAPES))  # in doubt until then
        self._since = array.array("i", bytes(4 * _SHAPES))  # the last time it was

    def put(self, kind, address, count, buffer, at, when, due):
        """Hold a good read of shape `kind` whose values are at buffer[at]; return False if it cannot be believed."""
        length = kind & 0xFF
        if length > _ROOM:
            return False
        place = self._place(kind)
        if place >= 0 and clock.ticks_diff(self._until[place], when) > 0:
            self._doubt(kind, when, _QUIET_MS)
            return False
        while self._size == _ROWS or self._used + length > _ROOM:
            self._shift(self._is_trusted(self._shape[0], when))
        row, start = self._size, self._used
        self._shape[row], self._address[row], self._count[row] = kind, address, count
        self._length[row], self._when[row], self._due[row] = length, when, due
        for i in range(length):
            self._values[start + i] = buffer[at + i]
        self._size += 1
        self._used += length
        return True

    def settle(self, waiting, now):
        """Report what nothing else can fit any more. waiting: the listener's open requests."""
        while self._size:
            kind = self._shape[0]
            for row in range(self._size):
                if self._shape[row] == kind and kind and clock.ticks_diff(now, self._due[row]) < 0:
                    return
            for slot in range(waiting.size):
                if kind and waiting.shape(slot) == kind:
                    return
            self._shift(True)

    def passed(self, kind, now):
        """Take note of an answer that nothing else fits. A slave answers in order: what it was asked before is settled."""
        while self._size and self._shape[0] >> 16 in (0, kind >> 16):
            self._shift(True)
        for i in range(_SHAPES):
            if self._doubted[i] >> 16 == kind >> 16:
                self._until[i] = now

    def unanswered(self, kind, asked_at):
        """Note a request without an answer: it may still come, in the place of another."""
        self._doubt(kind, asked_at, _LATE_MS)

    def surplus(self, kind, now):
        """Note an answer too many: what is held of its shape may be another's."""
        self._doubt(kind, now, _QUIET_MS)
        for row in range(self._size):
            if self._shape[row] == kind:
                self._shape[row] = 0

    def expire(self, now):
        """Forget doubts of long ago, before their stamps grow old."""
        for i in range(_SHAPES):
            if self._doubted[i] and clock.ticks_diff(now, self._since[i]) > _TRUST_MS:
                self._doubted[i] = 0

    def _doubt(self, kind, now, for_ms):
        place = self._place(kind)
        until = clock.ticks_add(now, for_ms)
        if place < 0:
            place = 0
            for i in range(1, _SHAPES):
                if not self._doubted[i] or clock.ticks_diff(self._since[i], self._since[place]) < 0:
                    place = i
            self._until[place] = until
        self._doubted[place] = kind
        self._since[place] = now
        if clock.ticks_diff(until, self._until[place]) > 0:
            self._until[place] = until

    def _place(self, kind):
        for i in range(_SHAPES):
            if self._doubted[i] == kind:
                return i
        return -1

    def _is_trusted(self, kind, now):
        self.expire(now)
        return self._place(kind) < 0

    def _shift(self, is_good):
        """Take the first row away, and report it if it is good."""
        kind, length = self._shape[0], self._length[0]
        if is_good and kind:
            unit, function = kind >> 16, kind >> 8 & 0xFF
            self._sink.heard(unit, function, self._address[0], self._count[0], 0, self._values, 0, self._when[0])
        self._size -= 1
        for row in range(self._size):
            self._shape[row], self._length[row] = self._shape[row + 1], self._length[row + 1]
            self._address[row], self._count[row] = self._address[row + 1], self._count[row + 1]
            self._when[row], self._due[row] = self._when[row + 1], self._due[row + 1]
        self._used -= length
        for i in range(self._used):
            self._values[i] = self._values[i + length]
