"""Holds export at the grid connection: by the plant itself where it can (40038), watched at the sensor; else it feeds the
loop of grid/export with the sensor, and takes the plant's cap from it.

Loaded by tasks/orders while a setting wants it.
"""

import clock
import log
from bridge import points
from bridge.logic.grid import export
from micropython import const

_SETTLE_MS = const(1500)  # an inverter has followed by then
_FREE_W = const(5000000)
_MORE_W = const(100)  # a plant that lets out so much more than its limit, for so long, does not hold it
_MORE_MS = const(5000)
_DISTRUST_MS = const(600000)  # then the bridge holds it for so long
_KIND = const(8)  # of its entries in the flight recorder
_RECORDED_S = const(60)  # of caps that move with the house one a minute is kept
_POINTS = ("sensor_power", "plant_power", "plant_off_grid")


class AtGrid:
    """The loop and what it is fed with."""

    def __init__(self, state, now):
        self._state = state
        self._numbers = [points.number(point) for point in _POINTS]
        self._loop = export.Export(now)
        self._held_at = self._held_w = None
        self._blind = False
        self._is_held = False  # by the plant itself
        self._over_at = None  # ticks since when more flows out than may
        self._distrust_until = None

    def cap_w(self, is_held, now):
        """Return what the plant may give now, W; None = export is not limited.

        is_held: the plant holds the limit itself, by a sensor of its own; its cap is free while the bridge's shows so."""
        state = self._state
        limit_w = state.export_w
        if limit_w is None:
            return None
        sensor_w, output_w, off_grid = [state.readings.value(number) for number in self._numbers]
        if off_grid:
            return _FREE_W  # nothing can flow out, and the house needs what there is
        age_ms = state.readings.age_ms(self._numbers[0], now) if sensor_w is not None else 0
        self._note(sensor_w is None)
        if self._trusted(is_held and sensor_w is not None and age_ms < _MORE_MS, limit_w, sensor_w, now):
            return _FREE_W
        held_at = self._acknowledged(self._loop.cap_w, now)
        loop = self._loop
        knew = (loop.cap_w, clock.ticks_diff(loop.changed_at, now)) if state.recorder else None
        cap_w = loop.step(limit_w, sensor_w, age_ms, output_w, held_at, _SETTLE_MS, now)
        if knew and cap_w != knew[0]:
            held = None if held_at is None else clock.ticks_diff(held_at, now)
            values = knew + (limit_w, sensor_w, age_ms, output_w, held, _SETTLE_MS, cap_w)
            state.recorder.tell(_KIND, values, len(values), _RECORDED_S)
        return cap_w

    def _trusted(self, is_held, limit_w, sensor_w, now):
        """Return True while the plant holds the limit itself."""
        if self._distrust_until is not None and clock.ticks_diff(now, self._distrust_until) >= 0:
            self._distrust_until = None
        if not is_held or sensor_w >= -limit_w - _MORE_W:
            self._over_at = None
        elif self._over_at is None:
            self._over_at = now
        elif self._distrust_until is None and clock.ticks_diff(now, self._over_at) > _MORE_MS:
            self._distrust_until = clock.ticks_add(now, _DISTRUST_MS)
            log.warn("export", "more flows out than the plant says it holds: the bridge holds it")
        is_held = is_held and self._distrust_until is None
        if self._is_held and not is_held:
            self._loop = export.Export(now, limit_w)  # the safe side first, as after a start
        self._is_held = is_held
        return is_held

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
