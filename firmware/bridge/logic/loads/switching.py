"""How outputs that a rule owns come to move: not sooner than their minimum times allow, and one contact at a time. Pure."""

from micropython import const

_DO1 = const(1)
_DO2 = const(2)


class Kept:
    """One output with its minimum on and off times. After a start they begin anew: longer than asked, never shorter."""

    def __init__(self, closed, now_s):
        self.closed = closed
        self._since_s = now_s

    def memory(self):
        """Return all that it remembers."""
        return self.closed, self._since_s

    def step(self, close, at_once, min_on_s, min_off_s, now_s):
        """Return (closed, s that it still has to stay as it is against what is wanted, 0 = it does not)."""
        if close == self.closed:
            return close, 0
        left_s = (min_on_s if self.closed else min_off_s) - (now_s - self._since_s)
        if left_s > 0 and not (at_once and self.closed):
            return self.closed, left_s
        self.closed = close
        self._since_s = now_s
        return close, 0


def next_mask(mask, target):
    """Return the outputs after the next single contact has moved from mask towards target, bit 0 = DO1.

    What opens goes first, and break comes before make. DO1 opens before DO2 and closes after it: so SG Ready's lock, DO1
    alone, lies on no way between two of its other states.
    """
    opens, closes = mask & ~target, target & ~mask
    if opens:
        return mask & ~(opens & _DO1 or opens)
    return mask | (closes & _DO2 or closes)
