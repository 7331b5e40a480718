"""Whether the power sensor is mounted backwards: how its power fits what the plant says of itself. Pure.

Levels are compared, not moments: all values were steady for three polls, then something was switched or the sun went, and
they are steady again. Three witnesses have a vote each time:

    grid   the plant's own grid sensor measures the same power: both change alike, or one of them is backwards
    plant  what PV and battery give more is taken less from the grid, unless the load changed too; no proof by itself
    dark   where neither sun nor battery gives anything, the house is fed by the grid

Each can err: the plant's own sensor may be the wrong one, a load of twice what the battery has left raises sensor and plant
alike, another generator feeds in the dark. So nothing is said while one of them contradicts, nor before five votes of a
witness agree, nor while more than one in eight does not.
"""

from micropython import const

UNKNOWN, RIGHT, BACKWARDS = 0, 1, 2

_POLLS = const(3)  # for so many nothing moves by more than
_STEADY_W = const(150)
_CHANGE_W = const(500)  # least change of a witness that is a vote
_NEAR = const(5)  # the sensor's change is the same within a fifth
_ENOUGH = const(5)
_DOUBT = const(8)
_MOST = const(64)  # votes: then both sides are halved, so that old ones fade
_IDLE_W = const(50)  # of PV, and of the battery
_FED_W = const(100)
_AGAIN_S = const(600)  # a level that stays is looked at so often, and one that is older is compared with nothing


class Watch:
    """What was seen so far."""

    def __init__(self):
        self._low = None  # least and most of (sensor, grid, output) since the last move, W
        self._high = None
        self._polls = 0
        self._level = None
        self._level_s = 0
        self.grid, self.plant, self.dark = [0, 0], [0, 0], [0, 0]  # votes of the witnesses: right, backwards

    def step(self, sensor_w, grid_w, pv_w, ess_w, now_s):
        """Take the values of one poll of the plant; return what is known: UNKNOWN, RIGHT or BACKWARDS.

        grid_w: of a grid sensor of the plant's own, 0 where it has none; ess_w: into the battery.
        """
        now = (sensor_w, grid_w, pv_w - ess_w)
        self._low = tuple([min(pair) for pair in zip(now, self._low or now)])
        self._high = tuple([max(pair) for pair in zip(now, self._high or now)])
        self._polls += 1
        if max([high - low for low, high in zip(self._low, self._high)]) > _STEADY_W:
            self._low = self._high = now
            self._polls = 1
        is_old = now_s - self._level_s >= _AGAIN_S
        if self._polls == _POLLS or (self._polls > _POLLS and is_old):
            self._judge(is_old)
            self._level_s = now_s
            if pv_w < _IDLE_W and abs(ess_w) < _IDLE_W and abs(sensor_w) > _FED_W:
                _count(self.dark, sensor_w < 0)
        return self.known()

    def lost(self):
        """Say that values are missing: what comes next is compared with nothing before."""
        self._low = self._high = self._level = None
        self._polls = 0

    def known(self):
        """Return UNKNOWN, RIGHT or BACKWARDS."""
        witnesses = (self.grid, self.plant, self.dark)
        right = [_sure(votes[0], votes[1]) for votes in witnesses]
        backwards = [_sure(votes[1], votes[0]) for votes in witnesses]
        if (right[0] or right[2]) and not any(backwards):
            return RIGHT
        believed = backwards[0] or (backwards[1] and backwards[2])
        return BACKWARDS if believed and not any([votes[0] > votes[1] for votes in witnesses]) else UNKNOWN

    def words(self, inverted):
        """Return what known() means and what to do next. inverted: the values were turned already (sensor_inverted)."""
        known = self.known()
        if known != BACKWARDS:
            return "right" if known == RIGHT else ""
        if self.grid[1] >= _ENOUGH:
            why = "the plant's own grid sensor changed the other way in %d of %d changes" % (
                self.grid[1],
                sum(self.grid),
            )
        else:
            why = "it rises with the plant's power, and shows export in the dark while the plant gives nothing"
        what_next = "unset sensor_inverted" if inverted else "turn its clamp or its wires round, or set sensor_inverted"
        return "seems to be mounted backwards: %s; %s" % (why, what_next)

    def _judge(self, is_old):
        level = tuple([(low + high) / 2 for low, high in zip(self._low, self._high)])
        before, self._level = self._level, level
        if before is None or is_old:
            return
        sensor_w, grid_w, output_w = [new - old for new, old in zip(level, before)]
        if max(abs(sensor_w), abs(grid_w), abs(output_w)) < _CHANGE_W:
            self._level = before  # small steps add up
            return
        _compare(self.grid, sensor_w, grid_w)
        _compare(self.plant, sensor_w, -output_w)


def _compare(votes, change_w, expected_w):
    if abs(expected_w) < _CHANGE_W:
        return
    for is_backwards, wanted_w in enumerate((expected_w, -expected_w)):
        if abs(change_w - wanted_w) * _NEAR <= abs(expected_w):
            _count(votes, is_backwards)


def _count(votes, is_backwards):
    votes[is_backwards] += 1
    if votes[0] + votes[1] > _MOST:
        votes[0] //= 2
        votes[1] //= 2


def _sure(votes, others):
    return votes >= _ENOUGH and others * _DOUBT <= votes
