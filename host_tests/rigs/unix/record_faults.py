"""Flips single bits in every block of a littlefs that reading a record touches, and looks at what the record says then."""

import os

import boot_faults
import cut_rig
import flash
from store import record

_PATH = cut_rig.MOUNT + "/data/settings"
_NEWEST = {"role": "listen", "text": "n" * 40}


def _prepared(program, saves, size):
    """Return the bytes of a flash on which a record was saved so often, each time with so many bytes more or less."""
    device = flash.Flash(cut_rig.BLOCKS)
    cut_rig.mount(device, program, fresh=True)
    for n in range(saves):
        record.save(_PATH, {"role": "master", "n": n, "text": "o" * size})
    record.save(_PATH, _NEWEST)
    os.stat(_PATH)
    cut_rig.unmount()
    return bytes(device.content)


def _found(device, program):
    """Return what the record says: its content, None, "damaged", or "no file system"."""
    try:
        cut_rig.mount(device, program)
    except OSError:
        return "no file system"
    try:
        return record.load(_PATH) or ("damaged" if record.damaged(_PATH) else None)
    finally:
        cut_rig.unmount()


def tried(program, saves, size):
    """Return (flips tried, rows of those after which the record says anything else than what was saved last)."""
    content = _prepared(program, saves, size)
    probe = boot_faults.Reads(bytearray(content))
    _found(probe, program)
    count, lost = 0, []
    for block in sorted(probe.blocks):
        for at in range(3, flash.BLOCK, 61):
            damaged = bytearray(content)
            damaged[block * flash.BLOCK + at] ^= 1 << at % 8
            count += 1
            found = _found(flash.Flash(damaged), program)
            if found != _NEWEST:
                lost.append((block, at, found))
    return count, lost
