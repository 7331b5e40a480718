"""Cuts the power at every program and erase of an operation, boots again each time, and looks at what is there.

A scenario prepares a flash, does one operation, and says which of the allowed states it finds afterwards.
"""

import gc
import sys

import flash
import vfs
from slots.installer import Installer
from slots.slots import Slots, read_manifest
from store import record
from tiny_bundle import bundle, digest_of, manifest_of

sys.path.append("firmware")
import boot

_MOUNT = "/cut"
_BLOCKS = 64
PRODUCT = "sigen-bridge"
BOARD = "host"


def mount(device, program, fresh=False):
    """Mount a littlefs that programs so many bytes at once on the flash, made new if asked for."""
    if fresh:
        vfs.VfsLfs2.mkfs(device, progsize=program)
    vfs.mount(vfs.VfsLfs2(device, progsize=program), _MOUNT)


def unmount():
    """Forget the mounted file system, as a reset does."""
    vfs.umount(_MOUNT)
    gc.collect()


class Count:
    """What a run over all cuts found."""

    def __init__(self):
        self.cut_points = 0
        self.third_states = []  # (scenario, program size, torn, n, what was found)
        self.breaches = 0  # of the NOR rules, by littlefs itself: the simulation would be wrong
        self.seen = {}  # how often each allowed state was found

    def add(self, other):
        self.cut_points += other.cut_points
        self.third_states += other.third_states
        self.breaches += other.breaches


def run(scenario):
    """Return the Count of one scenario: every cut, every variant of a torn operation, every program size."""
    count = Count()
    for program in flash.PROGRAM_SIZES:
        device = flash.Flash(_BLOCKS)
        mount(device, program, fresh=True)
        scenario.prepare()
        unmount()
        image = bytes(device.content)

        whole = flash.Flash(bytearray(image))
        mount(whole, program)
        scenario.act()
        unmount()
        count.breaches += whole.breaches
        for torn in flash.TORN:
            for n in range(1, whole.operations + 1):
                count.cut_points += 1
                found = _one_cut(scenario, flash.Flash(bytearray(image), n, torn), program)
                count.seen[found] = count.seen.get(found, 0) + 1
                if found not in scenario.allowed:
                    count.third_states.append((scenario.name, program, torn, n, found))
    return count


def _one_cut(scenario, device, program):
    """Return the state found after the power came back, and again after the operation was done once more."""
    mount(device, program)
    try:
        scenario.act()
    except OSError:  # the power went
        pass
    alive = device.after_the_cut()
    unmount()
    try:
        mount(alive, program)
    except OSError as e:
        return "file system gone: %s" % e
    found = scenario.state()
    if found in scenario.allowed and scenario.repeatable:
        scenario.act()  # nothing that is left over is in the way
        last = scenario.state()
        if last != scenario.allowed[-1]:
            found = "then not repeatable: " + last
    unmount()
    return found


class FirstRecord:
    """A record is saved for the first time."""

    name = "record, first save"
    allowed = ("none", "new")  # the last one: what doing it to the end gives
    repeatable = True
    old = None
    new = {"name": "Home", "limits": [1, 2, 3], "on": True}

    def prepare(self):
        if self.old is not None:
            record.save(_MOUNT + "/data/settings", self.old)

    def act(self):
        record.save(_MOUNT + "/data/settings", self.new)

    def state(self):
        found = record.load(_MOUNT + "/data/settings")
        for name, value in (("none", None), ("old", self.old), ("new", self.new)):
            if found == value:
                return name
        return "record holds %s" % found


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


class _Slot:
    """What starts, judged by boot.choose and by every hash of the chosen slot."""

    allowed = ("1.0.0", "2.0.0")
    repeatable = True

    def prepare(self):
        install("1.0.0")
        Slots(_MOUNT, "a").confirm()

    def state(self):
        folder = boot.choose(_MOUNT)
        if folder is None:
            return "no slot starts"
        manifest = read_manifest(folder)
        for path, _, _, wanted in manifest["files"]:
            if digest_of(folder + "/" + path) != wanted:
                return "damaged file " + path + " in a slot that starts"
        # The content itself tells the version too: a mixture of two versions is a third state.
        if manifest["files"] != manifest_of(manifest["version"])["files"]:
            return "mixture"
        return manifest["version"]


class WholeInstall(_Slot):
    """A bundle is installed over an older version in the idle slot: every file, the manifest, the commit."""

    name = "install"

    def prepare(self):
        super().prepare()
        slots = Slots(_MOUNT, "a")
        install("1.5.0", slots)  # fills slot b with what the real installation has to remove
        slots.commit("a")
        slots.confirm()

    def act(self):
        install("2.0.0", Slots(_MOUNT, "a"))


class Commit(_Slot):
    """Both slots are complete, the state record changes."""

    name = "commit"

    def prepare(self):
        super().prepare()
        slots = Slots(_MOUNT, "a")
        install("2.0.0", slots)
        slots.commit("a")
        slots.confirm()

    def act(self):
        Slots(_MOUNT, "a").commit("b")


class Confirm(_Slot):
    """The new version has proved itself."""

    name = "confirm"
    allowed = ("2.0.0",)

    def prepare(self):
        super().prepare()
        install("2.0.0", Slots(_MOUNT, "a"))

    def act(self):
        slots = Slots(_MOUNT, "b")
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
        install("2.0.0", Slots(_MOUNT, "a"))

    def act(self):
        boot.choose(_MOUNT)


class GoingBack(_Slot):
    """boot.py has counted enough starts and goes back to the old version."""

    name = "boot, going back"
    allowed = ("1.0.0",)

    def prepare(self):
        super().prepare()
        install("2.0.0", Slots(_MOUNT, "a"))
        for _ in range(3):
            boot.choose(_MOUNT)

    def act(self):
        boot.choose(_MOUNT)


def install(version, slots=None):
    """Install the tiny bundle of a version; the files of each version differ."""
    slots = slots or Slots(_MOUNT, "b")
    installer = Installer(slots, PRODUCT, BOARD)
    view = memoryview(bundle(version))
    while view:
        view = view[installer.feed(view[:200]) :]
    while not installer.finish():
        pass


SCENARIOS = (FirstRecord, ReplacedRecord, LongRecord, Commit, Confirm, CountedStart, GoingBack, WholeInstall)


def main():
    """Print one line of JSON: {"cut_points", "third_states", "breaches", "scenarios"}."""
    import json

    total, rows = Count(), {}
    for kind in SCENARIOS:
        count = run(kind())
        total.add(count)
        rows[kind.name] = count.cut_points
    shown = {"cut_points": total.cut_points, "third_states": total.third_states, "breaches": total.breaches}
    shown["scenarios"] = rows
    print(json.dumps(shown))


if __name__ == "__main__":
    sys.exit(main())
