"""Reads the register tables of the devices, which lie beside them and come into memory only to be read."""

import table
from parts import Part


def rows(device):
    """Return a list of what `each` yields."""
    return list(each(device))


def each(device):
    """Yield (address, kind, scale, point, how often, optional) of a device module, one after the other: as tuples they
    take ten times the memory of their text.

    kind: "f" float32, "h"/"H" 16 bits, "i"/"I" 32 bits, "Q" 64 bits (capital: unsigned); how often: "fast" or "slow";
    optional: a device that refuses the register goes on without it.
    """
    turn = getattr(device, "turn", None)  # turned.py
    for address, kind, scale, point, pace, optional in table.rows(_text(device)):
        row = int(address), kind, float(scale) if "." in scale else int(scale), point, pace, bool(optional)
        yield turn(row) if turn else row


def _text(device):
    name = device.__name__ + "_registers"
    with Part(name, name) as listed:
        return listed.REGISTERS
