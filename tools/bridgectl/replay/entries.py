"""The entries in the bytes of a recording (firmware/bridge/tasks/recorder.py says how they are written)."""

import dataclasses
import struct

_FIRST, _KIND, _FULL, _MORE = 0xC0, 0x1F, 0x20, 0x40
_NONE, _TUPLE, _TUPLE_END, _TEXT, _TEXT_END, _FLOAT, _HIGH = 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0xA0
_TICKS = 1 << 30


class _Broken(Exception):
    """The bytes of one entry are none."""


@dataclasses.dataclass
class Entry:
    """One entry with all its values, also those that stood before."""

    kind: int
    now: int  # ticks, ms
    now_s: int
    values: tuple
    before: tuple | None  # values of the entry before of this kind, None: this one is in full
    beside: object  # what an entry in full takes along
    follows: bool  # nothing is missing between it and the entry before


def decode(runs, end):
    """Return (entries, bytes that belong to no entry). runs: (number of the first byte, bytes), with gaps between.

    end: number of the byte behind the last one that was recorded, None if nobody knows. What the ring has overwritten
    before the first whole frame is not counted as lost.
    """
    found, lost = [], 0
    for place, (at, octets) in enumerate(runs):
        more, missed = _of_run(octets, place == 0 and at > 0, at + len(octets) == end)
        found += more
        lost += missed
    return found, lost


def _of_run(octets, begins_within, ends_whole):
    found, lost, last = [], 0, None  # last: {kind: values} of the frame, None before the first one
    now = now_s = 0
    follows = False
    pieces = list(_pieces(octets))
    if not ends_whole and pieces:
        lost += len(pieces.pop())  # it may have been longer
    for piece in pieces:
        try:
            if piece[0] == _FIRST | _FULL:
                now, now_s = _Reader(piece).rest(2)
                last, begins_within = {}, False
                continue
            if last is None or piece[0] < _FIRST:
                lost += 0 if begins_within else len(piece)
                continue
            entry, now, now_s = _entry(piece, last, now, now_s)
        except (_Broken, IndexError):
            lost += len(piece)
            last, follows = None, False
            continue
        entry.follows, follows = follows, True
        last[entry.kind] = entry.values
        found.append(entry)
    return found, lost


def _pieces(octets):
    """Yield the bytes of each entry; before the first one, what belongs to none."""
    starts = [at for at, octet in enumerate(octets) if octet >= _FIRST]
    for at, end in zip([0, *starts], [*starts, len(octets)], strict=True):
        if end > at:
            yield octets[at:end]


def _entry(piece, last, now, now_s):
    reader = _Reader(piece)
    kind, is_full = piece[0] & _KIND, piece[0] & _FULL
    time = reader.number()
    passed_ms = time >> 2
    now, now_s = (now + passed_ms) % _TICKS, now_s + passed_ms // 1000 + (time & 3) - 1
    before = beside = None
    if is_full:
        *values, beside = reader.values()
    else:
        if kind not in last:
            raise _Broken
        before, values = last[kind], list(last[kind])
        while reader.more():
            place = reader.number()
            values[place] = reader.value()
    return Entry(kind, now, now_s, tuple(values), before, beside, False), now, now_s


class _Reader:
    """Takes the bytes of one entry apart."""

    def __init__(self, piece):
        self._piece = piece
        self._at = 1

    def more(self):
        return self._at < len(self._piece)

    def rest(self, count):
        found = [self.number() for _ in range(count)]
        if self.more():
            raise _Broken
        return found

    def values(self):
        found = []
        while self.more():
            found.append(self.value())
        return found

    def number(self):
        shift = number = 0
        while True:
            octet = self._next()
            if octet >= _NONE:
                raise _Broken
            number |= (octet & _MORE - 1) << shift
            shift += 6
            if octet < _MORE:
                return number

    def value(self):
        first = self._next()
        if first == _NONE:
            return None
        if first == _TUPLE:
            found = []
            while self._piece[self._at] != _TUPLE_END:
                found.append(self.value())
            self._at += 1
            return tuple(found)
        if first == _TEXT:
            return self._text()
        if first == _FLOAT:
            low, high = self.number(), self.number()
            return struct.unpack("<d", struct.pack("<II", low & 0xFFFFFFFF, high & 0xFFFFFFFF))[0]
        self._at -= 1
        number = self.number()
        return -(number + 1) // 2 if number & 1 else number // 2

    def _text(self):
        found = bytearray()
        while (octet := self._next()) != _TEXT_END:
            if octet >= _HIGH:
                octet = (octet & 3) << 6 | self._next()
            found.append(octet & 0xFF)
        return found.decode(errors="replace")

    def _next(self):
        octet = self._piece[self._at]
        self._at += 1
        return octet
