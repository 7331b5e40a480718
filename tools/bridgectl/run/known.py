"""What the firmware says of itself, asked at its console several times a second: no broker stands in between."""

import json
import time

from bridgectl import firmware

firmware.load()

from typed import MARK  # noqa: E402 (importable only now)

QUESTION = bytes((MARK,)) + b'{"state": true}\n'
PERIOD_S = 0.25
_SILENT_S = 3.0  # without an answer nothing of what is known is true any more


class Known:
    """state: the last one as a dict; good_s: {id: time of its last good value}; last: {id: last good value}."""

    def __init__(self, told=lambda: None):
        """told: called after each state."""
        self.state = {}
        self.state_s = None  # time.monotonic() of it
        self.good_s = {}
        self.last = {}
        self._told = told

    def take(self, text):
        """Take a line of the firmware's output (or JSON alone); return True if it was a state and no line of the log."""
        _, mark, answer = text.rpartition(chr(MARK))
        try:
            state = json.loads(answer)
        except ValueError:
            return bool(mark)
        if mark:
            state = state.get("state")
        if not isinstance(state, dict):
            return bool(mark)
        self.state, self.state_s = state, time.monotonic()
        for name, value in state.items():
            if value is not None:
                self.good_s[name], self.last[name] = self.state_s, value
        self._told()
        return True

    def fresh(self):
        """Return True if the firmware answers."""
        return self.state_s is not None and time.monotonic() - self.state_s < _SILENT_S

    def quality(self, point):
        """Return (quality, s since it was told as good) of a point: good, stale, suspect or never.

        The state says only that a value is not good; a link that is well then means that it is not believed.
        """
        at_s = self.good_s.get(point)
        if at_s is not None and point in self.state and self.state[point] is None:
            link = self.state.get("plant_link" if point.startswith("plant_") else "sensor_link")
            quality = "suspect" if link == "ok" or str(link).startswith("partly") else "stale"
        else:
            quality = "never" if at_s is None else "good" if self.fresh() else "stale"
        return quality, None if at_s is None else time.monotonic() - at_s
