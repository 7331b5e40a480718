"""Two application slots, /a and /b, and which of them starts.

    <root>a, <root>b       the slots; one that holds manifest.json is complete
    <root>slot_state       record {"slot", "trial", "serial", "floor"}: what starts, and whether it must prove itself;
                           serial grows with every change, floor is the oldest version that may be installed
    <root>slot_boots       record {"serial", "count"}: starts since that change without a steady minute

boot.py reads both and writes them when it goes back; it imports nothing of ours and so has code of its own for it.
"""

import json
import os
import sys

from micropython import const
from slots.version import MANIFEST, version_key
from store import record

_MAX_MANIFEST = const(12288)  # bytes
_NAMES = ("a", "b")


class Slots:
    """The two slots under one root folder.

    `running`: "a", "b", or "" if the program was not started from a slot (on a PC).
    `session`: whoever installs at the moment, or None; kept here because only one may.
    """

    def __init__(self, root, running=None):
        """root: folder of the slots. running: only for tests; else the slot that boot.py put on sys.path."""
        self.root = root if root.endswith("/") else root + "/"
        self.session = None
        self._state = record.load(self.root + "slot_state") or {}
        self.running = self._on_path() if running is None else running

    def path(self, slot):
        """Return the folder of a slot, without a slash at its end."""
        return self.root + slot

    def idle(self):
        """Return the slot that an installation may overwrite."""
        used = self.running or self._state.get("slot")
        return "b" if used == "a" else "a"

    def on_trial(self):
        """Return True if the running slot has yet to prove itself."""
        return bool(self.running) and self._state.get("slot") == self.running and self._state.get("trial") is True

    def manifest(self, slot):
        """Return the manifest of a slot as a dict, or None if the slot is not complete."""
        return read_manifest(self.path(slot))

    def floor(self):
        """Return the oldest version that may be installed, as "a.b.c"."""
        floor = self._state.get("floor")
        return floor if isinstance(floor, str) else "0.0.0"

    def commit(self, slot):
        """Let `slot` start next, on trial: one atomic write, the only one that changes what starts. Raises OSError."""
        self._write(slot, True, self.floor())

    def confirm(self):
        """Keep the running slot: its trial is over, its `minimum` is the floor from now on. Raises OSError."""
        manifest = self.manifest(self.running) or {}
        floor = self.floor()
        minimum = manifest.get("minimum", floor)
        self._write(self.running, False, minimum if version_key(minimum) > version_key(floor) else floor)

    def settle(self):
        """Forget the starts counted so far: this one is steady. Raises OSError."""
        record.save(self.root + "slot_boots", {"serial": self._state.get("serial", 0), "count": 0})

    def free_bytes(self):
        """Return (free bytes, bytes of a block) of the file system, the idle slot counted as free."""
        facts = os.statvfs(self.root)
        block = facts[1]
        return block * facts[3] + _used(self.path(self.idle()), block), block

    def _write(self, slot, trial, floor):
        state = {"slot": slot, "trial": trial, "serial": self._state.get("serial", 0) + 1, "floor": floor}
        record.save(self.root + "slot_state", state)
        self._state = state

    def _on_path(self):
        for slot in _NAMES:
            if self.path(slot) in sys.path:
                return slot
        return ""


def read_manifest(folder):
    """Return the manifest of a slot's folder as a dict, or None if there is none that can be read."""
    try:
        path = folder + "/" + MANIFEST
        with open(path, "rb") as file:
            manifest = json.loads(file.read(min(os.stat(path)[6], _MAX_MANIFEST)))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None


def entries(folder):
    """Return what a folder holds as a list of (path, is a folder); [] if it is not there."""
    try:
        found = [(folder + "/" + row[0], row[1] & 0x4000 != 0) for row in os.ilistdir(folder)]
    except OSError:
        return []
    return found


def _used(folder, block):
    total = 0
    for path, is_folder in entries(folder):
        total += _used(path, block) + 2 * block if is_folder else (os.stat(path)[6] + block - 1) // block * block
    return total
