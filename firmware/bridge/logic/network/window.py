"""When the hotspot is open: without end until a system is created, then 2 hours, and 2 hours again after each press.

    phase     created          pressed          time up    name removed
    waiting   open, 2 h        -                -          -
    open      -                2 h anew         closed     waiting
    closed    -                open, 2 h        -          waiting

Flash remembers the time used in blocks of 5 minutes, paid in advance: a block is written down as used when it begins.
So no chain of restarts makes a window longer, one restart takes at most 5 minutes off it, and a window of 2 hours costs
at most 24 writes however often the device restarts; a press later than its first 5 minutes adds one.
"""

from micropython import const

WAITING, OPEN, CLOSED = "waiting", "open", "closed"

_WINDOW_S = const(7200)
_BLOCK_S = const(300)


class Window:
    """The window of one device. `phase` is one of the three; `paid_s` is what flash shall hold."""

    def __init__(self, stored, created, presses, now_s):
        """stored: dict that `stored()` returned before the restart, or None; created: a system exists.

        presses: count of button presses so far; now_s: monotonic seconds, from any start.
        A created system without a record (lost, damaged) starts closed: unknown means safe, and the button opens it.
        """
        self.phase = CLOSED if created else WAITING
        self.paid_s = _WINDOW_S  # s of the window that are used up or paid for
        self._presses = presses
        self._end_s = now_s
        if created:
            used_s = _used_s(stored)
            if used_s < _WINDOW_S:
                self.phase = OPEN
                self._end_s = now_s + _WINDOW_S - used_s
                self.paid_s = min(used_s + _BLOCK_S, _WINDOW_S)

    def step(self, created, presses, now_s):
        """Take what happened since the last step; return True if the hotspot shall be open."""
        pressed = presses != self._presses
        self._presses = presses
        if not created:
            self.phase = WAITING
        elif self.phase == WAITING or pressed:
            self._start(now_s)
        elif self.phase == OPEN:
            used_s = _WINDOW_S - (self._end_s - now_s)
            if used_s >= _WINDOW_S:
                self.phase = CLOSED
                self.paid_s = _WINDOW_S
            elif used_s >= self.paid_s:
                self.paid_s = (used_s // _BLOCK_S + 1) * _BLOCK_S
        return self.phase != CLOSED

    def left_s(self, now_s):
        """Return the seconds until it closes, 0 if it is closed, -1 if it stays open."""
        if self.phase == WAITING:
            return -1
        return max(0, self._end_s - now_s) if self.phase == OPEN else 0

    def stored(self):
        """Return what flash shall hold, as a dict; it changes at most once per 5 minutes of open window."""
        return {"used_s": self.paid_s}

    def _start(self, now_s):
        # a window that is still in its first block has that block paid already: pressing on and on writes nothing
        self.phase = OPEN
        self._end_s = now_s + _WINDOW_S
        self.paid_s = _BLOCK_S


def _used_s(stored):
    """Return the seconds used according to a record, the whole window if it says nothing believable."""
    used_s = stored.get("used_s") if stored else None
    if isinstance(used_s, int) and not isinstance(used_s, bool) and 0 <= used_s <= _WINDOW_S:
        return used_s
    return _WINDOW_S


def scans_by_itself(settings):
    """Return True if nobody is harmed by a search that nobody asked for: no contacts are bound."""
    return settings.grid_table == "off"


def scan_refusal(state):
    """Return why nobody may search now, in words, "" if one may."""
    if state.limit_wanted and (state.limit_pct < 100 or state.cap_w is not None):
        limit = "%d %%" % state.limit_pct if state.limit_pct < 100 else "%d W" % state.cap_w
        return "a limit of %s is in force; a search would stop everything for up to 10 s" % limit
    if state.plant_limit_w is not None:
        return "the plant is not released from its limit yet; try again in a moment"
    return ""
