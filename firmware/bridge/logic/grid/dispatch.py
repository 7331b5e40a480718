"""What the plant is told to give while the bridge holds remote EMS, so that the house is served as the plant would do by
itself: the battery takes the surplus and covers what is missing, and only then something flows out. Pure.

The plant says what its battery takes and may take, never what the sun would give beyond that. So while the battery takes
all it can, a little more is asked for, and taken back as soon as the battery has to help.
"""

import clock
from micropython import const

_DEADBAND_W = const(50)  # what would move less stays
_FULL_W = const(100)  # a battery that could take less more takes all it can
_SHORT_W = const(150)  # a plant that gives so much less than asked cannot give more
_FIRST_W = const(200)  # of a search for more sun; doubled while it finds some
_MOST_W = const(1600)
_REST_MS = const(20000)  # from the end of a search to the next
_TRUST_NUMERATOR = const(7)  # of what the last search found, the next one begins with so much
_TRUST_DENOMINATOR = const(8)


class Dispatch:
    """The target of active power."""

    def __init__(self, output_w):
        """output_w: what the plant gives now; it is where the target begins."""
        self.asked_w = max(int(output_w), 0)
        self._more_w = _FIRST_W
        self._rest_until = None
        self._sun_w = 0  # what the last search found

    def step(self, grid_w, output_w, charge_w, room_w, export_w, rated_w, now):
        """Return the target in W, never below 0; all of one settled moment.

        grid_w: import positive. output_w: what the plant gives. charge_w: what the battery takes, discharging negative;
        room_w: what it may take. export_w: what may flow out at the grid.
        """
        load_w = int(output_w + grid_w)
        wanted_w = min(
            max(load_w, self._surplus_w(int(output_w), int(charge_w), room_w, now)), load_w + export_w, rated_w
        )
        wanted_w = max(int(wanted_w), 0)
        if abs(wanted_w - self.asked_w) > _DEADBAND_W:
            self.asked_w = wanted_w
        return self.asked_w

    def _surplus_w(self, output_w, charge_w, room_w, now):
        """Return what the plant may give of the sun alone."""
        if self._rest_until is not None and clock.ticks_diff(now, self._rest_until) >= 0:
            self._rest_until = None  # at once, for a stamp in the past comes to lie in the future
        if room_w - charge_w >= _FULL_W:
            self._end_search(output_w + charge_w, now)
            return output_w - int(room_w - charge_w)
        if output_w < self.asked_w - _SHORT_W:
            self._end_search(output_w + charge_w, now)
        if self._rest_until is not None:
            return output_w
        more_w = max(self._more_w, (self._sun_w - output_w) * _TRUST_NUMERATOR // _TRUST_DENOMINATOR)
        self._more_w, self._sun_w = min(2 * self._more_w, _MOST_W), 0
        return output_w + more_w

    def _end_search(self, sun_w, now):
        """Rest after a search that found something, or more than there is. sun_w: what the sun gives now."""
        if self._more_w > _FIRST_W:
            self._more_w, self._sun_w = _FIRST_W, sun_w
            self._rest_until = clock.ticks_add(now, _REST_MS)
