"""Reads the register tables of the devices, which lie beside them and come into memory only to be read."""

import table
from parts import Part


def rows(device, only=None):
    """Return [(address, kind, scale, point, how often, optional)] of a device module; only: of one (how often, optional).

    kind: "f" float32, "h"/"H" 16 bits, "i"/"I" 32 bits, "Q" 64 bits (capital: unsigned); how often: "fast" or "slow";
    optional: a device that refuses the register goes on without it.
    """
    found = []
    name = device.__name__ + "_registers"
    with Part(name, name) as listed:
        for address, kind, scale, point, pace, optional in table.rows(listed.REGISTERS):
            if only and only != (pace, bool(optional)):
                continue
            found.append(
                (int(address), kind, float(scale) if "." in scale else int(scale), point, pace, bool(optional))
            )
    return device.turn(found) if hasattr(device, "turn") else found  # turned.py
