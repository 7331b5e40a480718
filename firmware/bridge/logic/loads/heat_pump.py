"""SG Ready: which of its four states a heat pump is told, on DO1 and DO2. Pure.

state      1 lock   2 normal   3 recommended on   4 forced on
DO1 DO2    1 0      0 0        0 1                1 1
Source: BWP, SG Ready; SMA EDMM. The lock lasts two hours at most, also over a restart.
"""

from micropython import const

# Places in load_rules.HEAT_PUMP.
_RECOMMEND = const(0)
_FORCE = const(1)
_FORCE_SOC = const(2)
_IMPORT = const(3)
_LOCK = const(4)
_LOCK_BUY = const(5)
_LOCK_SOC = const(6)
_LOCK_MAX = const(7)
_LOCK_REST = const(8)
_DWELL = const(9)

LOCK, NORMAL, RECOMMENDED, FORCED = 1, 2, 3, 4
_MASKS = (0, 1, 0, 2, 3)
NAMES = ("", "lock", "normal", "recommended on", "forced on")


def mask(state):
    """Return the contacts of a state, bit 0 = DO1."""
    return _MASKS[state]


class HeatPump:
    """The state that holds, and how much of the lock's time is used up."""

    def __init__(self, used_s, now_s):
        """used_s: s of lock that were used before the start, since the last rest."""
        self.state = NORMAL
        self.why = "after the start"
        self.used_s = used_s
        self._since_s = now_s
        self._looked_s = now_s
        self._unlocked_s = now_s  # since when it is not locked

    def memory(self):
        """Return all that it remembers."""
        return self.state, self.why, self.used_s, self._since_s, self._looked_s, self._unlocked_s

    def step(self, rules, soc, import_w, off_grid, limited, now_s):
        """Return the state that shall hold. import_w: at the grid, W; soc: %; off_grid: 0 = on the grid; None = not known.

        limited: an import limit is in force (section 14a, DRM, a fuse, an EMS).
        """
        if self.state == LOCK:
            self.used_s += now_s - self._looked_s
        elif self.used_s and now_s - self._unlocked_s >= rules[_LOCK_REST]:
            self.used_s = 0
        self._looked_s = now_s
        wanted, why = self._wanted(rules, soc, import_w, off_grid, limited)
        dwells = now_s - self._since_s < rules[_DWELL]
        spent = self.used_s >= rules[_LOCK_MAX]
        if wanted == LOCK and spent:
            wanted, why = NORMAL, "the lock's time is used up, though " + why
        if wanted != self.state:
            to_lock, from_lock = wanted == LOCK, self.state == LOCK
            if dwells and not to_lock and not (from_lock and spent):
                return self.state
            if from_lock:
                self._unlocked_s = now_s
            self.state = wanted
            self._since_s = now_s
        self.why = why
        return self.state

    def _wanted(self, rules, soc, import_w, off_grid, limited):
        """Return (state, why) as nothing but the moment asks for; one step down at a time, up at once."""
        if limited and rules[_LOCK]:
            return LOCK, "import is limited"
        if off_grid is None or off_grid or import_w is None:
            return NORMAL, "off-grid" if off_grid else "the grid's power is not known"
        if rules[_LOCK_BUY] and import_w > rules[_LOCK_BUY] and soc is not None and soc < rules[_LOCK_SOC]:
            return LOCK, "%d W of import at SOC %d %%" % (import_w, soc)
        enough = soc is not None and soc >= rules[_FORCE_SOC]
        if -import_w >= rules[_FORCE] and enough:
            return FORCED, "%d W of surplus" % -import_w
        if import_w > rules[_IMPORT]:
            down = RECOMMENDED if self.state == FORCED else NORMAL
            return down, "%d W of import" % import_w
        if self.state == FORCED and enough:
            return FORCED, "it takes the surplus"
        if -import_w >= rules[_RECOMMEND]:
            return RECOMMENDED, "%d W of surplus" % -import_w
        if self.state >= RECOMMENDED:
            return RECOMMENDED, "it takes the surplus"
        return NORMAL, "no surplus"
