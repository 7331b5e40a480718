"""Single faults while boot.py works: one read of a block fails, or one bit of a block that it reads is flipped.

As a program it tries all of them, with both carriers, and prints one line of JSON: {"tried", "survived", "lost"}. Survived:
a whole version starts that is not below the floor, in the start with the fault; and after a fault that passes, the right
one in the next.
"""

import gc
import json
import sys

import cut_rig
import flash
import tiny_bundle
from cut_scenarios import install, slots_of, start

_BITS = tuple(range(3, flash.BLOCK, 101))  # bytes of a block in which a bit is flipped, one at a time
_EIO = 5


class Reads(flash.Flash):
    """A flash that notes which blocks are read, and fails the n-th read once."""

    def __init__(self, content, fails_at=0):
        super().__init__(content)
        self.reads = 0
        self.blocks = set()
        self._fails_at = fails_at

    def readblocks(self, block, buffer, offset=0):
        self.reads += 1
        self.blocks.add(block)
        if self.reads == self._fails_at:
            raise OSError(_EIO)
        super().readblocks(block, buffer, offset)


def prepared(rom):
    """Return the bytes of a flash: 2.0.0 confirmed in b, 1.5.0 in a, the floor at 1.2.0."""
    device = flash.Flash(cut_rig.BLOCKS + (cut_rig.SEGMENT_BLOCKS if rom else 0))
    cut_rig.mount(device, 256, fresh=True)
    install("1.5.0")
    slots_of("a").confirm()
    slots = slots_of("a")
    install("2.0.0", slots, "1.2.0")
    slots_of("b").confirm()
    cut_rig.unmount()
    return bytes(device.content)


def started(device):
    """Mount the flash, start once; return the version that starts if every byte of it is right, else what is wrong."""
    try:
        cut_rig.mount(device, 256)
    except OSError:
        return "no file system"
    try:
        slot, manifest, holder = start()
        if slot is None:
            return "no slot"
        image = bytes(holder.read(slot, 4096, manifest["size"]))
        version = manifest["version"]
        return version if image == tiny_bundle.image_of(version) else "damaged"
    except OSError as e:
        return "raised %s" % e
    finally:
        cut_rig.unmount()


def reads(content, found):
    """Try one failed read at each read of a start; the next start must be the right one again."""
    probe = Reads(bytearray(content))
    cut_rig.mount(probe, 256)
    before = probe.reads
    start()
    count = probe.reads
    cut_rig.unmount()
    for n in range(before + 1, count + 1):
        device = Reads(bytearray(content), n)
        first = started(device)
        second = started(flash.Flash(device.content))
        found(("read", n, first, second), first in ("2.0.0", "1.5.0") and second == "2.0.0")
    return probe.blocks


def flips(content, blocks, found):
    """Try one flipped bit in each place of each block that a start reads."""
    for block in sorted(blocks):
        for at in _BITS:
            for bit in (0, 5):
                damaged = bytearray(content)
                damaged[block * flash.BLOCK + at] ^= 1 << bit
                first = started(flash.Flash(damaged))
                found(("flip", block, at, bit, first), first in ("2.0.0", "1.5.0"))


def tried():
    """Return {"tried", "survived", "lost": rows that tell what was done and what started}."""
    told = {"tried": 0, "survived": 0, "lost": []}

    def found(what, survived):
        told["tried"] += 1
        told["survived"] += survived
        if not survived:
            told["lost"].append(list(what))

    for rom in (False, True):
        content = prepared(rom)
        blocks = reads(content, found)
        if rom:  # its bytes are read in place, past the block device
            first = cut_rig.BLOCKS + cut_rig.SEGMENT_BLOCKS // 2
            blocks |= set(range(first, first + 1 + (len(tiny_bundle.image_of("2.0.0")) + 4095) // 4096))
        flips(content, blocks, found)
        gc.collect()
    return told


def main():
    print(json.dumps(tried()))


if __name__ == "__main__":
    sys.exit(main())
