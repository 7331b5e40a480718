"""What is cut by cut_rig.py: bundles installed, slots committed, confirmed, started and given up; with cut_store.py all of it.

As a program it runs a share of all of them and prints one line of JSON: `cut_scenarios.py PAIRS [SHARE SHARES]`.
"""

import json
import sys

import cut_rig
import cut_store
import tiny_bundle
from cut_rig import MOUNT, bench
from slots.installer import Installer
from slots.slots import Slots

sys.path.append("firmware")
import boot

boot.machine = None  # knows no cause of a start: each counts as one after a crash
PRODUCT = "sigen-bridge"
BOARD = "host"


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
    weight = 1
    # littlefs takes what a failed read left in its buffer for what it asked for, and here it then renames another entry. No
    # port's driver reports a failed read: flash is read as memory.
    reads_fail = False

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
    allowed_after_faults = ("2.0.0", "1.0.0")  # a start that cannot be counted ends a trial
    weight = 8
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
    allowed_after_faults = (
        "1.0.0",
        "2.0.0",
    )  # a way back that cannot be written down is gone again, three starts later
    looking_is_doing = True  # more than five starts after a crash would be a loop, and give that slot up too
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
    weight = 2
    rom = True


class RomCommit(Commit):
    name = "commit, Rom"
    weight = 10
    rom = True


class RomConfirm(Confirm):
    name = "confirm, Rom"
    weight = 8
    rom = True


class RomGoingBack(GoingBack):
    name = "boot, going back, Rom"
    weight = 8
    rom = True


# fmt: off
SCENARIOS = cut_store.SCENARIOS + (
    Commit, Confirm, CountedStart, GoingBack, WholeInstall, RomCommit, RomConfirm, RomGoingBack, RomInstall,
)
# fmt: on


def main(pairs="0", share="0", shares="1"):
    """Print one line of JSON: {"cut_points", "cut_pairs", "third_states", "dead_boards", "breaches", "scenarios"}.

    pairs: about so many second cuts, over all scenarios by their weights; share of shares: every so many-th scenario.
    """
    total, rows = cut_rig.Count(), {}
    weights = sum([weight_of(kind) for kind in SCENARIOS])
    for kind in [kind for place, kind in enumerate(SCENARIOS) if place % int(shares) == int(share)]:
        count = cut_rig.run(kind(), int(pairs) * weight_of(kind) // weights)
        total.add(count)
        rows[kind.name] = count.cut_points
    shown = {
        name: getattr(total, name) for name in ("cut_points", "cut_pairs", "third_states", "dead_boards", "breaches")
    }
    shown["scenarios"] = rows
    print(json.dumps(shown))


def weight_of(kind):
    """Return how many pairs a scenario gets beside the others: what takes long has fewer."""
    return getattr(kind, "weight", 4)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
