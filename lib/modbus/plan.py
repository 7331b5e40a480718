"""Which registers go into which reads: neighbours are read together while the hole between them costs less than a request.

Pure. A better plan (least bus time for a measured think time) takes the same arguments.
"""

from micropython import const

_HOLE = const(20)  # registers; reading 20 unwanted ones costs about as much bus time as another request and its pauses


def reads(wanted, longest, hole=_HOLE):
    """Return [(address, count)] that cover `wanted`, a list of (address, words) in any order.

    No read is longer than `longest` registers, and no value is torn between two reads.
    """
    found = []
    start = end = None
    for address, words in sorted(wanted):
        if start is not None and address - end <= hole and address + words - start <= longest:
            end = max(end, address + words)
            continue
        if start is not None:
            found.append((start, end - start))
        start, end = address, address + words
    if start is not None:
        found.append((start, end - start))
    return found
