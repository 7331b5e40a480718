"""Grid contacts: debouncing, and the tables that say what each of the 16 combinations of DI1-DI4 means.

Pure: `now` is an argument. Levels of ripple receivers: facts of several makers; their order differs (K1 = 100 % or
K1 = 0 %), so both are presets. A combination with no row of its own takes the strictest row that it contains.
"""

import clock
from micropython import const

_INPUTS = const(5)
_GRID_INPUTS = const(4)
_GRID_MASK = const(0x0F)  # DI1..DI4; DI5 is reserved


class Contacts:
    """Debounces DI1..DI5: a contact counts when it was still for the settle time."""

    def __init__(self):
        self.mask = 0  # bit 0 = DI1, 1 = closed; right only once `settled`
        self.settled = False
        self.chatter = 0  # changes that did not last
        self._raw = 0
        self._since = [None] * _INPUTS

    def step(self, raw, now, settle_ms):
        """Take the raw contacts; return True if the debounced ones changed, or became known, just now."""
        changed = False
        for i in range(_INPUTS):
            bit = 1 << i
            if self._since[i] is None or (raw ^ self._raw) & bit:
                # Not yet known or moving: the time starts anew, so a stamp is never older than a contact is unsettled.
                if self._since[i] is not None and (raw ^ self.mask) & bit == 0 and self.settled:
                    self.chatter += 1
                self._since[i] = now
            elif (raw ^ self.mask) & bit and clock.ticks_diff(now, self._since[i]) >= settle_ms:
                self.mask ^= bit
                changed = self.settled
        self._raw = raw
        # DI5 means nothing to the grid: one that chatters there must not keep the others from counting.
        if not self.settled and all([clock.ticks_diff(now, at) >= settle_ms for at in self._since[:_GRID_INPUTS]]):
            self.settled = changed = True
        return changed


# DI1..DI4 as (closed contact, percent, meaning), strictest last.
_RIPPLE = ((0x1, 100, "DI1"), (0x2, 60, "DI2"), (0x4, 30, "DI3"), (0x8, 0, "DI4"))
_RIPPLE_REVERSE = ((0x8, 100, "DI4"), (0x4, 60, "DI3"), (0x2, 30, "DI2"), (0x1, 0, "DI1"))
PRESETS = (("ripple", _RIPPLE), ("ripple_reverse", _RIPPLE_REVERSE))
_NOTHING = (100, "")


def row(preset, mask):
    """Return (percent, reason in words) that the contacts ask for; (100, "") if nothing.

    Several closed contacts are no row of any maker's table: the strictest of them holds, and the reason says so.
    """
    rows = dict(PRESETS).get(preset) if mask & _GRID_MASK else None
    if rows is None:
        return _NOTHING
    closed = [r for r in rows if r[0] & mask & _GRID_MASK]
    percent = min([r[1] for r in closed])
    names = " + ".join(sorted([r[2] for r in closed]))
    text = "ripple control %d %% (%s)" % (percent, names)
    if len(closed) > 1:
        text += ", no row of the table: the strictest holds"
    return percent, text if percent < 100 or len(closed) > 1 else ""
