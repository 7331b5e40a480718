"""What is cut by cut_rig.py: records saved, bundles installed, slots committed, confirmed, started and given up.

As a program it runs all of them and prints one line of JSON.
"""

import json
import os
import sys

import cut_rig
import tiny_bundle
from cut_rig import MOUNT, bench
from slots.installer import Installer
from slots.slots import Slots
from store import record

sys.path.append("firmware")
import boot

boot.machine = None  # knows no cause of a start: each counts as one after a crash
PRODUCT = "sigen-bridge"
BOARD = "host"


class FirstRecord:
    """A record is saved for the first time."""

    name = "record, first save"
    rom = False
    allowed = ("none", "new")  # the last one: what doing it to the end gives
    repeatable = True
    old = None
    new = {"name": "Home", "limits": [1, 2, 3], "on": True}

    def prepare(self):
        os.mkdir(MOUNT + "/data")
        if self.old is not None:
            record.save(MOUNT + "/data/settings", self.old)

    def act(self):
        record.save(MOUNT + "/data/settings", self.new)

    def state(self):
        found = record.load(MOUNT + "/data/settings")
        for name, value in (("none", None), ("old", self.old), ("new", self.new)):
            if found == value:
                return name
        return "record holds %s" % found


class NewFolder(FirstRecord):
    """A record is saved for the first time, and its folder is made for it."""

    name = "record, in a new folder"
    programs = (256,)  # of the RP2040 alone: making it takes a hundred operations
    repeatable = False

    def prepare(self):
        pass


class ReplacedRecord(FirstRecord):
    """A record is saved over another one."""

    name = "record, replaced"
    allowed = ("old", "new")
    old = {"name": "Home", "limits": [9], "on": False}


class LongRecord(ReplacedRecord):
    """A record of several hundred bytes, in blocks of its own, is saved over another one."""

    name = "long record, replaced"
    old = {"text": "o" * 900}
    new = {"text": "n" * 1300}


def slots_of(running):
    """Return the slots on the mounted flash."""
    return Slots(MOUNT, running, bench["segment"])


def start():
    """Start once, after a crash; return ("a", "b" or None, manifest, what holds the slots)."""
    segment = bench["segment"]
    holder = boot._Files(MOUNT + "/") if segment is None else boot._Rom(segment)
    slot, manifest = boot.choose(MOUNT + "/", holder)
    return slot, manifest, holder


class _Slot:
    """What starts, judged by boot.choose and by every byte of the chosen slot."""

    allowed = ("1.0.0", "2.0.0")
    repeatable = True
    rom = False

    def prepare(self):
        install("1.0.0")
        slots_of("a").confirm()

    def state(self):
        slot, manifest, holder = start()
        if slot is None:
            return "no slot starts"
        # The content itself tells the version too: a mixture of two versions is a third state.
        wanted = tiny_bundle.image_of(manifest["version"])
        if bytes(holder.read(slot, 4096, manifest["size"])) != wanted:
            return "damaged image in a slot that starts"
        return manifest["version"]


class WholeInstall(_Slot):
    """A bundle is installed over an older version in the idle slot: the image, the head, the commit."""

    name = "install"

    def prepare(self):
        super().prepare()
        slots = slots_of("a")
        install("1.5.0", slots)  # fills slot b with what the real installation has to remove
        slots.commit("a")
        slots.confirm()

    def act(self):
        install("2.0.0", slots_of("a"))


class Commit(_Slot):
    """Both slots are complete, the state record changes."""

    name = "commit"

    def prepare(self):
        super().prepare()
        slots = slots_of("a")
        install("2.0.0", slots)
        slots.commit("a")
        slots.confirm()

    def act(self):
        slots_of("a").commit("b")


class Confirm(_Slot):
    """The new version has proved itself."""

    name = "confirm"
    allowed = ("2.0.0",)

    def prepare(self):
        super().prepare()
        install("2.0.0", slots_of("a"))

    def act(self):
        slots = slots_of("b")
        if slots.on_trial():
            slots.confirm()
        slots.settle()


class CountedStart(_Slot):
    """boot.py counts a start of a version on trial."""

    name = "boot, counted start"
    allowed = ("2.0.0",)
    repeatable = False  # looking at it is another start, and three are enough

    def prepare(self):
        super().prepare()
        install("2.0.0", slots_of("a"))

    def act(self):
        start()


class GoingBack(_Slot):
    """boot.py has counted enough starts and goes back to the old version."""

    name = "boot, going back"
    allowed = ("1.0.0",)

    def prepare(self):
        super().prepare()
        install("2.0.0", slots_of("a"))
        for _ in range(3):
            start()

    def act(self):
        start()


def install(version, slots=None, minimum="0.0.0"):
    """Install the tiny bundle of a version; the images of two versions differ."""
    slots = slots or slots_of("b")
    installer = Installer(slots, PRODUCT, BOARD)
    view = memoryview(tiny_bundle.bundle(version, minimum=minimum))
    while view:
        view = view[installer.feed(view[:200]) :]
    while not installer.finish():
        pass


class RomInstall(WholeInstall):
    name = "install, Rom"
    rom = True


class RomCommit(Commit):
    name = "commit, Rom"
    rom = True


class RomConfirm(Confirm):
    name = "confirm, Rom"
    rom = True


class RomGoingBack(GoingBack):
    name = "boot, going back, Rom"
    rom = True


# fmt: off
SCENARIOS = (
    FirstRecord, NewFolder, ReplacedRecord, LongRecord, Commit, Confirm, CountedStart, GoingBack, WholeInstall,
    RomCommit, RomConfirm, RomGoingBack, RomInstall,
)
# fmt: on


def main():
    """Print one line of JSON: {"cut_points", "third_states", "breaches", "scenarios"}."""
    total, rows = cut_rig.Count(), {}
    for kind in SCENARIOS:
        count = cut_rig.run(kind())
        total.add(count)
        rows[kind.name] = count.cut_points
    shown = {"cut_points": total.cut_points, "third_states": total.third_states, "breaches": total.breaches}
    shown["scenarios"] = rows
    print(json.dumps(shown))


if __name__ == "__main__":
    sys.exit(main())
