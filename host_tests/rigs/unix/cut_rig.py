"""Cuts the power at every program and erase of an operation, boots again each time, and looks at what is there.

A scenario (cut_scenarios.py) prepares a flash, does one operation, and says which of the allowed states it finds afterwards.
"""

import gc

import flash
import vfs

MOUNT = "/cut"
BLOCKS = 64  # of the file system
SEGMENT_BLOCKS = 96  # of ROMFS behind it: two halves of 192 KiB

bench = {"segment": None}  # of the flash that is mounted, in a scenario of carrier Rom


def mount(device, program, fresh=False):
    """Mount a littlefs that programs so many bytes at once on the flash, made new if asked for."""
    part = flash.Part(device, 0, BLOCKS)
    if fresh:
        vfs.VfsLfs2.mkfs(part, progsize=program)
    vfs.mount(vfs.VfsLfs2(part, progsize=program), MOUNT)
    rom = len(device.content) > BLOCKS * flash.BLOCK
    bench["segment"] = flash.Segment.of(device, BLOCKS) if rom else None


def unmount():
    """Forget the mounted file system, as a reset does."""
    vfs.umount(MOUNT)
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
    for program in getattr(scenario, "programs", flash.PROGRAM_SIZES):
        device = flash.Flash(BLOCKS + (SEGMENT_BLOCKS if scenario.rom else 0))
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
