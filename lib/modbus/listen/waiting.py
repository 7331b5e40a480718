"""The overheard requests that have no answer yet, and which of them an answer fits. Allocates nothing in use."""

import array

import clock
from micropython import const

NOBODY = -1
SEVERAL = -2

_SLOTS = const(4)  # masters that talk over each other
_GHOST_MS = const(1000)  # so long an answer may still come in the way of others, however fast the slave is
_EXCEPTION = const(0x80)
_WORD_READS = b"\x03\x04\x17"


def quantity(function, count):
    """Return how many registers (or coils) a request names; `count` holds the value where it names just one."""
    return count if function <= 4 or 15 <= function <= 16 or function == 23 else 1


class Waiting:
    """Slots by number; the fields of a slot are read by `unit[slot]`, `function[slot]` (0 = free) and so on."""

    def __init__(self):
        self.size = _SLOTS
        self.unit = bytearray(_SLOTS)
        self.function = bytearray(_SLOTS)
        self.address = array.array("H", bytes(2 * _SLOTS))
        self.count = array.array("H", bytes(2 * _SLOTS))  # or the value of a write of one
        self.at = array.array("i", bytes(4 * _SLOTS))  # ticks of the request's last byte
        self.window_ms = array.array("i", bytes(4 * _SLOTS))  # the answer may begin so late

    def find(self, unit, function, address, count):
        """Return the slot of an equal request, or NOBODY."""
        for slot in range(_SLOTS):
            if (
                self.function[slot] == function
                and self.unit[slot] == unit
                and self.address[slot] == address
                and self.count[slot] == count
            ):
                return slot
        return NOBODY

    def shape(self, slot):
        """Return the shape of the answer that a slot waits for, see held.shape; 0 if it is free or waits for no read."""
        function, count = self.function[slot], self.count[slot]
        if function in _WORD_READS:
            return self.unit[slot] << 16 | function << 8 | 2 * count & 0xFF
        return self.unit[slot] << 16 | function << 8 | count + 7 >> 3 if 0 < function <= 2 else 0

    def oldest(self, now):
        """Return a free slot, else the one that waits longest."""
        oldest, oldest_ms = 0, -1
        for slot in range(_SLOTS):
            if not self.function[slot]:
                return slot
            age_ms = clock.ticks_diff(now, self.at[slot])
            if age_ms > oldest_ms:
                oldest, oldest_ms = slot, age_ms
        return oldest

    def put(self, slot, unit, function, address, count, at, window_ms):
        """Let a request wait in a slot."""
        self.unit[slot] = unit
        self.function[slot] = function
        self.address[slot] = address
        self.count[slot] = count
        self.at[slot] = at
        self.window_ms[slot] = window_ms

    def gone(self, slot, now):
        """Return True if a slot's request can have no answer any more, not even a late one."""
        age_ms = clock.ticks_diff(now, self.at[slot])
        return self.function[slot] and age_ms > self.window_ms[slot] and age_ms > _GHOST_MS

    def answered_by(self, buffer, start, have):
        """Return the slot whose request the reply at buffer[start] fits, NOBODY or SEVERAL; `have` bytes are there."""
        found = NOBODY
        for slot in range(_SLOTS):
            if self.function[slot] and self._fits(slot, buffer, start, have):
                if found != NOBODY:
                    return SEVERAL
                found = slot
        return found

    def newest(self, buffer, start, have):
        """Return the newest of the slots that the reply at buffer[start] fits."""
        newest = NOBODY
        for slot in range(_SLOTS):
            if self.function[slot] and self._fits(slot, buffer, start, have):
                if newest == NOBODY or clock.ticks_diff(self.at[slot], self.at[newest]) > 0:
                    newest = slot
        return newest

    def _fits(self, slot, buffer, start, have):
        """Return True if the bytes so far are an answer to the request in a slot."""
        function = self.function[slot]
        if buffer[start] != self.unit[slot] or buffer[start + 1] & ~_EXCEPTION != function:
            return False
        if buffer[start + 1] & _EXCEPTION:
            return True
        if function in _WORD_READS:
            return buffer[start + 2] == 2 * self.count[slot]
        if function <= 2:
            return buffer[start + 2] == self.count[slot] + 7 >> 3
        if have < 6:
            return True
        if function == 43:
            return buffer[start + 3] == self.address[slot] & 0xFF
        if buffer[start + 2] << 8 | buffer[start + 3] != self.address[slot]:
            return False
        return function == 8 or buffer[start + 4] << 8 | buffer[start + 5] == self.count[slot]
