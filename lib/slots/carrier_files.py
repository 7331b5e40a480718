"""Slots as files on the file system, for an image of MicroPython without VfsRom: <root>a.slot and <root>b.slot.

A slot that comes in is <root>b.new; the rename that gives it its name is the one write that makes it complete.
Same methods as carrier_rom.
"""

import os

from micropython import const
from slots.head import HEAD_BYTES

PIECE = const(512)  # bytes read back at once
_RESERVE = const(16384)  # bytes of flash that stay free for records


class Files:
    """The two slots below one folder; every method may raise OSError."""

    def __init__(self, root):
        """root: folder, with a slash at its end."""
        self._root = root
        self._file = None

    def room(self, slot):
        """Return how many bytes of image the slot can take, what it holds now counted as free."""
        facts = os.statvfs(self._root)
        block = facts[1]
        blocks = facts[3] - (_RESERVE + HEAD_BYTES) // block
        for name in (self._name(slot), self._name(slot, ".new")):
            blocks += (_size(name) + block - 1) // block
        return max(blocks * block, 0)

    def read(self, slot, at, count):
        """Return bytes of a slot, fewer at its end, none if it is not there. at: 0 = its head, HEAD_BYTES = its image."""
        try:
            with open(self._name(slot), "rb") as file:
                file.seek(at)
                return file.read(count)
        except OSError as e:
            if e.errno == 2:  # ENOENT
                return b""
            raise

    def erase(self, slot):
        """Make the slot incomplete at once; its bytes may stay."""
        self.close()
        for name in (self._name(slot), self._name(slot, ".new")):
            if _there(name):
                os.remove(name)

    def begin(self, slot, head):
        """Start to write a slot that is erased. head: bytes, see head.make."""
        self._file = open(self._name(slot, ".new"), "w+b")
        self._file.write(head)
        gap = HEAD_BYTES - len(head)
        filler = b"\xff" * 64
        while gap:
            gap -= self._file.write(filler[: min(gap, 64)])

    def write(self, piece):
        """Write the next bytes of the image. piece: bytes-like; a multiple of 256 bytes, but for the last one."""
        self._file.write(piece)

    def written(self):
        """Generator: what was written of the image, read from the flash again, in pieces valid until the next one."""
        self._file.flush()
        self._file.seek(HEAD_BYTES)
        buffer = memoryview(bytearray(PIECE))
        count = self._file.readinto(buffer)
        while count:
            yield buffer[:count]
            count = self._file.readinto(buffer)

    def reader(self, slot):
        """Return read(at, count) of what was written of the image."""

        def read(at, count):
            self._file.seek(HEAD_BYTES + at)
            return self._file.read(count)

        return read

    def commit(self, slot):
        """Make the slot complete: one write."""
        self.close()
        os.rename(self._name(slot, ".new"), self._name(slot))

    def close(self):
        """Give up what was begun."""
        if self._file:
            self._file.close()
            self._file = None

    def _name(self, slot, ending=".slot"):
        return self._root + slot + ending


def _there(path):
    return _size(path) >= 0


def _size(path):
    """Return the bytes of a file, -1 if it is not there."""
    try:
        return os.stat(path)[6]
    except OSError:
        return -1
