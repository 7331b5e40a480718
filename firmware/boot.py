"""Chooses the slot that starts, counts the start, puts the slot first on sys.path.

Runs before everything else, is never updated in the field, and so imports nothing of ours and cannot fail into a dead
board: a record that is damaged or cannot be written only makes the choice simpler. The records are those of
lib/slots/slots.py; the format is that of lib/store/record.py (a test holds both together).

A slot may start _TRIAL_STARTS times while it is on trial, _LOOP_STARTS times without a steady minute once it is
confirmed; then the other one gets its turn, if it is complete.
"""

import json
import os
import sys
from binascii import crc32

import vfs

_TRIAL_STARTS = 3
_LOOP_STARTS = 5
_LONGEST = 12288  # bytes of a manifest or record
_PACK = "code.pack"
_CODE = "/code"


def choose(root):
    """Return the folder of the slot to start, without a slash at its end, or None if no slot is complete.

    root: folder of the slots. Counts the start, and writes down a change of the slot.
    """
    root = root if root.endswith("/") else root + "/"
    state = _load(root + "slot_state")
    serial = _whole(state.get("serial"))
    slot = state.get("slot")
    trial = state.get("trial") is True
    if slot not in ("a", "b"):
        slot, trial = "a", False
    other = "a" if slot == "b" else "b"
    boots = _load(root + "slot_boots")
    count = _whole(boots.get("count")) if boots.get("serial") == serial else 0

    worn = count >= (_TRIAL_STARTS if trial else _LOOP_STARTS)
    complete = _complete(root + slot)
    if (worn or not complete) and _complete(root + other):
        slot, trial, serial, count = other, False, serial + 1, 0
        state = {"slot": slot, "trial": False, "serial": serial, "floor": state.get("floor", "0.0.0")}
        _save(root + "slot_state", state)
    elif not complete:
        return None
    counted = _save(root + "slot_boots", {"serial": serial, "count": count + 1})
    if trial and not counted and _complete(root + other):
        slot = other  # starts that cannot be counted cannot be guarded: no trial
    return root + slot


def start(root):
    """Put the chosen slot first on sys.path; return its folder or None."""
    folder = choose(root)
    if folder is None:
        print("boot: no complete slot in " + root + ": install one with `make flash`")
    else:
        sys.path.insert(0, folder)
        try:
            vfs.mount(_Pack(folder + "/" + _PACK), _CODE)
            sys.path.insert(0, _CODE)
        except OSError:
            pass  # the slot has its code in files of its own, as on a PC
    return folder


class _Pack:
    """A read-only file system: the code of a slot, one file of the flash. Layout: tools/bridgectl/device/pack.py."""

    def __init__(self, path):
        """Raises OSError if there is no such file."""
        self._path = path
        with open(path, "rb") as file:
            size = 8 * int.from_bytes(file.read(2), "big")
            self._table = file.read(size)
        self._start = 2 + size

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        size = self._find(path)[1]
        return (0x8000 if size else 0x4000, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def open(self, path, mode):
        """Return the pack itself, standing at the module: an import stops at its end, and needs no memory for the whole."""
        at = self._start + self._find(path)[0]
        file = open(self._path, mode)
        file.seek(at)
        return file

    def _find(self, path):
        table = self._table
        key = crc32(path.strip("/").encode()).to_bytes(4, "big")[1:]
        at = table.find(key)
        while at % 8 and at > 0:
            at = table.find(key, at + 1)
        if at < 0:
            raise OSError(2)
        return int.from_bytes(table[at + 3 : at + 6], "big"), int.from_bytes(table[at + 6 : at + 8], "big")


def _whole(value):
    """Return a number of a record, 0 if it is none."""
    return value if isinstance(value, int) else 0


def _load(path):
    """Return the record at path as a dict, {} if it is missing or damaged."""
    try:
        with open(path, "rb") as file:
            head, body = file.read(17), file.read(_LONGEST)
        value = json.loads(body)
    except (OSError, ValueError, RuntimeError):
        return {}
    return value if head == b"record1 %08x\n" % crc32(body) and isinstance(value, dict) else {}


def _save(path, value):
    """Write a record and return True, False if the flash refuses."""
    body = json.dumps(value).encode()
    try:
        with open(path + ".new", "wb") as file:
            file.write(b"record1 %08x\n" % crc32(body) + body)
        os.rename(path + ".new", path)
    except OSError:
        return False
    return True


def _complete(folder):
    """Return True if the slot has a manifest and every file of it in its size."""
    try:
        with open(folder + "/manifest.json", "rb") as file:
            files = json.loads(file.read(_LONGEST))["files"]
        for row in files:
            if os.stat(folder + "/" + row[0])[6] != row[1]:
                return False
    except (OSError, ValueError, KeyError, TypeError, IndexError, RuntimeError):
        return False
    return len(files) > 0


if __name__ == "__main__":
    start("/")
    del choose, start, _load, _save, _complete, _whole, _Pack  # main.py runs in the same namespace: several kB
