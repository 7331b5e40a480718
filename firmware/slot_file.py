"""A read-only file system: MicroPython's ROMFS in a file, for an image of MicroPython that has none of its own.

Belongs to boot.py and is never updated in the field. Format: https://docs.micropython.org/en/latest/reference/romfs.html
"""

from binascii import crc32

_MARK_BYTES = 3  # of a ROMFS; its length follows
_FOLDER, _FILE = 4, 5  # kinds of records; a file holds one record of content
_BEGINNING = 80  # bytes: longer than what stands before the content of a file, with a name of 64 characters
_ENTRY = (
    6  # bytes of the table: 3 of the path's sum, 3 where the file's size stands with its content behind, 0 for a folder
)
_NUMBER = 4  # bytes that a size takes at most


class Image:
    """Good for imports, stat and open."""

    def __init__(self, path, at, size):
        """path: of the file; at, size: where the image begins in it, and its bytes. Raises OSError if it cannot be read."""
        self._path = path
        self._table = bytearray()
        with open(path, "rb") as file:
            file.seek(at)
            head = file.read(_BEGINNING)
            self._list(file, at + _number(head, _MARK_BYTES)[1], at + size, "")

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        """Return what os.stat does: kind and size; of a module 0, for each import asks, and only whether it is there."""
        at = self._find(path)
        size = 0
        if at and not path.endswith(".mpy"):
            with open(self._path, "rb") as file:
                size = _size(file, at)
        return (0x8000 if at else 0x4000, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def open(self, path, mode):
        """Return the file. A module: the image itself, standing there, for an import knows where it ends."""
        at = self._find(path)
        if not at:
            raise OSError(21)  # EISDIR
        file = open(self._path, "rb")
        size = _size(file, at)
        return file if path.endswith(".mpy") else _Part(file, size)

    def _find(self, path):
        table = self._table
        key = _sum(path.strip("/"))
        at = table.find(key)
        while at > 0 and at % _ENTRY:
            at = table.find(key, at + 1)
        if at < 0:
            raise OSError(2)
        return int.from_bytes(table[at + 3 : at + _ENTRY], "big")

    def _list(self, file, at, end, folder):
        """Note what lies in a folder, from `at` to `end`, and below it."""
        while at < end:
            file.seek(at)
            row = file.read(_BEGINNING)
            kind, used = _number(row, 0)
            size, used = _number(row, used)
            after = at + used + size
            if kind in (_FOLDER, _FILE):
                count, used = _number(row, used)
                path = folder + row[used : used + count].decode()
                used += count
                if kind == _FOLDER:
                    self._note(path, 0)
                    self._list(file, at + used, after, path + "/")
                else:
                    self._note(path, at + used + 1)  # behind the kind of its content
            at = after

    def _note(self, path, at):
        self._table.extend(_sum(path) + at.to_bytes(3, "big"))


class _Part:
    """A file that is a part of another one and ends where it ends."""

    def __init__(self, file, size):
        self._file = file
        self._left = size

    def read(self, count=-1):
        content = self._file.read(self._left if count < 0 else min(count, self._left))
        self._left -= len(content)
        return content

    def readinto(self, buffer):
        count = self._file.readinto(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def close(self):
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _sum(path):
    return crc32(path.encode()).to_bytes(4, "big")[1:]


def _size(file, at):
    """Return the size that stands at `at`; the file stands at the content then."""
    file.seek(at)
    size, used = _number(file.read(_NUMBER), 0)
    file.seek(at + used)
    return size


def _number(row, at):
    """Return (a number of a ROMFS, where it ends): 7 bits a byte, the highest first."""
    value = 0
    while True:
        value = value << 7 | row[at] & 0x7F
        at += 1
        if row[at - 1] < 0x80:
            return value, at
