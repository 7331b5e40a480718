"""Keeps what was read from the slaves for as long as it is fresh: the newest reads, at most a fixed number.

A part of a kept read is as good as the whole: registers at any position, bits where a byte begins.
"""

import clock
from micropython import const

_FREE_MS = const(0x3FFFFFFF)  # age of a place that holds nothing
_BITS_LAST = const(2)  # functions 1 and 2 read bits, 3 and 4 registers


class Read:
    """One kept read: `quantity` registers (or bits) from `address`, as the slave's bytes lie in the reply."""

    def __init__(self):
        self.unit = -1  # nothing is kept
        self.function = 0
        self.address = 0
        self.quantity = 0
        self.at = 0  # ticks when the slave was asked
        self.bytes = bytearray(0)


class Cache:
    """The reads of one bus that are not older than freshness_ms; 0 keeps nothing."""

    def __init__(self, freshness_ms, places):
        """places: how many reads are kept at most (up to 250 bytes each); each is made when it is first wanted."""
        self._freshness_ms = freshness_ms
        self._places = places if freshness_ms else 0
        self._reads = []

    def find(self, unit, function, address, quantity, now):
        """Return the kept Read that holds all that is asked for and is fresh, or None."""
        for read in self._reads:
            if read.unit == unit and read.function == function:
                if not covers(function, read.address, read.quantity, address, quantity):
                    continue
                if 0 <= clock.ticks_diff(now, read.at) <= self._freshness_ms:
                    return read
        return None

    def keep(self, unit, function, address, quantity, buffer, at, asked_at, now):
        """Keep a read: its bytes without count lie at buffer[at]; asked_at: ticks when the request had left."""
        place = self._place(unit, function, address, quantity, now)
        if place is None:
            return
        size = size_of(function, quantity)
        if len(place.bytes) < size:
            place.bytes = bytearray(size)
        place.bytes[:size] = memoryview(buffer)[at : at + size]
        place.unit, place.function, place.address, place.quantity = unit, function, address, quantity
        place.at = asked_at

    def _place(self, unit, function, address, quantity, now):
        """Return where a new read goes: one that it covers, a free place, a new one, the oldest; None if none is kept."""
        oldest = None
        oldest_ms = -1
        for read in self._reads:
            if read.unit == unit and read.function == function:
                if covers(function, address, quantity, read.address, read.quantity):
                    return read  # what the new one holds is not kept twice
            age_ms = clock.ticks_diff(now, read.at) if read.unit >= 0 else _FREE_MS
            if age_ms > oldest_ms:
                oldest, oldest_ms = read, age_ms
        if oldest_ms < _FREE_MS and len(self._reads) < self._places:
            oldest = Read()
            self._reads.append(oldest)
        return oldest

    def forget(self, unit):
        """Forget what is known of a unit, because somebody writes to it; 0: of all."""
        for read in self._reads:
            if unit in (0, read.unit):
                read.unit = -1

    def expire(self, now):
        """Forget what is too old; to be called at least once a day, because the stamps wrap."""
        for read in self._reads:
            if read.unit >= 0 and not 0 <= clock.ticks_diff(now, read.at) <= self._freshness_ms:
                read.unit = -1


def size_of(function, quantity):
    """Return the bytes that `quantity` registers or bits take in a reply."""
    return (quantity + 7) // 8 if function <= _BITS_LAST else 2 * quantity


def covers(function, address, quantity, part_address, part_quantity):
    """Return True if a read of `quantity` from `address` brings the whole part, of bits such that it begins a byte."""
    first = part_address - address
    if first < 0 or first + part_quantity > quantity:
        return False
    return function > _BITS_LAST or first % 8 == 0


def cut(function, first, quantity, buffer, at, out):
    """Put the reply's PDU for `quantity` registers (bits) into out and return its length.

    They are those from number `first` of a read whose bytes lie at buffer[at].
    """
    size = size_of(function, quantity)
    at += first // 8 if function <= _BITS_LAST else 2 * first
    out[0] = function
    out[1] = size
    out[2 : 2 + size] = memoryview(buffer)[at : at + size]
    if function <= _BITS_LAST and quantity % 8:
        out[1 + size] &= (1 << quantity % 8) - 1  # what is behind the last bit was not asked for
    return 2 + size
