"""When a new version has proved itself, and when it has had its chance. Pure.

It has to do what the version before it did in this house when the update came in, as the note says that the updater left.
What that one could not show either is not held against the new one: no broker is set, sensor or plant have no power.
"""

from micropython import const

_STEADY_S = const(60)
_CHANCE_S = const(300)  # on trial: no steady minute within this time means a new start, and boot.py counts those
_PATIENCE_S = const(60)  # a broker that is set has so long to be reached
_GOOD = ("ok", "partly")
_NAMES = ("plant", "sensor", "uplink", "hotspot")


def found(note):
    """Return what works, of "plant", "sensor", "uplink" and "hotspot", as a list.

    note: (plant_link, sensor_link, uplink_connected, hotspot_possible) of the state; anything else: nothing is known.
    """
    if not isinstance(note, (list, tuple)) or len(note) != len(_NAMES):
        return []
    return [name for name, fact in zip(_NAMES, note) if fact is True or fact in _GOOD]


def missing(state, broker, before, seen):
    """Return what keeps the running version from being healthy, as a list of words.

    broker: mqtt_host; before: what the version before it found; seen: what this one has found since its start.
    """
    lacks = [] if state.beats_ok else ["an essential task"]
    for name, link in (("plant", state.plant_link), ("sensor", state.sensor_link)):
        if name not in seen and (link == "starting" or (link != "off" and name in before)):
            lacks.append(name)
    for name in ("uplink", "hotspot"):
        if name in before and name not in seen and (broker or name == "hotspot"):
            lacks.append(name)
    if not (state.uplink_connected or state.portal_listens) and (broker or state.hotspot_possible):
        lacks.append("uplink or page")
    return lacks


def hotspot_wanted(broker, uplink_connected, since_start_s):
    """Return True if the hotspot shall open for the trial: no broker is set, or it has not been reached in time."""
    return not uplink_connected and (not broker or since_start_s >= _PATIENCE_S)


class Watch:
    """What to do about the running slot, asked about once a second. Times in s of a monotonic clock."""

    def __init__(self, now_s, steady_s=0):
        """steady_s: for how long the tasks have beaten already, of a version that is not on trial."""
        self._start_s = now_s
        self._well_since_s = now_s - steady_s if steady_s else None
        self._settled = False

    def step(self, on_trial, is_healthy, beats_ok, lived_s, now_s):
        """Return "confirm", "settle", "restart" or "" (nothing to do).

        lived_s: for how long every task has been alive. confirm: on trial, healthy for a minute in which no task died.
        settle: confirmed before, and its tasks beat for a minute, so it is in no loop of starts (a house without network
        or sensor is no reason to change the version); said once.
        """
        well = is_healthy and lived_s > 0 if on_trial else beats_ok
        if not well:
            self._well_since_s = None
            late = on_trial and now_s - self._start_s >= _CHANCE_S
            return "restart" if late else ""
        if self._well_since_s is None:
            self._well_since_s = now_s
        steady_s = now_s - self._well_since_s
        if on_trial:
            steady_s = min(steady_s, lived_s)
        if steady_s < _STEADY_S:
            return ""
        if on_trial:
            return "confirm"
        if self._settled:
            return ""
        self._settled = True
        return "settle"
