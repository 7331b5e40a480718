"""Lines for pipes: one a second with the main values, and one for each thing that changes."""

import time

_SHOWN = ("sensor_voltage", "sensor_power", "plant_pv_power", "plant_power", "plant_soc")
_CHANGES = ("sensor_link", "plant_link", "di1", "di2", "di3", "di4", "di5", "do1", "do2", "limit_reason", "limit_state")
_EVERY_S = 1.0


class Plain:
    """Prints what is new each time `step` is called."""

    def __init__(self, session, started_s):
        self._session = session
        self._started_s = started_s
        self._due_s = started_s + _EVERY_S
        self._seen = {}

    def tell(self, text):
        """Print one line with its time."""
        print(f"{time.monotonic() - self._started_s:7.2f} {text}", flush=True)

    def step(self):
        """Print the changes since the last call, and the values once a second."""
        session = self._session
        current = {name: session.known.state.get(name) for name in _CHANGES}
        current["availability"] = session.watch.availability
        if session.world.plant_wire:
            current["plant's limit"] = session.world.plant.limit_w
        for name, value in current.items():
            if value != self._seen.get(name) and value not in ("", None):
                self.tell(f"{name} {value} W" if name == "plant's limit" else f"{name} {value}")
        if self._seen.get("plant's limit") is not None and current.get("plant's limit") is None:
            self.tell("plant's limit released")
        self._seen = current
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + _EVERY_S  # no catching up after a slow start
            self.tell("values " + " ".join(f"{name}={self._value(name)}" for name in _SHOWN))

    def _value(self, name):
        quality, _ = self._session.known.quality(name)
        return self._session.known.last[name] if quality == "good" else quality
