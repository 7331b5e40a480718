"""Chooses the slot that starts, checks it, starts the watchdog, mounts the slot and puts it first on sys.path.

Runs before everything else and is never updated in the field: it imports nothing of ours and cannot fail into a dead
board. A record that is damaged or cannot be written only makes the choice simpler. Format of a slot: lib/slots/head.py;
records: lib/slots/slots.py and lib/store/record.py (tests hold both sides together).

A start counts if the one before it ended in a crash: not by loss of power, not by a restart that was meant (slot_boots,
"meant"), and not after a steady minute, which sets the count to 0. After _TRIAL_STARTS of them on trial, or _LOOP_STARTS
once confirmed, the other slot gets its turn, for good; if that one ends so too without a steady minute in between, or
there is none, safe.py runs, and so it does without a slot that can start, or with the button held down for five seconds.
A slot that is damaged, cannot be read or is below the floor does not start; the other one does then, and nothing is
written down: it may have been a single bad read.
"""

import json
import os
import sys
import time
from binascii import crc32

import machine
import vfs

_TRIAL_STARTS = 3
_LOOP_STARTS = 5
_FAILURES = 4  # images that failed their trial and are remembered
_LONGEST = 8192  # bytes of a record
_HELD_TURNS, _HELD_MS = 50, 100
_WATCHDOG_MS = 8000  # RP2040 knows at most 8388
_STATES = ("slot_state", "data/slot_state")

_MAGIC = b"\x89SLOT2\r\n\x00\x01"  # and the format's number
_FIXED = 22
_HEAD = 4096
_PIECE = 2048
_LEAST_HALF = 196608


class _Rom:
    """The slots as halves of the flash that the image keeps for ROMFS; what is in them runs where it lies."""

    name = "Rom"

    def __init__(self, segment):
        self._all = memoryview(segment)
        self._half = len(self._all) // 2 // _HEAD * _HEAD

    def read(self, slot, at, count):
        at += self._half if slot == "b" else 0
        return self._all[at : at + count]

    def sum(self, slot, count):
        return crc32(self.read(slot, _HEAD, min(count, self._half - _HEAD)))

    def system(self, slot, count):
        return vfs.VfsRom(self.read(slot, _HEAD, count))


class _Files:
    """The slots as files; what is in them is loaded from there."""

    name = "Files"

    def __init__(self, root):
        self._root = root

    def read(self, slot, at, count):
        with open(self._path(slot), "rb") as file:
            file.seek(at)
            return file.read(count)

    def sum(self, slot, count):
        total = 0
        view = memoryview(bytearray(_PIECE))
        with open(self._path(slot), "rb") as file:
            file.seek(_HEAD)
            while count > 0:
                have = file.readinto(view[: min(count, _PIECE)])
                if not have:
                    return -1
                total = crc32(view[:have], total)
                count -= have
        return total

    def system(self, slot, count):
        from slot_file import Image  # only where it is needed

        return Image(self._path(slot), _HEAD, count)

    def _path(self, slot):
        return self._root + slot + ".slot"


def carrier(root):
    """Return what holds the slots: a _Rom where the image of MicroPython has the room, else a _Files."""
    ask = getattr(vfs, "rom_ioctl", None)
    segment = ask(2, 0) if ask and hasattr(vfs, "VfsRom") else 0  # a number says why there is none
    return _Files(root) if isinstance(segment, int) or len(memoryview(segment)) < 2 * _LEAST_HALF else _Rom(segment)


def choose(root, holder):
    """Return (slot to start, "a" or "b", and its manifest, with its image's bytes as "size"), or (None, None).

    root: folder of the records; holder: see carrier. Counts the start, and writes down a change of the slot.
    """
    state = newest(*[root + name for name in _STATES])
    serial = whole(state.get("serial"))
    slot = state.get("slot")
    trial = state.get("trial") is True
    if slot not in ("a", "b"):
        slot, trial = "a", False
    other = "a" if slot == "b" else "b"
    floor = numbers_of(state.get("floor")) or (0, 0, 0)
    boots = load(root + "slot_boots")
    known = boots.get("serial") == serial
    count = whole(boots.get("count")) if known else 0
    meant = known and boots.get("meant") is True
    steady = known and boots.get("steady") is True

    found = _checked(holder, slot, floor)
    worn = count >= (_TRIAL_STARTS if trial else _LOOP_STARTS) and not meant and not _power_on()
    instead = _checked(holder, other, floor) if worn or not found else None
    if worn and (not instead or (state.get("looped") and not steady)):
        return None, None
    if worn:
        failed = state.get("failed")
        failed = failed[1 - _FAILURES :] if isinstance(failed, list) else []
        if trial and found:
            failed.append(found.get("sha256"))
        serial, count, trial, steady = serial + 1, 0, False, False
        kept = state.get("floor", "0.0.0")
        state = {"slot": other, "trial": False, "serial": serial, "floor": kept, "failed": failed, "looped": True}
        if save(root + _STATES[0], state):
            save(root + _STATES[1], state)
        slot, found = other, instead
    elif not found:
        slot, found = other, instead
    if not found:
        return None, None
    if meant or not _power_on():
        row = {"serial": serial, "count": count if meant else count + 1}
        if steady:
            row["steady"] = True
        counted = save(root + "slot_boots", row)
        if trial and not counted:
            instead = instead or _checked(holder, other, floor)  # starts that cannot be counted cannot be guarded
            slot, found = (other, instead) if instead else (slot, found)
    return slot, found


def start(root):
    """Start the watchdog, mount the chosen slot and put it first on sys.path; return "a", "b" or None."""
    root = root if root.endswith("/") else root + "/"
    begun = time.ticks_ms()
    holder = carrier(root)
    slot, manifest = choose(root, holder)
    if slot is None:
        print("boot: no complete slot in " + root + ": safe mode")
        return None
    if hasattr(machine, "WDT"):
        machine.WDT(timeout=_WATCHDOG_MS)  # fed by nobody before the application runs: a version that hangs starts anew
    place = "/" + slot  # short: every module keeps its path in memory
    vfs.mount(holder.system(slot, manifest["size"]), place)
    sys.path.insert(0, place)
    took_ms = time.ticks_diff(time.ticks_ms(), begun)
    print("boot: slot %s, version %s, carrier %s, %d ms" % (slot, manifest["version"], holder.name, took_ms))
    return slot


def _power_on():
    """Return True if the power was off before this start."""
    return hasattr(machine, "reset_cause") and machine.reset_cause() == machine.PWRON_RESET


def _checked(holder, slot, floor):
    """Return the manifest of a slot that is whole and not below the floor, or None. What fails is tried once more."""
    for _ in range(2):
        try:
            manifest = _manifest(holder, slot)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            manifest = None
        if manifest:
            version = numbers_of(manifest.get("version"))
            return manifest if version and version >= floor else None
    return None


def _manifest(holder, slot):
    fixed = bytes(holder.read(slot, 0, _FIXED))
    if fixed[: len(_MAGIC)] != _MAGIC:
        return None
    size = int.from_bytes(fixed[10:14], "big")
    made = int.from_bytes(fixed[18:20], "big")
    count = _FIXED + made + int.from_bytes(fixed[20:22], "big")
    if count + 4 > _HEAD:
        return None
    head = bytes(holder.read(slot, 0, count + 4))
    if crc32(head[:count]) != int.from_bytes(head[count:], "big"):
        return None
    manifest = json.loads(head[_FIXED : _FIXED + made])
    if manifest["size"] != size or manifest["mpy"] != sys.implementation._mpy & 0xFF:
        return None
    return manifest if holder.sum(slot, size) == int.from_bytes(fixed[14:18], "big") else None


def newest(one, two):
    """Return the copy of a record with the higher serial, {} if there is none. one, two: its paths."""
    one, two = load(one), load(two)
    return two if not one or (two and whole(two.get("serial")) > whole(one.get("serial"))) else one


def numbers_of(text):
    """Return a version like 1.2.3-rc1 as a tuple of three numbers, None if it is none."""
    try:
        parts = tuple([int(x) for x in text.split("-")[0].split("+")[0].split(".")])
    except (AttributeError, ValueError):
        return None
    return parts if len(parts) == 3 else None


def whole(value):
    """Return a number of a record, 0 if it is none."""
    return value if isinstance(value, int) else 0


def load(path):
    """Return the record at path as a dict, {} if it is missing or damaged. What cannot be read is tried once more."""
    for _ in range(2):
        try:
            with open(path, "rb") as file:
                head, body = file.read(17), file.read(_LONGEST)
            value = json.loads(body)
        except (OSError, ValueError, RuntimeError):
            continue
        if head == b"record1 %08x\n" % crc32(body) and isinstance(value, dict):
            return value
    return {}


def save(path, value):
    """Write a record and return True, False if the flash refuses."""
    body = json.dumps(value).encode()
    try:
        with open(path + ".new", "wb") as file:
            file.write(b"record1 %08x\n" % crc32(body) + body)
        os.rename(path + ".new", path)
    except OSError:
        return False
    return True


def _held():
    """Return True if the button is held down for five seconds from now on; at once False if it is not.

    At power-up alone: a button that is stuck costs half an hour of safe mode then, and not the bridge.
    """
    if not _power_on():
        return False
    try:
        from safe_board import BUTTON  # pyright: ignore[reportMissingImports]
    except ImportError:  # a PC
        return False
    pin = machine.Pin(BUTTON, machine.Pin.IN, machine.Pin.PULL_UP)
    time.sleep_ms(1)
    for _ in range(_HELD_TURNS):
        if pin.value():
            return False
        time.sleep_ms(_HELD_MS)
    return True


if __name__ == "__main__":
    safe_mode = _held() or not start("/")  # main.py looks at it
    # main.py runs in the same namespace: several kB
    del (
        carrier,
        choose,
        start,
        newest,
        numbers_of,
        whole,
        load,
        save,
        _checked,
        _manifest,
        _held,
        _power_on,
        _Rom,
        _Files,
    )
