"""Walks of the contacts DI1..DI4 through the debouncer and the control law, and the tables of the makers, written out.

The tables are copied by hand from where they come from, never from the code: receivers of Solar-Log (K1 100, K2 60, K3 30,
K4 0) and Sofar (L1 0, L2 30, L3 60, L4 100), FNN relays (S1 60, S2 30, W3 0, W4 dims), AS/NZS 4777.2 DRM0 to DRM8.
"""

import json

from bridge.logic.grid import contacts, control, tables
from bridge.settings import Settings
from bridge.state import State

# fmt: off
# mask (bit 0 = DI1): active %, import %; by 0b0000, 0b0001, 0b0010, 0b0011 ... 0b1111
_F = 100
TABLES = (
    ({"grid_table": "ripple"},
     (_F, 100, 60, 60, 30, 30, 30, 30, 0, 0, 0, 0, 0, 0, 0, 0), (_F,) * 16),
    ({"grid_table": "ripple_reverse"},
     (_F, 0, 30, 0, 60, 0, 30, 0, 100, 0, 30, 0, 60, 0, 30, 0), (_F,) * 16),
    ({"grid_table": "fnn"},
     (_F, 60, 30, 30, 0, 0, 0, 0, 100, 60, 30, 30, 0, 0, 0, 0), (_F,) * 16),
    ({"grid_table": "single"},
     (_F, 0, 100, 0, 100, 0, 100, 0, 100, 0, 100, 0, 100, 0, 100, 0), (_F,) * 16),
    ({"grid_table": "drm", "grid_drm": "5678"},
     (_F, 0, 50, 0, 75, 0, 50, 0, 100, 0, 50, 0, 75, 0, 50, 0), (_F,) * 16),
    ({"grid_table": "drm", "grid_drm": "8765"},
     (_F, 100, 75, 75, 50, 50, 50, 50, 0, 0, 0, 0, 0, 0, 0, 0), (_F,) * 16),
    ({"grid_table": "drm", "grid_drm": "1234"},
     (_F,) * 16, (_F, 0, 50, 0, 75, 0, 50, 0, 100, 0, 50, 0, 75, 0, 50, 0)),
    ({"grid_table": "drm", "grid_drm": "0567"},
     (_F, 0, 0, 0, 50, 0, 0, 0, 75, 0, 0, 0, 50, 0, 0, 0), (_F, 0) * 8),
    ({"grid_table": "drm", "grid_drm": "15-0"},
     (_F, 100, 0, 0, 100, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), (_F, 0, 100, 0, 100, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    ({"grid_table": "own", "grid_rows": "0000 p90; 1100 p40 i20; 1000 p100; 0010 p10 c-0.9; 0001 x; 0111 i5"},
     (90, 100, 90, 40, 10, 10, 10, 10, 0, 0, 0, 0, 0, 0, 100, 0), (_F, 100, 100, 20, 100, 100, 100, 20, 0, 0, 0, 0, 0, 0, 5, 0)),
)
# fmt: on
# How a contact comes to rest: ms after the first touch at which it changes once more; the last one stays.
BOUNCES = ((), (10, 20), (10, 20, 30, 40, 50, 60), (30, 40, 90, 110))
_APART_MS = (0, 100)  # from one relay to the next
SETTLE_MS, HOLD_MS, SAMPLE_MS = 50, 200, 10
REST_MS = 300  # longer than both, in steps of the control law
_STEP_MS = 50


class Bench:
    """The contacts of one table on a hand-moved clock."""

    def __init__(self, changes, closed_mask=0, now=0):
        self.settings = Settings()
        refused = self.settings.apply(dict(changes, grid_closed_mask=closed_mask))
        assert not refused, refused
        self.table = tables.make(self.settings)
        self.state = State()
        self.debounce = contacts.Contacts()
        self.loosening, self.importing = control.Loosening(), control.Loosening()
        self.closed_mask = closed_mask
        self.now = now
        self.last = None
        self.decided = 100, "", False, 0, 100, False, None
        self.wanted = False
        self.in_force = None  # active %, import %
        self.told = ""

    def step(self, asking, ms=SAMPLE_MS):
        """One sample of the contacts that ask; as tasks/control does, only what is new is decided."""
        raw = asking ^ self.closed_mask
        if self.debounce.step(raw, self.now, SETTLE_MS):
            self.state.inputs, self.state.inputs_settled = self.debounce.mask, True
            self.decided, self.last = control.decide(self.state, self.settings, self.table, self.last, 0)
        percent, reason, self.wanted, _, imported, *_ = self.decided
        if self.wanted:
            percent, self.told, _ = self.loosening.step(percent, reason, self.state.inputs, self.now, HOLD_MS)
            imported = self.importing.step(imported, "", self.state.inputs, self.now, HOLD_MS)[0]
            self.in_force = (percent, imported)
        self.now += ms

    def rest(self, asking):
        """Leave the contacts still until everything counts."""
        for _ in range(REST_MS // _STEP_MS + 1):
            self.step(asking, _STEP_MS)


def raw_at(before, after, bounce, apart_ms, t):
    """Return the mask at t ms of a change in which each contact bounces, one after the other."""
    mask, first = before, 0
    for i in range(4):
        bit = 1 << i
        if (before ^ after) & bit:
            if t >= first:
                turns = 1 + len([x for x in bounce if first + x <= t])
                mask ^= bit if turns % 2 else 0
            first += apart_ms
    return mask


def walk(changes, active, imported, closed_mask, bounce, apart_ms):
    """Walk all 240 changes between two combinations; return the pairs of which everything was as written out."""
    bench = Bench(changes, closed_mask)
    good = set()
    for one in range(16):
        for other in range(one):
            bench.rest(one)
            for before, after in ((one, other), (other, one)):
                assert bench.in_force == (active[before], imported[before]), (changes, before, bench.in_force)
                loosest = (max(active[before], active[after]), max(imported[before], imported[after]))
                apart = apart_ms * (bin(before ^ after).count("1") - 1)
                for t in range(0, apart + (bounce[-1] if bounce else 0) + SETTLE_MS + SAMPLE_MS, SAMPLE_MS):
                    bench.step(raw_at(before, after, bounce, apart_ms, t))
                    assert bench.in_force[0] <= loosest[0] and bench.in_force[1] <= loosest[1], (before, after, t)
                # What is stricter is in force by now; what is looser waits for contacts that were still.
                assert bench.in_force[0] <= active[after] and bench.in_force[1] <= imported[after], (before, after)
                bench.rest(after)
                assert bench.in_force == (active[after], imported[after]), (changes, before, after, bench.in_force)
                good.add((before, after))
    return good


def covered():
    """Print, for the figures, how many states and changes every table was walked through as written out."""
    states, pairs = set(range(16)), None
    for changes, active, imported in TABLES:
        walked = walk(changes, active, imported, 0, BOUNCES[1], _APART_MS[1])
        pairs = walked if pairs is None else pairs & walked
        bench = Bench(changes)
        right = set()
        for mask in range(16):
            place, _, _ = contacts.row(bench.table, mask, None)
            if contacts.limits(bench.table, place) == (active[mask], imported[mask]):
                right.add(mask)
        states &= right
    print(json.dumps({"states": len(states), "transitions": len(pairs), "tables": len(TABLES)}))
