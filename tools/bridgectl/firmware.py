"""Makes the firmware's own files importable on the PC: codecs, register tables, points. Nothing is copied.

`load()` puts lib/, firmware/ and boards/ on sys.path and a stand-in for the `micropython` module under its name.
In a checkout they are its own folders and what is made goes into its build/. Installed (`pip install .`), a copy of them
lies in the package, which may be read-only: what is made then goes into the user's cache.
"""

import asyncio
import functools
import json
import os
import sys
import time
import types
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
INSTALLED = (_PACKAGE / "tree").is_dir()
ROOT = _PACKAGE / "tree" if INSTALLED else _PACKAGE.parents[1]
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bridgectl"
BUILD = _CACHE if INSTALLED else ROOT / "build"
_TICKS_PERIOD = 1 << 30


def _ticks_diff(a, b):
    return (a - b + _TICKS_PERIOD // 2) % _TICKS_PERIOD - _TICKS_PERIOD // 2


def load():
    """Make `import modbus.wire.rtu`, `import bridge.points`, `import com` work; may be called any number of times."""
    if "micropython" not in sys.modules:
        stand_in = types.ModuleType("micropython")
        stand_in.const = lambda value: value
        sys.modules["micropython"] = stand_in
    if not hasattr(time, "ticks_ms"):
        time.ticks_us = lambda: int(time.monotonic() * 1000000) % _TICKS_PERIOD
        time.sleep_us = lambda us: time.sleep(us / 1000000)
        time.ticks_ms = lambda: int(time.monotonic() * 1000) % _TICKS_PERIOD
        time.ticks_add = lambda a, b: (a + b) % _TICKS_PERIOD
        time.ticks_diff = _ticks_diff
    if not hasattr(asyncio, "sleep_ms"):
        asyncio.sleep_ms = lambda ms: asyncio.sleep(ms / 1000)
    for folder in ("lib", "firmware", "boards"):
        path = str(ROOT / folder)
        if path not in sys.path:
            sys.path.append(path)


def records():
    """Return lib/store's module of records, which writes a text here as it does on a board: each character as itself.

    MicroPython reads the two \\u escapes of one character as two, which are no UTF-8.
    """
    load()
    from store import record

    record.json = types.SimpleNamespace(dumps=functools.partial(json.dumps, ensure_ascii=False), loads=json.loads)
    return record
