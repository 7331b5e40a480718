"""Log with a bounded ring: one line per event, who says it and since how many seconds the device runs.

Log changes, not states. No secrets: a setting of kind "secret" has no text to print.
"""

import clock
from micropython import const

_LINES = const(40)
_LONGEST = const(160)  # characters; a line from outside cannot fill the ring's memory

_ring = []


def _write(level, who, text):
    line = "%7d %s %s: %s" % (clock.seconds(), level, who, text)
    if len(line) > _LONGEST:
        line = line[:_LONGEST] + "..."
    if len(_ring) >= _LINES:
        _ring.pop(0)
    _ring.append(line)
    print(line)


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
    """Return the last lines, oldest first, as a list that the caller may keep."""
    return list(_ring)
