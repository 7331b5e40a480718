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
from parts import Part

NEVER, STALE, SUSPECT, GOOD = 0, 1, 2, 3
QUALITIES = ("never", "stale", "suspect", "good")

_FLOAT = const(0)
_INT16 = const(1)
_UINT16 = const(2)
_INT32 = const(3)
_UINT64 = const(5)
_HALF_A_TURN = const(-180)  # scale of an angle that is stored turned; any other scale below 0 stands for the other sign
_KINDS = "fhHiIQ"
_WORDS = (2, 1, 1, 2, 2, 4)
_STRIKES = const(8)  # refused values of a counter that agree with each other: it was reset, or the meter is a new one
_FLOAT_UNITS = const(64)  # a float counter is compared in such parts of its unit: 1e7 of them are a small integer
_FLOAT_SHIFT = const(144)  # exponent of a float32 whose mantissa of 24 bits counts 1/64: 127 + 23 - 6
_MINUTE_MS = const(60000)
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
        self._words = {}  # of codes: point number to (code, word or None)
        self.renewed = -1  # point number of the counter that began anew last; whoever tells it sets it back to -1
        self._cells = array.array("I", [0] * n)
        self._raw = uctypes.bytearray_at(uctypes.addressof(self._cells), 4 * n)
        # Stamps are of the machine's own width: the ticks of a PC grow past 31 bits when it has been up for 25 days.
        self._at = array.array("l", [0] * n)
        self._quality = bytearray(n)
        self._strikes = bytearray(n)
        self._kind = bytearray(n)
        self._scale = bytearray(n)  # place among the few that the devices' tables have
        self._scales = [1]
        self._max_age_ms = array.array("i", [0] * n)
        # Limits as the value's own bits, so that the check is integer work: first word of the highest magnitude.
        self._high = array.array("i", [0] * n)
        # Of counters alone, by their place among them.
        counters = [row[4] == points.COUNTER for row in points.rows()]
        self._counter = bytearray([sum(counters[:i]) for i in range(n)])
        of_each = [0] * sum(counters)
        self._growth = array.array("i", of_each)  # what it can count in a minute
        self._counted_at = array.array("l", of_each)  # ticks of the last good value
        self._rival = array.array("i", of_each)  # the last value that was refused
        # bit 0: negative allowed, bit 1: counter, bit 2: a plausible value was stored, bit 3: stored turned
        self._flags = bytearray(n)
        self._sources = {}  # by prefix, see come_from

    def bind(self, point, kind, scale, max_age_ms):
        """Say how a point (by its id) comes: kind of register, factor from raw to unit, after what age it is stale.

        A float32 has no factor: -1 stores it with the other sign, -180 an angle with half a turn more."""
        n = points.number(point)
        _, _, low, high, what = points.row(point)
        place = _KINDS.index(kind)
        if (place, scale) != (self._kind[n], self._scales[self._scale[n]]):
            self._flags[n] = self._quality[n] = NEVER  # what is stored means something else now
        self._kind[n] = place
        self._scale[n] = _among(self._scales, scale)
        self._max_age_ms[n] = max_age_ms
        self._flags[n] = self._flags[n] & 4 | (low < 0) | (what == points.COUNTER) << 1
        self._flags[n] |= (kind == "f" and scale < 0) << 3
        if what == points.COUNTER:
            # No energy grows faster than the highest power of whatever it counts.
            kilo_most = points.row(point.split("_")[0] + "_power")[3] / 1000
            self._growth[self._counter[n]] = int(kilo_most / 60 * (_FLOAT_UNITS if kind == "f" else 1 / scale))
        if kind == "f":
            self._high[n] = struct.unpack(">H", struct.pack(">f", high))[0]
        else:
            self._high[n] = min(int(high / scale), 0x3FFFFFFF)

    def take(self, cells, buffer, at, now):
        """Take the values of one reply. cells: point number and position of its first byte behind `at`, in turn.

        As `put` for each, in a third of the time: a call costs a chip more than the check, because its frame lies in the
        heap and a place for it is searched for.
        """
        kinds, highs, flags, raw = self._kind, self._high, self._flags, self._raw
        for i in range(0, len(cells), 2):
            n, k = cells[i], at + cells[i + 1]
            first, size = buffer[k], (buffer[k] & 0x7F) << 8 | buffer[k + 1]
            plain = kinds[n] == _FLOAT and not flags[n] & 10 and size <= highs[n] and (first < 0x80 or flags[n] & 1)
            if not plain:
                self.put(n, buffer, k, now)
                continue
            flags[n] |= 4
            self._at[n] = now
            self._quality[n] = GOOD
            n *= 4
            raw[n + 3], raw[n + 2], raw[n + 1], raw[n] = first, buffer[k + 1], buffer[k + 2], buffer[k + 3]

    def disputed(self, cells):
        """Return True if one of the points, cells as for `take`, is a counter whose last values were refused."""
        for i in range(0, len(cells), 2):
            if self._strikes[cells[i]]:
                return True
        return False

    def put(self, n, buffer, at, now):
        """Take the value of point n from the registers that start at buffer[at]; return its new quality."""
        kind = self._kind[n]
        if kind == _FLOAT:
            good = self._plausible_float(n, buffer, at, now)
        else:
            good = self._plausible_integer(n, kind, buffer, at, now)
        self._at[n] = now
        if not good:
            self.suspects += 1
            self._quality[n] = SUSPECT
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
        if self._flags[n] & 8:
            self._turn(n)
        if self._flags[n] & 2:
            self._counted_at[self._counter[n]] = now
        self._flags[n] |= 4
        self._quality[n] = GOOD
        self._strikes[n] = 0
        return GOOD

    def _turn(self, n):
        """Turn the value of point n as its scale says; nothing stays nothing."""
        raw, k = self._raw, 4 * n
        if self._scales[self._scale[n]] == _HALF_A_TURN:
            angle = struct.unpack_from("<f", raw, k)[0]
            struct.pack_into("<f", raw, k, angle + 180 if angle <= 0 else angle - 180)
        else:  # a float32 that is 0 has neither bits in its first byte nor in its second
            raw[k + 3] = raw[k + 3] ^ 0x80 if raw[k + 3] & 0x7F or raw[k + 2] else 0

    def _plausible_float(self, n, buffer, at, now):
        size = (buffer[at] & 0x7F) << 8 | buffer[at + 1]
        if size >= _NOT_FINITE or size > self._high[n]:
            return False
        flags = self._flags[n]
        if buffer[at] & 0x80 and size and not flags & 1:
            return False
        if not flags & 2:
            return True
        raw, k = self._raw, 4 * n
        old = _units((raw[k + 3] << 8 | raw[k + 2]) & 0x7FFF, raw[k + 1] << 8 | raw[k])
        return self._counts(n, old, _units(size, buffer[at + 2] << 8 | buffer[at + 3]), now)

    def _counts(self, n, old, new, now):
        """Return True if a counter can have gone from old to new in the time since its last value."""
        if not (self._quality[n] and self._flags[n] & 4):
            return True
        place = self._counter[n]
        growth = self._growth[place]
        passed = clock.ticks_diff(now, self._counted_at[place]) // _MINUTE_MS + 1
        if passed <= 0 or 0 <= new - old <= growth * passed + _FLOAT_UNITS:  # the resolution of a float near its end
            return True
        most = growth * (clock.ticks_diff(now, self._at[n]) // _MINUTE_MS + 1) + _FLOAT_UNITS
        if self._strikes[n] and 0 <= new - self._rival[place] <= most:
            self._strikes[n] += 1
        else:
            self._strikes[n] = 1
        self._rival[place] = new
        if self._strikes[n] < _STRIKES:
            return False
        self.renewed = n
        return True

    def _plausible_integer(self, n, kind, buffer, at, now):
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
        if not self._flags[n] & 2:
            return True
        raw, k = self._raw, 4 * n
        return self._counts(n, (raw[k + 3] << 8 | raw[k + 2]) << 16 | raw[k + 1] << 8 | raw[k], value, now)

    def expire(self, now):
        """Mark what is too old as stale. Called at least every second, so that no stamp outlives the ticks."""
        for n in range(self.count):
            if self._quality[n] > STALE and clock.ticks_diff(now, self._at[n]) > self._max_age_ms[n]:
                self._quality[n] = STALE

    def come_from(self, prefix, source):
        """Say whose values those of points that begin with prefix are from now on: another source's are forgotten.

        source: what tells one from another: unit, model, which way round it is mounted.
        """
        before = self._sources.get(prefix, source)
        self._sources[prefix] = source
        if before != source:
            for n, row in enumerate(points.rows()):
                if row[0].startswith(prefix):
                    self.forget(n)

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
        return struct.unpack_from("<i" if signed else "<I", self._raw, 4 * n)[0] * self._scales[self._scale[n]]

    def word(self, n, row):
        """Return what the last value of point n stands for, None if it is no code or nobody knows this one.

        row: of the point, as points.rows() has it.
        """
        code = self.last(n) if row[4] == points.CODE else None
        if code is None:
            return None
        known = self._words.get(n)
        if not known or known[0] != code:
            try:
                with Part("bridge.devices.codes") as codes:
                    known = self._words[n] = code, codes.word(row[0], code)
            except MemoryError:
                return None  # its number says the same
        return known[1]


def _among(values, value):
    """Return the place of a value in a list of such; a new one is put at its end."""
    if value not in values:
        values.append(value)
    return values.index(value)


def _units(size, rest):
    """Return a positive float32 in 1/64, from its two words, without making a float."""
    mantissa = (size & 0x7F | 0x80) << 16 | rest
    shift = (size >> 7) - _FLOAT_SHIFT
    return mantissa << shift if shift >= 0 else mantissa >> min(-shift, 24)
