"""Grid contacts: debouncing, and the tables that say what each of the 16 combinations of DI1-DI4 means.

Pure: `now` is an argument. Levels of ripple receivers: facts of several makers; their order differs (K1 = 100 % or
K1 = 0 %), so both are presets. A combination with no row of its own takes the strictest row that it contains.
"""

import clock
from micropython import const

_INPUTS = const(5)
_CHATTER_MS = const(10000)  # a contact that was not still for so long says nothing any more
GRID_MASK = const(0x0F)  # DI1..DI4; DI5 is reserved


class Contacts:
    """Debounces DI1..DI5: a contact counts when it was still for the settle time."""

    def __init__(self):
        self.mask = 0  # bit 0 = DI1, 1 = closed; right only once `settled`
        self.settled = False
        self.chatter = 0  # changes that did not last
        self.chattering = 0  # contacts that were not still for 10 s, bit 0 = DI1
        self._raw = self._moving = 0
        self._since = [None] * _INPUTS  # when each was seen to move
        self._still_at = [0] * _INPUTS  # when each began to move

    def step(self, raw, now, settle_ms):
        """Take the raw contacts; return True if the debounced ones changed, or became known, just now."""
        changed = False
        moving = 0
        for i in range(_INPUTS):
            bit = 1 << i
            if self._since[i] is None or (raw ^ self._raw) & bit:
                if not self._moving & bit:
                    self._still_at[i] = now
                if self._since[i] is not None and (raw ^ self.mask) & bit == 0 and self.settled:
                    self.chatter += 1
                self._since[i] = now
            if clock.ticks_diff(now, self._since[i]) >= settle_ms:
                self._since[i] = clock.ticks_add(now, -settle_ms)  # a stamp never grows old
                turned = (raw ^ self.mask) & bit
                self.mask ^= turned
                changed = changed or bool((turned | self.chattering & bit) and self.settled)
                self.chattering &= ~bit
            elif not self.chattering & bit:
                if clock.ticks_diff(now, self._still_at[i]) > _CHATTER_MS:
                    self.chattering |= bit
                    changed = self.settled
                else:
                    moving |= bit
        self._raw = raw
        self._moving = moving
        # DI5 means nothing to the grid: one that chatters there must not keep the others from counting.
        if not self.settled and not moving & GRID_MASK:
            self.settled = changed = True
        return changed


# DI1..DI4 as (closed contact, percent, meaning), strictest last.
_RIPPLE = ((0x1, 100, "DI1"), (0x2, 60, "DI2"), (0x4, 30, "DI3"), (0x8, 0, "DI4"))
_RIPPLE_REVERSE = ((0x8, 100, "DI4"), (0x4, 60, "DI3"), (0x2, 30, "DI2"), (0x1, 0, "DI1"))
PRESETS = (("ripple", _RIPPLE), ("ripple_reverse", _RIPPLE_REVERSE))


def row(preset, mask, open_pct=100):
    """Return (percent, reason in words) that the contacts ask for; open_pct and a reason if it is a limit, if none does.

    Several closed contacts are no row of any maker's table: the strictest of them holds, and the reason says so.
    """
    rows = dict(PRESETS).get(preset)
    if rows is None:
        return 100, ""
    closed = [r for r in rows if r[0] & mask]
    if not closed:
        return open_pct, "" if open_pct == 100 else "no contact asks: %d %%" % open_pct
    percent = min([r[1] for r in closed])
    names = " + ".join(sorted([r[2] for r in closed]))
    text = "ripple control %d %% (%s)" % (percent, names)
    if len(closed) > 1:
        text += ", no row of the table: the strictest holds"
    return percent, text if percent < 100 or len(closed) > 1 else ""


def chattering(mask, chatter_pct, percent, reason):
    """Return (percent, reason) with what is declared for contacts that are never still, beside what the others ask for."""
    names = " + ".join(["DI%d" % (i + 1) for i in range(_INPUTS) if mask & GRID_MASK & 1 << i])
    told = "%s chatters: %d %%" % (names, min(percent, chatter_pct))
    return min(percent, chatter_pct), told + (", " + reason if reason else "")
