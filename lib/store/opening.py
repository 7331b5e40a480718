"""Looks what segments of a journal are there. In memory only while one is opened."""

import os
from struct import unpack_from

from micropython import const
from store.segment import MARK, PIECE, TOP, bytes_of, file_name, numbers, scan

_ENOENT = const(2)


def look(folder):
    """Return (segments, rubbish, first, size, last, lowest); only the segment that grows is read. Raises OSError.

    segments: flat list of the rows of those that are full; rubbish: names of files that nobody reads; first, size: number
    in the name of the one that grows, 0 = none, and its bytes, -1 if it is damaged; last: number of the newest entry;
    lowest: priority in the one that grows.
    """
    try:
        names = sorted([entry[0] for entry in os.ilistdir(folder[:-1])])
    except OSError as e:
        if e.errno != _ENOENT:
            raise
        names = ()
    segments, rubbish, rows = [], [], []
    first = size = last = 0
    lowest = TOP
    for name in names:
        row = numbers(name)
        if row is None:
            rubbish.append(name)  # it was not finished
        elif row[1] is None:
            first = row[0]
        else:
            rows.append((row[0], -row[1], -row[2]))
    for begin, end, level in sorted(rows):
        row = (begin, -end, -level)
        if -end <= last:
            rubbish.append(file_name(*row))  # it lies in another one too: the power went before it could be removed
        else:
            segments += row
            last = -end
    if first:
        last = max(last, first - 1)
        path = folder + "%08x-" % first
        buffer = bytearray(PIECE)
        for at, length in scan(path, buffer):
            size += length
            last = max(last, unpack_from("<I", buffer, at + 2)[0])
            lowest = min(lowest, buffer[at + 1] - MARK)
        if size != bytes_of(path):
            size, last = -1, max(last, first)
    return segments, rubbish, first, size, last, lowest
