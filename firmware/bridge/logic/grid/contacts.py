"""Grid contacts: debouncing, and what the table that tables.py made says of the 16 combinations of DI1-DI4.

Pure: `now` is an argument.
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


_ROW = const(3)  # bytes of a row, see tables.make
_NO_ROW = const(1)
_LAST = const(2)
_DIMMED = const(4)
_LEAST_AT = const(48)  # least active %, and behind it the least import % of the whole table


def row(table, mask, last):
    """Return (place, reason, last) of the row of a table (tables.make) that counts for the contacts that ask.

    last: mask of the last combination with a row of its own, None = there was none. reason: who asks for what, "" if
    nobody asks for anything.
    """
    rows, texts, reactive, without = table
    texts = texts.split("\n")
    at = _ROW * mask
    marks = rows[at + 2]
    if marks & _LAST and last is not None:
        return last, texts[last] + ", then contacts without a row: the last one holds", last
    asks = rows[at] < 100 or rows[at + 1] < 100 or marks or mask in reactive
    if marks & _NO_ROW:
        return mask, texts[mask] + without, last
    return mask, texts[mask] if asks else "", mask


def dimmed(table, place):
    """Return True if a row dims consumption."""
    return bool(table[0][_ROW * place + 2] & _DIMMED)


def limits(table, place):
    """Return (active %, import %) of a row by its place; without a place the least ones of the table."""
    at = _LEAST_AT if place is None else _ROW * place
    return table[0][at], table[0][at + 1]


def chattering(mask, chatter_pct, percent, reason):
    """Return (percent, reason) with what is declared for contacts that are never still, beside what the others ask for."""
    names = " + ".join(["DI%d" % (i + 1) for i in range(_INPUTS) if mask & GRID_MASK & 1 << i])
    told = "%s chatters: %d %%" % (names, min(percent, chatter_pct))
    return min(percent, chatter_pct), told + (", " + reason if reason else "")
