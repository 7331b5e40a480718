"""Makes the image of a bundle in a slot: unpacks the blocks that come, copies those that the device holds, reads all back.

A part of installer.py, which feeds it and says what it waits for.
"""

from binascii import crc32, hexlify
from hashlib import sha256

import deflate
from micropython import const
from slots import blocks
from slots.bundle import BLOCK, LONGEST_BLOCK, NOTHING, WINDOW_BITS
from slots.head import HEAD_BYTES
from slots.version import Refused

_PIECE = const(512)  # bytes unpacked, copied or read at once
_TURN = const(8)  # pieces: 4 kB


class Receiver:
    """One image. Its generators yield how many bytes they want in `buffer`, or NOTHING."""

    def __init__(self, buffer, sparse):
        """buffer: of LONGEST_BLOCK bytes, stands at its beginning when they came. sparse: see Installer."""
        self._buffer = buffer
        self._sparse = sparse
        self._piece = memoryview(bytearray(_PIECE))
        self._filled = 0  # bytes of the piece that wait to be written
        self._table = b""
        self.left = 0  # bytes of the image that are missing
        self.skipped = 0  # bytes of the bundle that are not wanted next
        self.run = 0  # bytes of the bundle that are wanted next without a break

    def read_table(self, size):
        """Generator: takes the table of the blocks of an image of so many bytes. Raises Refused."""
        yield 2
        count = int.from_bytes(self._buffer.read(2), "big")
        if not 0 < count <= blocks.MOST:
            raise Refused("image", "must have 1 to %d blocks, not %d" % (blocks.MOST, count))
        missing = count * blocks.ROW
        self._table = bytearray(missing)
        while missing:
            count = min(missing, BLOCK)
            yield count
            at = len(self._table) - missing
            self._table[at : at + count] = self._buffer.read(count)
            missing -= count
        yield 4
        sums = int.from_bytes(self._buffer.read(4), "big")
        rule = blocks.fault(self._table, size) if sums == crc32(self._table) else "has a table that is damaged"
        if rule:
            raise Refused("image", rule)
        self.left = size

    def find(self, carrier, slot, size):
        """Generator: finds the blocks that a slot holds, whose image has so many bytes, if they are wanted from there.

        Raises Refused if one is left out of the bundle and not held.
        """
        rows = range(len(self._table) // blocks.ROW)
        thin = any([not blocks.lengths(self._table, n)[1] for n in rows])
        if size and (thin or self._sparse):
            yield from self._look(carrier, slot, size)
        for n in rows:
            if not blocks.lengths(self._table, n)[1] and blocks.held(self._table, n) < 0:
                raise Refused("image", "lacks a part that the running version does not have; take the whole bundle")
        self._measure(0)

    def _look(self, carrier, slot, size):
        def read(at, count):
            return carrier.read(slot, HEAD_BYTES + at, count)

        start = 0
        walk = blocks.borders(read, size)
        next(walk)
        while start < size:
            end = next(walk, size)
            digest = sha256()
            at = start
            while at < end:
                digest.update(read(at, min(end - at, _PIECE)))
                at += _PIECE
                if at % (_TURN * _PIECE) < _PIECE:
                    yield NOTHING
            blocks.hold(self._table, digest.digest(), end - start, start)
            start = end
            yield NOTHING

    def _measure(self, n):
        """Note how many bytes of the bundle are wanted from block n on without a break."""
        self.run = 0
        while n < len(self._table) // blocks.ROW:
            packed = blocks.lengths(self._table, n)[1]
            if packed and self._from_here(n):
                break
            self.run += packed
            n += 1

    def _from_here(self, n):
        """Return True if block n is copied from the running slot."""
        return blocks.held(self._table, n) >= 0 and (self._sparse or not blocks.lengths(self._table, n)[1])

    def receive(self, carrier, running):
        """Generator: writes the image, at most 1 kB a turn. running: the slot to copy from."""
        for n in range(len(self._table) // blocks.ROW):
            count, packed = blocks.lengths(self._table, n)
            if self._from_here(n):
                self.skipped = packed
                yield NOTHING
                if packed:
                    self._measure(n + 1)
                yield from self._copy(carrier, running, blocks.held(self._table, n), count)
            else:
                yield from self._unpack_all(carrier, count, packed)
        if self._filled:
            carrier.write(self._piece[: self._filled])
        yield NOTHING

    def _copy(self, carrier, slot, at, count):
        while count:
            room = min(count, _PIECE - self._filled)
            self._piece[self._filled : self._filled + room] = carrier.read(slot, HEAD_BYTES + at, room)
            self._put(carrier, room)
            at += room
            count -= room
            yield NOTHING

    def _unpack_all(self, carrier, count, packed):
        while count:
            yield 2
            length = int.from_bytes(self._buffer.read(2), "big")
            packed -= 2 + length
            if not 0 < length <= LONGEST_BLOCK or packed < 0:
                raise Refused("image", "has a block of a wrong length")
            yield length
            part = min(count, BLOCK)
            self._unpack(length, part, carrier)
            count -= part
        if packed:
            raise Refused("image", "has a block of a wrong length")

    def _unpack(self, packed, size, carrier):
        """Unpack what is in the buffer; more than `size` bytes are never made of it."""
        source = deflate.DeflateIO(self._buffer, deflate.RAW, WINDOW_BITS)
        while size:
            want = min(size, _PIECE - self._filled)
            count = _inflate(source, self._piece[self._filled : self._filled + want])
            if count <= 0:
                raise Refused("image", "has a block that is damaged or unpacks to too little")
            self._put(carrier, count)
            size -= count
        last = bytearray(1)
        if _inflate(source, last) != 0 or self._buffer.tell() != packed:
            raise Refused("image", "has a block that unpacks to too much")

    def _put(self, carrier, count):
        """Take so many more bytes of the piece; write it when it is full."""
        self._filled += count
        self.left -= count
        if self._filled == _PIECE:
            carrier.write(self._piece)
            self._filled = 0


def read_back(carrier, crc, wanted):
    """Generator: compares what the flash holds with both sums, 4 kB a turn. Raises Refused."""
    digest = sha256()
    total = turns = 0
    for piece in carrier.written():
        digest.update(piece)
        total = crc32(piece, total)
        turns += 1
        if turns % _TURN == 0:
            yield NOTHING
    if hexlify(digest.digest()).decode() != wanted or total != crc:
        raise Refused("image", "must have the sums that its manifest says, and has others in the flash")
    yield NOTHING


def check_modules(read, size, mpy):
    """Generator: raises Refused unless an image is a ROMFS whose modules this interpreter reads; a file a turn."""
    try:
        for _, name, start, count in blocks.records(read, size):
            begun = read(start, 2) if count > 1 and name.endswith(b".mpy") else b""
            if begun[:1] == b"M" and begun[1] != mpy:
                raise Refused("mpy", "must be %d in each module, and one has %d" % (mpy, begun[1]))
            yield NOTHING
    except ValueError:
        raise Refused("image", "must be a ROMFS, and is none") from None


def _inflate(source, piece):
    """Return the count of bytes unpacked into piece, -1 if the block is rubbish."""
    try:
        return source.readinto(piece)
    except (OSError, EOFError):  # of deflate itself: what it reads is memory
        return -1
