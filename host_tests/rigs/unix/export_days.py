"""A day of a house whose battery is full, under three rules for zero export: the bridge's, and two published ones re-stated.

Fixed gain: each 10 s the cap moves by 0.4 of the distance to the limit. Plain proportional: each second the plant may give
what the house was seen to take. All see the same sensor, 250 ms apart and some old, and act with the same delay.
"""

from array import array

from bridge.logic.grid.export import Export
from bridgectl.site.house import House

_STEP_MS = 50
_SENSOR_MS = 250
_POLL_MS = 2000
_SETTLE_MS = 1500  # as tasks/export takes it


class Ours:
    """The bridge's rule: it learns when the plant has acknowledged a cap."""

    def __init__(self, limit_w):
        self.limit_w = limit_w
        self.loop = Export(0)

    def cap(self, site, now):
        held_at = site.held_at if site.held_w == self.loop.cap_w else None
        return self.loop.step(self.limit_w, site.seen_w, now - site.seen_at, site.polled_w, held_at, _SETTLE_MS, now)


class FixedGain:
    def __init__(self, limit_w):
        self.limit_w, self._cap_w, self._next = limit_w, 0, 0

    def cap(self, site, now):
        if now >= self._next:
            self._next = now + 10000
            self._cap_w = max(0, min(6000, self._cap_w + 0.4 * (site.seen_w + self.limit_w)))
        return int(self._cap_w)


class Proportional:
    def __init__(self, limit_w):
        self.limit_w, self._cap_w, self._next = limit_w, 0, 0

    def cap(self, site, now):
        if now >= self._next:
            self._next = now + 1000
            self._cap_w = max(0, min(6000, site.polled_w + site.seen_w + self.limit_w))
        return int(self._cap_w)


class Site:
    """The house with what a rule sees of it, and how late what it says takes effect."""

    def __init__(self, house, delay_ms):
        self.house = house
        self.delay_ms = delay_ms  # half until the plant acknowledges, half until its inverter has followed
        self.seen_w, self.seen_at = 0, 0
        self.polled_w = 0
        self.held_w, self.held_at = 0, 0
        self._unheard, self._on_its_way = [], []  # (when it is acknowledged, W), (when it takes effect, W)
        self._asked_w = self._sent_at = None

    def pass_ms(self, rule, now):
        house = self.house
        house.step(_STEP_MS / 1000)
        if now % _SENSOR_MS == 0:
            self.seen_w, self.seen_at = house.grid_w, now
        if now % _POLL_MS == 0:
            self.polled_w = house.output_w
        cap_w = rule.cap(self, now)
        if cap_w != self._asked_w and (self._sent_at is None or now - self._sent_at >= 1000):
            self._asked_w, self._sent_at = cap_w, now
            self._unheard.append((now + self.delay_ms // 2, cap_w))
            self._on_its_way.append((now + self.delay_ms, cap_w))
        while self._unheard and self._unheard[0][0] <= now:
            self.held_at, self.held_w = self._unheard.pop(0)
        while self._on_its_way and self._on_its_way[0][0] <= now:
            house.export_limit_w = self._on_its_way.pop(0)[1]


def walk(make, delay_ms, seconds, events, limit_w=0, hour=12.0, over=None, **house_w):
    """Return (house, W above the limit of each 50 ms) of a rule. events: {s: function(house)}; over: what takes the W."""
    house = House(hour=hour, soc_pct=100)
    house.charge_max_w = house.discharge_max_w = 0
    for name, watts in house_w.items():
        setattr(house, name, watts)
    house.export_limit_w = 0
    site, rule, over = Site(house, delay_ms), make(limit_w), array("f") if over is None else over
    for now in range(0, seconds * 1000, _STEP_MS):
        if now % 1000 == 0 and now // 1000 in events:
            events[now // 1000](house)
        site.pass_ms(rule, now)
        over.append(max(0, -house.grid_w - limit_w))
    return house, over


def load(watts):
    """Return an event: the house takes so much from now on."""
    return lambda house: setattr(house, "load_set_w", watts)


def sun(watts):
    """Return an event: the sun gives so much from now on."""
    return lambda house: setattr(house, "pv_set_w", watts)


RULES = (("ours", Ours), ("fixed", FixedGain), ("proportional", Proportional))


def step_down(make, delay_ms):
    """Return (most W exported, s until no more than 50 W are for good) after 3000 W of load go."""
    _, over = walk(make, delay_ms, 120, {60: load(500)}, pv_set_w=5500, load_set_w=3500)
    after = over[60000 // _STEP_MS :]
    last = max([i for i in range(len(after)) if after[i] > 50] or [-1])
    return max(after), (last + 1) * _STEP_MS / 1000


class _Sum:
    """Adds up what is appended."""

    def __init__(self):
        self.all = 0

    def append(self, watts):
        self.all += watts


def day_wh(make, delay_ms):
    """Return the Wh that flow out from sunrise to sunset."""
    over = _Sum()
    walk(make, delay_ms, 14 * 3600, {}, hour=6.0, over=over)
    return over.all * _STEP_MS / 3600000
