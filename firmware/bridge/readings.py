"""The readings of all points: value, time stamp and quality by point number, in arrays that storing does not grow.

A value is one 4-byte cell: float32 or an integer, as the register's kind says. `put` takes it from a Modbus reply without
allocating; everything that a person or a broker reads (`value`, `text`) may allocate.
Qualities: NEVER (no value yet), GOOD, STALE (too old), SUSPECT (implausible: the last value is not to be used).
"""

import array
import struct

import clock
import uctypes
from bridge import points
from micropython import const

NEVER, STALE, SUSPECT, GOOD = 0, 1, 2, 3
QUALITIES = ("never", "stale", "suspect", "good")

_FLOAT = const(0)
_INT16 = const(1)
_UINT16 = const(2)
_INT32 = const(3)
_UINT64 = const(5)
_KINDS = "fhHiIQ"
_WORDS = (2, 1, 1, 2, 2, 4)
_STRIKES = const(8)  # suspect counter values in a row that mean a new meter, not a bad value
_NOT_FINITE = const(0x7F80)  # exponent of infinity and NaN in the first word of a float32


def registers(kind):
    """Return how many registers a value of a kind ("f", "h", "H", "i", "I", "Q") takes."""
    return _WORDS[_KINDS.index(kind)]


class Readings:
    """Readings of all points; `count` of them."""

    def __init__(self):
        n = points.count()
        self.count = n
        self.suspects = 0  # implausible values so far
        self._cells = array.array("I", [0] * n)
        self._raw = uctypes.bytearray_at(uctypes.addressof(self._cells), 4 * n)
        self._at = array.array("i", [0] * n)
        self._quality = bytearray(n)
        self._strikes = bytearray(n)
        self._kind = bytearray(n)
        self._max_age_ms = array.array("i", [0] * n)
        self._scale = [1] * n
        # Limits as the value's own bits, so that the check is integer work: first word of the highest magnitude.
        self._high = array.array("i", [0] * n)
        self._flags = bytearray(n)  # bit 0: negative allowed, bit 1: counter, bit 2: a plausible value was stored

    def bind(self, point, kind, scale, max_age_ms):
        """Say how a point (by its id) comes: kind of register, factor from raw to unit, after what age it is stale."""
        n = points.number(point)
        _, _, _, low, high, _, state_class, _ = points.row(point)
        place = _KINDS.index(kind)
        if (place, scale) != (self._kind[n], self._scale[n]):
            self._flags[n] = self._quality[n] = NEVER  # what is stored means something else now
        self._kind[n] = place
        self._scale[n] = scale
        self._max_age_ms[n] = max_age_ms
        self._flags[n] = self._flags[n] & 4 | (low < 0) | (state_class == points.COUNTER) << 1
        if kind == "f":
            self._high[n] = struct.unpack(">H", struct.pack(">f", high))[0]
        else:
            self._high[n] = min(int(high / scale), 0x3FFFFFFF)

    def put(self, n, buffer, at, now):
        """Take the value of point n from the registers that start at buffer[at]; return its new quality."""
        kind = self._kind[n]
        if self._strikes[n] >= _STRIKES:
            self._strikes[n] = self._quality[n] = 0
        if kind == _FLOAT:
            good = self._plausible_float(n, buffer, at)
        else:
            good = self._plausible_integer(n, kind, buffer, at)
        self._at[n] = now
        if not good:
            self.suspects += 1
            self._quality[n] = SUSPECT
            if self._flags[n] & 2:
                self._strikes[n] += 1
            return SUSPECT
        raw, k = self._raw, 4 * n
        if _INT16 <= kind <= _UINT16:
            raw[k], raw[k + 1] = buffer[at + 1], buffer[at]
            raw[k + 2] = raw[k + 3] = 0xFF if kind == _INT16 and buffer[at] & 0x80 else 0
        else:
            if kind == _UINT64:
                at += 4
            raw[k + 3] = buffer[at]
            raw[k + 2] = buffer[at + 1]
            raw[k + 1] = buffer[at + 2]
            raw[k] = buffer[at + 3]
        self._flags[n] |= 4
        self._quality[n] = GOOD
        self._strikes[n] = 0
        return GOOD

    def _plausible_float(self, n, buffer, at):
        size = (buffer[at] & 0x7F) << 8 | buffer[at + 1]
        if size >= _NOT_FINITE or size > self._high[n]:
            return False
        flags = self._flags[n]
        if buffer[at] & 0x80 and size and not flags & 1:
            return False
        if flags & 2 and self._quality[n]:
            # Positive floats sort like their bits: a counter's must not fall. The sign is left out: there is a -0.0.
            raw, k = self._raw, 4 * n
            old = (raw[k + 3] << 8 | raw[k + 2]) & 0x7FFF
            if size < old:
                return False
            if size == old and (buffer[at + 2] << 8 | buffer[at + 3]) < (raw[k + 1] << 8 | raw[k]):
                return False
        return True

    def _plausible_integer(self, n, kind, buffer, at):
        negative_allowed = self._flags[n] & 1
        first = buffer[at] << 8 | buffer[at + 1]
        if kind == _UINT16:
            return first <= self._high[n]
        if kind == _INT16:
            return -self._high[n] * negative_allowed <= (first ^ 0x8000) - 0x8000 <= self._high[n]
        if kind == _UINT64:
            if first or buffer[at + 2] or buffer[at + 3]:
                return False
            at += 4
            first = buffer[at] << 8 | buffer[at + 1]
        # Only values that fit a small integer of the chips (31 bits) are put together; the others are out of range anyway.
        second = buffer[at + 2] << 8 | buffer[at + 3]
        if kind == _INT32 and first >= 0xC000:
            value = (first - 0x10000) * 0x10000 + second
        elif first < 0x4000:
            value = first << 16 | second
        else:
            return False
        if value > self._high[n] or value < -self._high[n] * negative_allowed:
            return False
        if self._flags[n] & 2 and self._quality[n]:
            raw, k = self._raw, 4 * n
            old_first = raw[k + 3] << 8 | raw[k + 2]
            if first < old_first:
                return False
            return first > old_first or second >= raw[k + 1] << 8 | raw[k]
        return True

    def expire(self, now):
        """Mark what is too old as stale. Called at least every second, so that no stamp outlives the ticks."""
        for n in range(self.count):
            if self._quality[n] > STALE and clock.ticks_diff(now, self._at[n]) > self._max_age_ms[n]:
                self._quality[n] = STALE

    def forget(self, n):
        """Say that point n has no value (the device does not have it)."""
        self._quality[n] = NEVER

    def quality(self, n):
        """Return NEVER, STALE, SUSPECT or GOOD."""
        return self._quality[n]

    def age_ms(self, n, now):
        """Return the age of point n in ms; right only while its quality is GOOD or SUSPECT."""
        return clock.ticks_diff(now, self._at[n])

    def value(self, n):
        """Return the value of point n in its unit (int or float), or None if it is not good."""
        return self.last(n) if self._quality[n] == GOOD else None

    def last(self, n):
        """Return the last plausible value of point n in its unit, whatever its quality, or None before the first."""
        kind = self._kind[n]
        if self._quality[n] == NEVER or not self._flags[n] & 4:
            return None
        if kind == _FLOAT:
            return struct.unpack_from("<f", self._raw, 4 * n)[0]
        signed = kind in (_INT16, _INT32)
        return struct.unpack_from("<i" if signed else "<I", self._raw, 4 * n)[0] * self._scale[n]
