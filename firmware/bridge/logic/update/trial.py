"""When a new version has proved itself, and when it has had its chance."""

from micropython import const

_STEADY_S = const(60)
_CHANCE_S = const(300)  # on trial: no steady minute within this time means a new start, and boot.py counts those


def healthy(beats_ok, bus_works, uplink_connected, hotspot_open):
    """Return True if the application does its work: every task beats, a bus works, somebody can reach it."""
    return beats_ok and bool(bus_works) and (uplink_connected or hotspot_open)


def bus_works(exchanges, plant_link, sensor_link):
    """Return True if a bus was polled or heard, or if no port has to do with plant or sensor (roles server, off ...)."""
    return exchanges > 0 or "ok" in (plant_link, sensor_link) or plant_link == sensor_link == "off"


class Watch:
    """What to do about the running slot, asked about once a second. Times in s of a monotonic clock."""

    def __init__(self, now_s):
        self._start_s = now_s
        self._well_since_s = None
        self._settled = False

    def step(self, on_trial, is_healthy, beats_ok, now_s):
        """Return "confirm", "settle", "restart" or "" (nothing to do).

        confirm: on trial, healthy for a minute. settle: confirmed before, and its tasks beat for a minute, so it is in
        no loop of starts (a house without network or sensor is no reason to change the version); said once.
        """
        well = is_healthy if on_trial else beats_ok
        if not well:
            self._well_since_s = None
            late = on_trial and now_s - self._start_s >= _CHANCE_S
            return "restart" if late else ""
        if self._well_since_s is None:
            self._well_since_s = now_s
        if now_s - self._well_since_s < _STEADY_S:
            return ""
        if on_trial:
            return "confirm"
        if self._settled:
            return ""
        self._settled = True
        return "settle"
