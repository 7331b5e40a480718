"""Reads the register tables of the devices."""

import table


def rows(device):
    """Return [(address, kind, scale, point, how often, optional)] of a device module.

    kind: "f" float32, "h"/"H" 16 bits, "i"/"I" 32 bits, "Q" 64 bits (capital: unsigned); how often: "fast" or "slow";
    optional: a device that refuses the register goes on without it.
    """
    found = []
    for address, kind, scale, point, pace, optional in table.rows(device.REGISTERS):
        found.append((int(address), kind, float(scale) if "." in scale else int(scale), point, pace, bool(optional)))
    return found
