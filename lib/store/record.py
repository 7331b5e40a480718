"""Small records that survive a power cut: a dict in a file, old or new, never a third.

File: one line "record1 " and the CRC-32 of the rest in eight hex digits, then the dict as JSON.
Saving writes `path.new`, closes it and renames it over `path`; littlefs makes a rename one atomic commit, so a cut
leaves the old file or the new one. A left-over `path.new` is never read. The checksum finds what littlefs does not
promise: bits that decayed, a file that somebody cut short.

Each save erases flash and blocks for tens of milliseconds; on RP2040 no interrupt is served meanwhile.
"""

import json
import os
from binascii import crc32

from micropython import const

_MAX_BYTES = const(8192)
_HEAD = b"record1 "
_HEAD_BYTES = const(17)  # the word, eight hex digits, the end of the line


def load(path):
    """Return the dict stored at path, or None if it is missing, damaged or unreadable."""
    try:
        size = os.stat(path)[6]
        if size > _MAX_BYTES:
            return None
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
            body = file.read(size)  # a read of the largest size would ask for 8 kB in one piece
    except OSError:
        return None
    if head != _head(body):
        return None
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def save(path, value):
    """Store the dict `value` at path; return True if it was written, False if the same was there already.

    Only what JSON can say survives: tuples come back as lists. A missing folder is made (one level).
    Raises OSError if the flash is full or fails, ValueError above 8 kB; the old record is then still there.
    """
    body = json.dumps(value).encode()
    if len(body) > _MAX_BYTES - _HEAD_BYTES:
        raise ValueError("record of %d bytes is too long" % len(body))
    if load(path) == json.loads(body):  # both through the same text: 32-bit floats compare as stored
        return False
    fresh = path + ".new"
    _make_folder(path)
    try:
        with open(fresh, "wb") as file:
            file.write(_head(body))
            file.write(body)
        os.rename(fresh, path)
    except OSError:
        _remove(fresh)  # a full flash must not stay full because of us
        raise
    return True


def _head(body):
    return b"%s%08x\n" % (_HEAD, crc32(body))


def _make_folder(path):
    folder = path.rpartition("/")[0]
    if folder:
        try:
            os.mkdir(folder)
        except OSError:  # it exists, or the open() that follows says what is wrong
            pass


def _remove(path):
    try:
        os.remove(path)
    except OSError:  # never written, or the flash is dead: the first error tells
        pass
