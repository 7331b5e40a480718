"""Slots on a file system in memory, started by the boot.py that ships; boot.machine.cause says after what (3 = a crash)."""

import sys

import flash
import ram_disk
import tiny_bundle
import vfs
from slots.installer import Installer
from slots.slots import Slots
from store import record

sys.path.append("firmware")
import boot
import safe  # noqa: F401 (tests take both from here)
import safe_install  # noqa: F401

ROOT = ram_disk.ROOT
HALF = 48 * flash.BLOCK


class Machine:
    """What boot.py sees of the chip: why it started."""

    PWRON_RESET = 1
    cause = 3

    def reset_cause(self):
        return self.cause


boot.machine = Machine()


def choose(holder=None):
    """Start once, after a crash unless boot.machine says otherwise; return "a", "b" or None."""
    return boot.choose(ROOT + "/", holder or boot._Files(ROOT + "/"))[0]


def install(version, running, minimum="0.0.0", segment=None, files=tiny_bundle.FILES):
    slots = Slots(ROOT, running, segment)
    installer = Installer(slots, "sigen-bridge", "host")
    view = memoryview(tiny_bundle.bundle(version, files, minimum=minimum))
    while view:
        view = view[installer.feed(view) :]
    while not installer.finish():
        pass
    return slots


def two_versions(segment=None):
    """1.0.0 confirmed in a, 2.0.0 on trial in b."""
    ram_disk.mount()
    install("1.0.0", "b", segment=segment)
    Slots(ROOT, "a", segment).confirm()
    return install("2.0.0", "a", segment=segment)


def rom():
    """Return a ROMFS segment on a flash of its own."""
    return flash.Segment.of(flash.Flash(2 * 48), 0)


def spoil(path):
    with open(path, "wb") as f:
        f.write(b"rubbish")


def states():
    return [record.load(ROOT + "/" + name) for name in ("slot_state", "data/slot_state")]


def unmount():
    vfs.umount(ROOT)
