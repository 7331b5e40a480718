"""Ends a factory reset that a person asked for, at a start. In memory only then.

The mark, one record, is what makes it count: whatever the power does, each start goes on until all is gone, and the mark
goes last. What the device is stays (SN and hotspot password, slots, keys), and so does what it owes: a limit or an order
that holds at the plant must be released, and a generator's lock was there for a reason.
"""

import os

from micropython import const
from store import record

_ENOENT = const(2)
_GONE = ("settings", "wlan", "window", "ems", "restart", "lacks_1", "lacks_2")
_FOLDER = "history/"
MARK = "reset"


def finish(folder):
    """Remove what the house set and what was kept of it. folder: of the records, with its slash. Raises OSError."""
    for name in _GONE:
        record.remove(folder + name)
    try:
        names = os.listdir(folder + _FOLDER[:-1])
    except OSError as e:
        if e.errno != _ENOENT:
            raise
        names = ()
    for name in names:
        os.remove(folder + _FOLDER + name)
    record.remove(folder + MARK)
