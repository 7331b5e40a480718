"""Commands the reactive power that the contacts ask for, in remote EMS, and serves the house meanwhile.

Loaded by tasks/orders while a setting wants it and a row asks, and until the plant is in its former mode again. Remote EMS
puts the plant's own mode out of force: so it is entered only while the bridge can do what that did.
"""

import clock
import log
from bridge import points
from bridge.logic.grid.command import reactive_text
from bridge.logic.grid.dispatch import Dispatch
from bridge.ports.remote import FACTOR, SHARE, Remote
from micropython import const

_SETTLE_MS = const(1500)  # an inverter has followed by then
_STALE_MS = const(4000)  # a sample of the sensor older than that serves no house
_PLANT_STALE_MS = const(15000)  # the same of the plant, which answers once a second and to others too
_CALM_MS = const(30000)  # so long all must be well again before it is entered anew
_POINTS = ("sensor_power", "plant_power", "plant_ess_power", "plant_off_grid", "plant_ess_charge_max")
_GRID, _OUTPUT, _CHARGE, _OFF_GRID, _ROOM = 0, 1, 2, 3, 4
_COS_PHI = const(1)  # kind of bridge/grid_rows.py


class Reactive:
    """Remote EMS with its two targets, and why it is not entered."""

    def __init__(self, state, settings, former):
        """former: of ports/remote, as recorded."""
        self._state = state
        self._settings = settings
        self._numbers = [points.number(point) for point in _POINTS]
        self.remote = Remote(former)
        self._dispatch = None
        self._why = ""
        self._calm_at = None  # ticks from which on it may be entered again
        self._logged = None

    def step(self, port, now):
        """Say what shall hold, and let the port carry it."""
        state, remote = self._state, self.remote
        asked = state.reactive if self._settings.plant_reactive else None
        values = [state.readings.value(number) for number in self._numbers]
        self._why = self._why_not(values, now) if asked else ""
        if not asked:
            self._calm_at = None
        if asked and not self._why:
            self._dispatch = self._dispatch or Dispatch(values[_OUTPUT])
            kind, value = asked
            register, raw = (FACTOR, value) if kind == _COS_PHI else (SHARE, 100 * value)
            remote.want(register, raw, self._active_w(values, now), now)
        else:
            self._dispatch = None
            remote.want(None, 0, 0, now)
        remote.drive(port, now)
        self._log()

    def busy(self):
        """Return True until the plant is in its former mode."""
        return self.remote.former is not None or self.remote.state not in ("idle", "refused")

    def words(self):
        """Return what became of it, "" while nothing is asked for."""
        asked, remote = self._state.reactive if self._settings.plant_reactive else None, self.remote
        if not asked:
            return "remote EMS is being left" if remote.former else ""
        if self._why:
            return "%s: not commanded, %s" % (reactive_text(asked), self._why)
        return ("%s: %s %s" % (reactive_text(asked), remote.state, remote.text)).strip()

    def _active_w(self, values, now):
        """Return the target of active power; it moves when all was measured after the plant took the last one."""
        active_at = self.remote.active_at
        oldest_ms = max(self._age_ms(_GRID, now), self._age_ms(_OUTPUT, now))
        if active_at is not None and clock.ticks_diff(now, active_at) - oldest_ms > _SETTLE_MS:
            state = self._state
            export_w = max(state.export_w or 0, 0)
            # It stays as old as it has to be: a target that stands for a week is not one that was written just now.
            self.remote.active_at = clock.ticks_add(now, -oldest_ms - _SETTLE_MS - 1)
            self._dispatch.step(
                values[_GRID], values[_OUTPUT], values[_CHARGE] or 0, values[_ROOM] or 0, export_w, state.rated_w, now
            )
        return self._dispatch.asked_w

    def _age_ms(self, which, now):
        return self._state.readings.age_ms(self._numbers[which], now)

    def _why_not(self, values, now):
        """Return why the plant's own mode stays, or "" if the bridge can do what that does."""
        state, settings = self._state, self._settings
        why = ""
        if settings.limit_export_w < 0 or settings.limit_fuse_a < 0:
            why = "limit_export_w and limit_fuse_a are to say what the plant's own mode keeps"
        elif values[_OFF_GRID] is None or values[_OFF_GRID]:
            why = "the plant is off-grid" if values[_OFF_GRID] else "it is not known whether the plant is on the grid"
        elif not state.rated_w:
            why = "the rated power is not known"
        elif values[_GRID] is None or self._age_ms(_GRID, now) > _STALE_MS:
            why = "the power sensor is not heard"
        elif values[_OUTPUT] is None or self._age_ms(_OUTPUT, now) > _PLANT_STALE_MS:
            why = "the plant is not heard"
        if why:
            self._calm_at = clock.ticks_add(now, _CALM_MS) if self._entered() or self._calm_at is not None else None
        elif self._calm_at is not None:
            if clock.ticks_diff(now, self._calm_at) < 0:
                return "waiting until all has been well for %d s" % (_CALM_MS // 1000)
            self._calm_at = None
        return why

    def _entered(self):
        return self.remote.former is not None

    def _log(self):
        line = (self.remote.state, self._state.reactive, self._why)
        if line != self._logged and self.remote.state not in ("wanted", "written"):
            told, self._logged = self._logged, line
            text = self.words()
            if text or told:
                log.info("reactive", text or "the plant is in its former mode")
