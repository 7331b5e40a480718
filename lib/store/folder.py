"""Makes a folder on littlefs that outlives damage to one of its two blocks.

littlefs keeps the entries of a folder in a pair of blocks and appends to one of them until it is full; only then the other
one is written. A new folder stands in a single block for long, and a flipped bit in it makes the whole file system
unreadable. So the folder is written to until it has gone over into its second block; then either of them will do.
"""

import os

from micropython import const

_TURNS = const(20)  # 16 are enough where the smallest write is 32 bytes (ESP32), 6 where it is 256 (RP2040)
_BYTES = const(100)  # of a file that still lies in its folder


def make(folder):
    """Make a folder, if it is not there; the one above it knows it in both of its blocks too. Raises OSError."""
    try:
        os.mkdir(folder)
    except OSError as e:
        if e.errno != 17:  # EEXIST
            raise
        return
    settle(folder[: -len(folder.rpartition("/")[2])])
    settle(folder + "/")


def settle(place):
    """Write to a folder until both of its blocks hold it. Some tenths of a second. Raises OSError.

    place: path of the folder, with a slash at its end.
    """
    path = place + "settling"
    for _ in range(_TURNS):
        with open(path, "wb") as file:
            file.write(bytes(_BYTES))
        os.remove(path)
