"""Two application slots, a and b, and which of them starts.

    <root>slot_state, <root>data/slot_state
        record {"slot", "trial", "serial", "floor", "failed", "note", "signed"}: what starts, and whether it must prove
        itself; serial grows with every change and the higher one counts; floor is the oldest version that may be
        installed or started; failed: SHA-256 of images that failed their trial, as lower-case hex; note: what `commit`
        was given; signed: the signature of the version on trial was verified
    <root>slot_boots
        record {"serial", "count", "meant"}: starts since that change that followed a crash; meant: the next one does not

The state has two copies in two folders (lib/store/record.py) and boot.py reads both. The slots themselves lie with a
carrier: carrier_rom or carrier_files. boot.py reads the records, counts the starts and goes back; it imports nothing of
ours and so has code of its own for it.
"""

import vfs
from micropython import const
from parts import Part
from slots.running import STATE, Running
from store import record

_LEAST_HALF = const(196608)  # bytes: in a smaller ROMFS segment the slots would have no room


class Slots(Running):
    """The two slots under one root folder."""

    def __init__(self, root, running=None, segment=None, told=None):
        """root: folder of the records. running, segment: only for tests; else what boot.py chose, what the image has.
        told: a Running that shall know what is written."""
        Running.__init__(self, root, running)
        self._carrier = None
        self._segment = segment
        self._told = told

    def carrier(self):
        """Return what holds the slots: a Rom or a Files. Raises OSError."""
        if self._carrier is None:
            segment = self._segment or rom_segment()
            # Only one of the two is ever needed on a device, and only while an update comes in or is confirmed.
            if segment is not None:
                with Part("slots.carrier_rom", "slots.carrier_rom") as carrier_rom:
                    self._carrier = carrier_rom.Rom(segment)
            else:
                with Part("slots.carrier_files", "slots.carrier_files") as carrier_files:
                    self._carrier = carrier_files.Files(self.root)
        return self._carrier

    def idle(self):
        """Return the slot that an installation may overwrite."""
        used = self.running or self.state.get("slot")
        return "b" if used == "a" else "a"

    def manifest(self, slot):
        """Return the manifest of a slot as a dict, or None if it has no head that can be read."""
        with _manifests() as manifests:
            return manifests.read(self.carrier(), slot)

    def floor(self):
        """Return the oldest version that may be installed, as "a.b.c"."""
        floor = self.state.get("floor")
        return floor if isinstance(floor, str) else "0.0.0"

    def failed(self):
        """Return the SHA-256 of the images that have failed their trial here, as a list of texts."""
        failed = self.state.get("failed")
        return failed if isinstance(failed, list) else []

    def commit(self, slot, note=None, signed=False):
        """Let `slot` start next, on trial: one atomic write, the only one that changes what starts. Raises OSError.

        note: anything that JSON can say, for the version on trial to read. signed: its signature was verified.
        """
        self._write(slot, True, self.floor(), note, signed)

    def confirm(self):
        """Keep the running slot: its trial is over, its `minimum` is the floor from now on. Raises OSError.

        Keys that its manifest brings count from now on, if its signature was verified or the device had no keys.
        """
        manifest = self.manifest(self.running) or {}
        changes = manifest.get("keys")
        if isinstance(changes, dict):
            with Part("slots.keys", "slots.keys") as keys:
                if self.state.get("signed") is True or not keys.any_there(self.root + "data/"):
                    keys.adopt(self.root + "data/", changes)
        with _manifests() as manifests:
            floor = manifests.newer(manifest.get("minimum"), self.floor())
        self._write(self.running, False, floor)

    def settle(self):
        """Forget the starts counted so far: this one is steady. Raises OSError.

        A state that is lost, or was never there, is made: what runs stays, and sets the floor. BLOCKS for some tenths of
        a second then, see lib/store/folder.py.
        """
        if self.running and not self.state:
            self.confirm()
            with Part("store.folder", "store.folder") as folder:
                folder.settle(self.root)
                folder.settle(self.root + "data/")
        record.save(self.root + "slot_boots", {"serial": self.serial(), "count": 0, "steady": True})

    def _write(self, slot, trial, floor, note=None, signed=False):
        state = {"slot": slot, "trial": trial, "floor": floor, "failed": self.failed()}
        if signed:
            state["signed"] = True
        if note is not None:
            state["note"] = note
        record.save(self.root + STATE, state)
        self.state = state
        if self._told:
            self._told.state = state


def of(running):
    """Return the Slots of a Running, which goes on to know what is written; of Slots themselves."""
    return running if isinstance(running, Slots) else Slots(running.root, running.running, told=running)


def rom_segment():
    """Return the part of the flash that this image of MicroPython keeps for ROMFS, None if there is none large enough."""
    ask = getattr(vfs, "rom_ioctl", None)
    segment = ask(2, 0) if ask and hasattr(vfs, "VfsRom") else 0  # a number says why there is none
    return None if isinstance(segment, int) or len(memoryview(segment)) < 2 * _LEAST_HALF else segment


def _manifests():
    """Return slots.manifests as a part: it is needed only while an update comes in or is confirmed."""
    return Part("slots.manifests", keep=("slots.head", "slots.version"))
