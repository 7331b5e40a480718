"""Makes room in a journal that is full, by the oldest entries of the lowest priority. In memory only meanwhile.

The oldest segment that holds such entries is written anew without them, behind the one before it if both fit into one file.
The new file gets its name by one rename; what it was made from is known by numbers that lie within those of the new one.
"""

import os

from micropython import const
from store.segment import MARK, PIECE, ROW, TOP, bytes_of, file_name, oldest, remove, scan

_STEP = const(16)  # entries in one step


def thin(folder, segments, bytes_most):
    """Generator: makes room. Yields True before a step that erases or programs, False after one that took its time.

    folder: path with a slash at its end; segments: flat list of rows, changed at the end; bytes_most: of a file.
    """
    at = oldest(segments)
    first, last, lowest = segments[at : at + ROW]
    buffer = bytearray(PIECE)
    left = count = 0
    kept = TOP
    if lowest < TOP:
        for place, length in scan(folder + file_name(first, last, lowest), buffer):
            if buffer[place + 1] > MARK + lowest:
                left += length
                kept = min(kept, buffer[place + 1] - MARK)
            count += 1
            if count % _STEP == 0:
                yield False
    sources = [(file_name(first, last, lowest), lowest)]
    behind = at + ROW
    if left:
        before = tuple(segments[at - ROW : at]) if at else None
        if before and bytes_of(folder + file_name(*before)) + left <= bytes_most:
            at -= ROW
            sources.insert(0, (file_name(*before), -1))
            first, kept = before[0], min(kept, before[2])
        yield from _merge(folder, sources, file_name(first, last, kept), buffer)
        segments[at:behind] = (first, last, kept)
    else:
        del segments[at:behind]
    for source, _ in sources:
        yield True
        remove(folder + source)


def _merge(folder, sources, to, buffer):
    """Generator: writes the entries of sources, (name, priority up to which they go), into one file."""
    fresh = folder + "new"
    view = memoryview(buffer)
    count = 0
    yield True
    file = open(fresh, "wb")
    try:
        for source, level in sources:
            for place, length in scan(folder + source, buffer):
                if buffer[place + 1] > MARK + level:
                    if count % _STEP == 0:
                        yield True
                    count += 1
                    file.write(view[place : place + length])
        yield True
    finally:
        file.close()
    os.rename(fresh, folder + to)
