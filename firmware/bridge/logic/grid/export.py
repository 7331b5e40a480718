"""Zero-power grid connection: what the plant may give, so that no more than a limit flows out at the grid. Pure.

Each sample of the power sensor says how far the house is from the limit, and that much the plant's cap moves, down at once
and up in part. A sample counts only when it was taken after the last cap had its effect: so every step is the answer to a
state that has settled, and no delay of sensor, line or inverter makes it swing. What the plant does not use of its cap is
taken back (no wind-up): a cloud that goes does not come out at the grid.
"""

import clock
from micropython import const

_DEADBAND_W = const(40)  # a cap that would move less stays
_MARGIN_W = const(30)  # aimed at so much below the limit, for noise
_UP_NUMERATOR = const(3)
_UP_DENOMINATOR = const(4)  # the share of the room that there is
_SLACK_W = const(300)  # a plant may give so much more than it did at its last poll
_STALE_MS = const(4000)  # a sensor older than that is not believed
_BLIND_MS = const(4000)  # a write that is not answered by then: the plant may do anything, and no sample waits for it


class Export:
    """The loop with its cap."""

    def __init__(self, now, cap_w=0):
        """cap_w: what the plant may give before the first sample."""
        self.cap_w = cap_w
        self.changed_at = now  # ticks of the last change of the cap
        self._since = None  # ticks since when the cap holds at the plant

    def step(self, limit_w, grid_w, age_ms, output_w, held_at, settle_ms, now):
        """Return the plant's cap in W.

        limit_w: of export. grid_w: at the sensor, import positive, age_ms old; None = not known. output_w: what the plant
        gave at its last poll, None = not known. held_at: ticks when the plant acknowledged its last cap, None = it has not
        yet. settle_ms: an inverter takes so long to follow.
        """
        if grid_w is None or age_ms > _STALE_MS:
            # What the house takes is not known: as much as may be exported is always right.
            self._to(limit_w, now)
            return self.cap_w
        taken_at = clock.ticks_add(now, -age_ms)
        blind = clock.ticks_diff(now, self.changed_at) > _BLIND_MS
        if held_at is None and not blind:
            return self.cap_w
        settled_at = clock.ticks_add(held_at if held_at is not None else self.changed_at, settle_ms)
        if clock.ticks_diff(taken_at, settled_at) < 0 and not blind:
            return self.cap_w
        room_w = int(grid_w) + limit_w - _MARGIN_W
        used_w = self.cap_w if output_w is None else min(self.cap_w, int(output_w) + _SLACK_W)
        if room_w < 0:
            cap_w = min(self.cap_w, used_w) + room_w
        else:
            cap_w = used_w + room_w * _UP_NUMERATOR // _UP_DENOMINATOR
        cap_w = max(cap_w, limit_w, 0)
        if abs(cap_w - self.cap_w) > _DEADBAND_W or (cap_w < self.cap_w and grid_w < -limit_w):
            self._to(cap_w, now)
        return self.cap_w

    def _to(self, cap_w, now):
        if cap_w != self.cap_w:
            self.cap_w = cap_w
            self.changed_at = now
