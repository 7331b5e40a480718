"""Tells by a load that is switched on and off again whether a power sensor is mounted the right way round.

A sensor that is right shows more import, then less; one that is backwards the other way. A change counts only if it is
about as large as the load and stays for two readings, so neither a fridge nor a cloud decides.
"""

import struct
import time

from bridge.devices import registers

from bridgectl.bench import raw
from bridgectl.bench.models import model
from bridgectl.bench.port import BenchError

RIGHT, BACKWARDS = "right", "backwards"
_POLL_S = 0.25
_REST_READINGS = 8  # of the time before the load
_STILL_SHARE = 0.2  # of the load: so still they are
_LEAST_SHARE, _MOST_SHARE = 0.6, 1.4  # of the load: a change of this size is the load
_SURE = 2  # readings in a row


class Watch:
    """What was read so far. `stage`: "rest" (no load yet), "on" (switch it on), "off" (switch it off), then a verdict."""

    def __init__(self, load_w):
        self.load_w = load_w
        self.stage = "rest"
        self.rest_w = 0.0
        self.on_w = 0.0
        self._last = []
        self._steps = []

    def take(self, power_w):
        """Take a reading of the sensor; return the stage after it."""
        if self.stage == "rest":
            self._last = [*self._last[-_REST_READINGS + 1 :], power_w]
            spread_w = max(self._last) - min(self._last)
            if len(self._last) == _REST_READINGS and spread_w <= _STILL_SHARE * self.load_w:
                self.rest_w = sorted(self._last)[_REST_READINGS // 2]
                self.stage = "on"
        elif self.stage == "on":
            if self._stepped(power_w - self.rest_w):
                self.on_w = power_w
                self.stage = "off"
        elif self.stage == "off" and self._stepped(power_w - self.on_w):
            rose, fell = self.on_w > self.rest_w, power_w < self.on_w
            # Twice the same way is no load that came and went: somebody else switched something.
            self.stage = "rest" if rose != fell else RIGHT if rose else BACKWARDS
            self._last = []
        return self.stage

    def _stepped(self, change_w):
        """Return True if so many readings in a row differ by about the load, all the same way."""
        share = abs(change_w) / self.load_w
        if not _LEAST_SHARE <= share <= _MOST_SHARE:
            self._steps = []
            return False
        if self._steps and (self._steps[-1] > 0) != (change_w > 0):
            self._steps = []
        self._steps.append(change_w)
        if len(self._steps) < _SURE:
            return False
        self._steps = []
        return True


def words(watch):
    """Return what a stage asks of a person, or what it means and what to do next."""
    return {
        "rest": f"Leave everything as it is: the power has to be still within {_STILL_SHARE * watch.load_w:.0f} W.",
        "on": f"At rest at {watch.rest_w:.0f} W. Switch on a load of about {watch.load_w} W.",
        "off": f"Now {watch.on_w:.0f} W. Switch it off again.",
        RIGHT: "The sensor is mounted right: it showed more import with the load, and less without it.",
        BACKWARDS: "The sensor is mounted backwards: it showed less import with the load, and more without it. Turn its "
        "clamp or the wires through it round, or leave it and set sensor_inverted=true on the bridge (not both).",
    }[watch.stage]


def run(line, name, unit, load_w, seconds, told):
    """Read the sensor until the load has come and gone; return RIGHT, BACKWARDS or "" (not in time).

    told: called with a Watch at the beginning and after each stage. Raises NoAnswer, PortError.
    """
    where = [row[0] for row in registers.rows(model(name)) if row[3] == "sensor_power"]
    if not where:
        raise BenchError(f"--model {name}: has no power sensor; sdm230 or sdm120ct")
    watch = Watch(load_w)
    told(watch)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        high, low = raw.get(line, unit, model(name).FUNCTION, where[0], 2)
        before = watch.stage
        watch.take(struct.unpack(">f", struct.pack(">HH", high, low))[0])
        if watch.stage != before:
            told(watch)
        if watch.stage in (RIGHT, BACKWARDS):
            return watch.stage
        time.sleep(_POLL_S)
    return ""
