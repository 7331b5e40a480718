"""Units that do not answer: after three silences in a row they get no more than a twentieth of the line.

A scan over all addresses, or a slave that was switched off, would otherwise eat the bus one time-out at a time.
"""

import clock
from micropython import const

_AFTER = const(3)
_SHARE = const(20)
_LEAST_MS = const(1000)
_MOST_MS = const(20000)
_UNITS = const(16)
_FORGET_MS = const(60000)


class Silence:
    """Which units are not asked for a while, at most 16 of them."""

    def __init__(self):
        self._units = {}  # unit: (silences in a row, ticks until which it is not asked)

    def holds(self, unit, now):
        """Return True if the unit is better not asked now."""
        return unit in self._units and clock.ticks_diff(self._units[unit][1], now) > 0

    def doubts(self, unit):
        """Return True if the unit did not answer last time."""
        return unit in self._units

    def heard(self, unit):
        """Note that the unit answered, whatever it said."""
        if unit in self._units:
            del self._units[unit]

    def silent(self, unit, took_ms, now):
        """Note that the unit did not answer, and how long the line was lost to it for a client (0: the bridge asked)."""
        failures, until = self._units.get(unit, (0, now))
        failures += 1
        pause_ms = 0
        if failures >= _AFTER:
            pause_ms = min(max((_SHARE - 1) * took_ms, _LEAST_MS), _MOST_MS)
        if unit not in self._units and len(self._units) >= _UNITS:
            self._units.clear()  # somebody tries addresses: those that matter are soon known again
        if clock.ticks_diff(until, now) < pause_ms:
            until = clock.ticks_add(now, pause_ms)
        self._units[unit] = (failures, until)

    def expire(self, now):
        """Forget units that nobody asked for; to be called at least once a day, because the stamps wrap."""
        for unit in [u for u in self._units if clock.ticks_diff(now, self._units[u][1]) > _FORGET_MS]:
            del self._units[unit]
