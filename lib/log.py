"""Log with a bounded ring: one line per event, who says it and since how many seconds the device runs.

Log changes, not states. No secrets: a setting of kind "secret" has no text to print.
"""

import clock
from micropython import const

_SIZE = const(1024)  # bytes of lines that are kept: one piece, for a line kept as a text of its own shatters the heap
_LONGEST = const(160)  # characters; a line from outside cannot fill the ring
_LF = const(10)

_ring = bytearray(_SIZE)
_at = 0  # where the next byte goes


def _write(level, who, text):
    line = "%7d %s %s: %s" % (clock.seconds(), level, who, text)
    if len(line) > _LONGEST:
        line = line[:_LONGEST] + "..."
    print(line)
    _keep(line.replace("\n", " ").replace("\0", " ").encode())  # a zero says that the ring was never full
    _keep(b"\n")


def _keep(octets):
    global _at
    before = min(len(octets), _SIZE - _at)
    _ring[_at : _at + before] = octets[:before]
    _ring[: len(octets) - before] = octets[before:]
    _at = (_at + len(octets)) % _SIZE


def info(who, text):
    """Log something that is as it should be. who: name of the task."""
    _write("I", who, text)


def warn(who, text):
    """Log something that the device copes with by itself."""
    _write("W", who, text)


def error(who, text):
    """Log something that a person should look at."""
    _write("E", who, text)


def lines():
    """Return an iterator over the last lines, oldest first. Nothing may be logged until its end."""
    whole = not _ring[_at]  # the ring was never full: its first line is not cut
    line = bytearray()
    for i in range(_SIZE):
        octet = _ring[(_at + i) % _SIZE]
        if octet == _LF:
            if whole:
                yield line.decode()
            whole = True
            line = bytearray()
        elif octet:
            line.append(octet)
