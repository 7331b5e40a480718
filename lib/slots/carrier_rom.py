"""Slots in the part of the flash that the image of MicroPython keeps for ROMFS: code runs where it lies.

The segment is cut into two halves: a starts at its beginning, b in its middle. Each is the head, in an erase block of its
own, and the image. The head is written last: the one write that makes the slot complete. In front of the image it also
keeps the port from mounting an image by itself that nobody has chosen. Same methods as carrier_files.
"""

from micropython import const
from slots.head import HEAD_BYTES

PIECE = const(512)  # bytes read back at once
_BLOCK = const(4096)  # bytes that the flash erases at once
_PROGRAM = const(256)  # bytes that it programs at once, or a part of what it does
_ERASE = const(6)


class Rom:
    """The two halves of one segment; erasing and writing may raise OSError."""

    def __init__(self, segment):
        """segment: object of vfs.rom_ioctl(2, 0): readblocks, writeblocks, ioctl and the buffer protocol."""
        self._segment = segment
        self._all = memoryview(segment)
        self._half = len(self._all) // 2 // _BLOCK * _BLOCK
        self._start = 0  # of the half that is being written
        self._head = b""
        self._at = 0  # where its next byte goes

    def room(self, slot):
        """Return how many bytes of image the slot can take."""
        return self._half - HEAD_BYTES

    def read(self, slot, at, count):
        """Return bytes of a slot, as they lie in the flash. at: 0 = its head, HEAD_BYTES = its image."""
        start = self._begin_of(slot) + at
        return bytes(self._all[start : start + count])

    def erase(self, slot):
        """Make the slot incomplete at once; its bytes may stay."""
        self._erase_at(self._begin_of(slot))

    def begin(self, slot, head):
        """Start to write a slot that is erased. head: bytes, see head.make."""
        self._start = self._begin_of(slot)
        self._head = head
        self._at = self._start + HEAD_BYTES

    def write(self, piece):
        """Write the next bytes of the image. piece: bytes-like; a multiple of 256 bytes, but for the last one."""
        if self._at % _BLOCK == 0:
            self._erase_at(self._at)
        self._program(self._at, piece)
        self._at += len(piece)

    def written(self):
        """Generator: what was written of the image, read from the flash again, in pieces."""
        at = self._start + HEAD_BYTES
        while at < self._at:
            count = min(PIECE, self._at - at)
            yield self._all[at : at + count]
            at += count

    def reader(self, slot):
        """Return read(at, count) of what was written of the image."""
        return lambda at, count: self.read(slot, HEAD_BYTES + at, count)

    def commit(self, slot):
        """Make the slot complete: one write."""
        self._program(self._start, self._head)

    def close(self):
        """Give up what was begun."""
        self._head = b""

    def _begin_of(self, slot):
        return self._half if slot == "b" else 0

    def _erase_at(self, at):
        self._segment.ioctl(_ERASE, at // _BLOCK)

    def _program(self, at, piece):
        """Program bytes that are erased; what is missing to whole units of the flash stays erased."""
        gap = -len(piece) % _PROGRAM
        if gap:
            piece = bytes(piece) + b"\xff" * gap
        self._segment.writeblocks(at // _BLOCK, piece, at % _BLOCK)
