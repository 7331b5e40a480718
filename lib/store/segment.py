"""The form of the journal's segments: how an entry lies in a file, how entries are found, what a file's name says.

entry: payload bytes u8 | 0xA0 + priority u8 | sequence u32 | CRC-32 of all but this u32 | payload     little-endian
file:  first sequence number "-" last one "." lowest priority in it; numbers in hex; one that grows ends at the "-"
"""

import os
from binascii import crc32
from struct import unpack_from

from micropython import const

HEAD = const(10)  # bytes in front of a payload
LONGEST = const(240)  # bytes of a payload
MARK = const(0xA0)
TOP = 3  # the highest priority: gives way only to newer entries of its own
PIECE = const(512)  # bytes read at once, and those that wait in memory
ROW = const(3)  # first, last, lowest priority of a segment, flat in one list
_ENOENT = const(2)


def scan(path, buffer):
    """Generator: yields (where, bytes) of each whole entry of a file, as it lies in buffer just then.

    No file stays open in between. What cannot be read, twice in a row, ends it; so does a file that is gone.
    """
    view = memoryview(buffer)
    offset = have = at = 0
    more = True
    while more or at < have:
        size = _whole(view, at, have, more)
        if size > 0:
            yield at, size
            at += size
        elif size == 0:
            at += 1
        else:
            have -= at
            buffer[:have] = buffer[at : at + have]
            at = 0
            count = _read(path, offset, view[have:])
            more = count > 0
            offset += count
            have += count


def oldest(segments):
    """Return where the oldest segment stands of those that hold the lowest priority, -1 if there is none."""
    found = -1
    for at in range(0, len(segments), ROW):
        if found < 0 or segments[at + 2] < segments[found + 2]:
            found = at
    return found


def check_sum(entry):
    """Return the CRC-32 that an entry, whole, has to carry."""
    return crc32(entry[HEAD:], crc32(entry[:6]))


def file_name(first, last, lowest):
    """Return the name of a segment that is full."""
    return "%08x-%08x.%d" % (first, last, lowest)


def numbers(text):
    """Return (first, last, lowest priority) of a segment's name; last is None while it grows; None for another name."""
    try:
        if text[8] != "-" or len(text) not in (9, 19):
            return None
        first = int(text[:8], 16)
        return (first, None, None) if len(text) == 9 else (first, int(text[9:17], 16), int(text[18], 4))
    except (ValueError, IndexError):
        return None


def bytes_of(path):
    """Return the bytes of a file, -1 if it is not there."""
    try:
        return os.stat(path)[6]
    except OSError:
        return -1


def remove(path):
    """Remove a file, if it is there. Raises OSError if the flash fails."""
    try:
        os.remove(path)
    except OSError as e:
        if e.errno != _ENOENT:
            raise


def _whole(view, at, have, more):
    """Return the bytes of the entry at a place, 0 if there is none, -1 if bytes are missing that may come."""
    if have - at >= HEAD:
        size = HEAD + view[at]
        if not HEAD < size <= HEAD + LONGEST or not MARK <= view[at + 1] <= MARK + TOP:
            return 0
        if have - at >= size:
            return size if check_sum(view[at : at + size]) == unpack_from("<I", view, at + 6)[0] else 0
    return -1 if more else 0


def _read(path, offset, into):
    """Return how many bytes of a file were read; what fails is tried once more: a single bad read is no damage."""
    for _ in range(2):
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                return file.readinto(into)
        except OSError:
            pass
    return 0
