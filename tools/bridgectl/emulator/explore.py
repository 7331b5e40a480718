"""Asks an image of MicroPython where it keeps its files and its read-only segment.

A machine with blank flash starts the image, a program at its prompt writes a mark through each of the guest's own block
devices, and the marks are looked for in the flash: no rule of any port or board is trusted.
"""

import functools

from . import repl
from .chip import Chip
from .layout import MARKS, OFFICIAL, parse

# The file system is mounted while it is written to, and lost by it: the machine that is asked is thrown away.
_QUESTION = b"""
import rp2
def tell(name, device, mark):
    count, size = device.ioctl(4, 0), device.ioctl(5, 0)
    device.writeblocks(0, mark + bytes(size - len(mark)))
    print("LAYOUT", name, count, size)
tell("files", rp2.Flash(), b"%s")
try:
    import vfs
    if vfs.rom_ioctl(1) > 0:
        tell("rom", vfs.rom_ioctl(2, 0), b"%s")
except (AttributeError, ImportError):
    pass
import os
print("LAYOUT image", os.uname().release, "for", os.uname().machine)
"""


@functools.lru_cache
def layout_of(uf2=None):
    """Return the Layout of an image, of the official one without a path. Raises LayoutError, GuestError, Stalled."""
    return found(uf2) if uf2 else OFFICIAL


def found(uf2=None):
    """Boot an image once with blank flash and return its Layout. Raises LayoutError, GuestError, Stalled."""
    machine = Chip(uf2=uf2)
    text = repl.run(machine, _QUESTION % (MARKS["files"], MARKS["rom"]))
    return parse(text, bytes(machine.mcu.flash))
