"""Two application slots, a and b, and which of them starts.

    <root>slot_state, <root>data/slot_state
        record {"slot", "trial", "serial", "floor", "failed", "note"}: what starts, and whether it must prove itself; serial
        grows with every change and the higher one counts; floor is the oldest version that may be installed or started;
        failed: SHA-256 of images that failed their trial, as lower-case hex; note: what `commit` was given
    <root>slot_boots
        record {"serial", "count", "meant"}: starts since that change that followed a crash; meant: the next one does not

The state has two copies in two folders (lib/store/record.py) and boot.py reads both. The slots themselves lie with a
carrier: carrier_rom or carrier_files. boot.py reads the records, counts the starts and goes back; it imports nothing of
ours and so has code of its own for it.
"""

import sys

import vfs
from micropython import const
from parts import Part
from store import record

_LEAST_HALF = const(196608)  # bytes: in a smaller ROMFS segment the slots would have no room
_NAMES = ("a", "b")
_STATE = "data/slot_state"  # and its second copy


class Slots:
    """The two slots under one root folder.

    `running`: "a", "b", or "" if the program was not started from a slot (on a PC).
    `session`: whoever installs at the moment, or None; kept here because only one may.
    """

    def __init__(self, root, running=None, segment=None):
        """root: folder of the records. running, segment: only for tests; else what boot.py chose, what the image has."""
        self.root = root if root.endswith("/") else root + "/"
        self.session = None
        self._carrier = None
        self._segment = segment
        self._state = record.load(self.root + _STATE) or {}
        self.running = self._on_path() if running is None else running

    def carrier(self):
        """Return what holds the slots: a Rom or a Files. Raises OSError."""
        if self._carrier is None:
            segment = self._segment or rom_segment()
            # Only one of the two is ever needed on a device, and only while an update comes in or is confirmed.
            if segment is not None:
                from slots.carrier_rom import Rom

                self._carrier = Rom(segment)
            else:
                from slots.carrier_files import Files

                self._carrier = Files(self.root)
        return self._carrier

    def idle(self):
        """Return the slot that an installation may overwrite."""
        used = self.running or self._state.get("slot")
        return "b" if used == "a" else "a"

    def on_trial(self):
        """Return True if the running slot has yet to prove itself."""
        return bool(self.running) and self._state.get("slot") == self.running and self._state.get("trial") is True

    def manifest(self, slot):
        """Return the manifest of a slot as a dict, or None if it has no head that can be read."""
        with _manifests() as manifests:
            return manifests.read(self.carrier(), slot)

    def floor(self):
        """Return the oldest version that may be installed, as "a.b.c"."""
        floor = self._state.get("floor")
        return floor if isinstance(floor, str) else "0.0.0"

    def failed(self):
        """Return the SHA-256 of the images that have failed their trial here, as a list of texts."""
        failed = self._state.get("failed")
        return failed if isinstance(failed, list) else []

    def note(self):
        """Return what was noted when the version on trial was installed, None if nothing was."""
        return self._state.get("note")

    def commit(self, slot, note=None):
        """Let `slot` start next, on trial: one atomic write, the only one that changes what starts. Raises OSError.

        note: anything that JSON can say, for the version on trial to read.
        """
        self._write(slot, True, self.floor(), note)

    def confirm(self):
        """Keep the running slot: its trial is over, its `minimum` is the floor from now on. Raises OSError."""
        manifest = self.manifest(self.running) or {}
        with _manifests() as manifests:
            floor = manifests.newer(manifest.get("minimum"), self.floor())
        self._write(self.running, False, floor)

    def settle(self):
        """Forget the starts counted so far: this one is steady. Raises OSError.

        A state that is lost, or was never there, is made: what runs stays, and sets the floor. BLOCKS for some tenths of
        a second then, see lib/store/folder.py.
        """
        if self.running and not self._state:
            from store import folder

            self.confirm()
            folder.settle(self.root)
            folder.settle(self.root + "data/")
        record.save(self.root + "slot_boots", {"serial": self._serial(), "count": 0})

    def expect_restart(self):
        """Say that the next start is meant, so that boot.py does not count it; a flash that refuses lets it count."""
        boots = record.load(self.root + "slot_boots") or {}
        count = boots.get("count", 0) if boots.get("serial") == self._serial() else 0
        try:
            record.save(self.root + "slot_boots", {"serial": self._serial(), "count": count, "meant": True})
        except OSError:
            pass

    def _serial(self):
        return record.serial(self.root + _STATE)

    def _write(self, slot, trial, floor, note=None):
        state = {"slot": slot, "trial": trial, "floor": floor, "failed": self.failed()}
        if note is not None:
            state["note"] = note
        record.save(self.root + _STATE, state)
        self._state = state

    def _on_path(self):
        for slot in _NAMES:
            if mount_point(slot) in sys.path:
                return slot
        return ""


def mount_point(slot):
    """Return where boot.py mounts the image of a slot."""
    return "/" + slot


def rom_segment():
    """Return the part of the flash that this image of MicroPython keeps for ROMFS, None if there is none large enough."""
    ask = getattr(vfs, "rom_ioctl", None)
    segment = ask(2, 0) if ask and hasattr(vfs, "VfsRom") else 0  # a number says why there is none
    return None if isinstance(segment, int) or len(memoryview(segment)) < 2 * _LEAST_HALF else segment


def _manifests():
    """Return slots.manifests as a part: it is needed only while an update comes in or is confirmed."""
    return Part("slots.manifests", keep=("slots.head", "slots.version"))
