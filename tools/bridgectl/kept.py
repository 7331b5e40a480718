"""What takes seconds to make is made once for all processes: it is kept in build/ under the hash of all it is made of."""

import contextlib
import gc
import hashlib
import os
import pickle
import sys

from bridgectl import firmware

_MOST = 4  # of one name: the newest; other branches of a tree have others


def kept(name, made_of, make):
    """Return what make() returns, or what it returned for the same `made_of` (texts) in any process of this Python.

    name: the folder in build/. What cannot be read again is made anew.
    """
    digest = hashlib.sha256(repr((sys.version, *made_of)).encode()).hexdigest()
    place = firmware.BUILD / name / digest
    with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError, AttributeError):
        return _read(place)
    found = make()
    fresh = place.with_name(f"{digest}.{os.getpid()}")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_bytes(pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
    fresh.replace(place)
    with contextlib.suppress(OSError):  # another process tidies too
        for old in sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime)[:-_MOST]:
            old.unlink()
    return found


def _read(place):
    content = place.read_bytes()
    collecting = gc.isenabled()
    gc.disable()  # a hundred thousand new objects, none of them garbage: looking for some takes four times as long
    try:
        return pickle.loads(content)
    finally:
        if collecting:
            gc.enable()
