"""Holds export at the grid connection: feeds the loop of grid/export with the sensor, and takes the plant's cap from it.

Loaded by tasks/orders while a setting wants it.
"""

import log
from bridge import points
from bridge.logic.grid import export
from micropython import const

_SETTLE_MS = const(1500)  # an inverter has followed by then
_FREE_W = const(5000000)
_POINTS = ("sensor_power", "plant_power", "plant_off_grid")


class AtGrid:
    """The loop and what it is fed with."""

    def __init__(self, state, now):
        self._state = state
        self._numbers = [points.number(point) for point in _POINTS]
        self._loop = export.Export(now)
        self._held_at = self._held_w = None
        self._blind = False

    def cap_w(self, now):
        """Return what the plant may give now, W; None = export is not limited."""
        state = self._state
        limit_w = state.export_w
        if limit_w is None:
            return None
        sensor_w, output_w, off_grid = [state.readings.value(number) for number in self._numbers]
        if off_grid:
            return _FREE_W  # nothing can flow out, and the house needs what there is
        age_ms = state.readings.age_ms(self._numbers[0], now) if sensor_w is not None else 0
        self._note(sensor_w is None)
        held_at = self._acknowledged(self._loop.cap_w, now)
        return self._loop.step(limit_w, sensor_w, age_ms, output_w, held_at, _SETTLE_MS, now)

    def _acknowledged(self, cap_w, now):
        """Return the ticks when the plant was first seen to have a cap, or something stricter; None = it has not yet."""
        state = self._state
        if cap_w != self._held_w:
            self._held_w, self._held_at = cap_w, None
        stands = state.plant_limit_state in ("written", "held") and state.plant_limit_w is not None
        if self._held_at is None and stands and state.plant_limit_w <= cap_w:
            self._held_at = now
        return self._held_at

    def _note(self, blind):
        if blind != self._blind:
            self._blind = blind
            if blind:
                log.warn("export", "the sensor is not heard: the plant may give no more than may be exported")
            else:
                log.info("export", "the sensor is heard again")
