"""Which registers go into which reads, so that the bus is busy for the least time; pure.

A read of n registers takes (13 + 2n) characters, twice t3.5 and the slave's think time. Reading over a hole costs two
characters a register, another request costs 13 characters and the pauses: where to split is found by dynamic
programming, so no other set of reads is cheaper. Each read is a run of neighbours in order of address; slow values may
ride in a faster read, and a slow read may run over fast values.

Cost: O(n^2) steps for n values of one rhythm, O(r n^3) for r rhythms; on an RP2040 17 ms and 3 kB of garbage for 14
values, 60 ms for 30, 170 ms for 24 in two rhythms. So plan at start and through `Planner`, not per exchange.
Source: Modbus over Serial Line V1.02, 2.5.1.1 (t3.5).
"""

import clock
from micropython import const

_FRAMES = const(13)  # characters of a read request (8) and of a reply without its registers (5)
_REQUEST = const(8)
_ERRORS_MOST_PPM = const(20000)  # a line that breaks every 50th character is as bad as a plan needs to know
_WEIGHT = const(1024)  # of the fastest rhythm; slower ones count in proportion
_NEVER = const(0x3FFFFFFF)  # more than any cost in us, and still a small integer

_HOLD_MS = const(10000)  # a better plan must stay better for so long
_REST_MS = const(60000)  # least time between two changes of plan
_GAIN = const(32)  # a new plan saves at least 1/32 of the bus time
_MOVED = const(16)  # think time or rest moved by less than 1/16 of a read: no need to look


class Timing:
    """What a read costs with one slave. All times in us; the defaults are 9600 8N1 and the field's usual 20 ms."""

    def __init__(self, character_us=1041, silence_us=3644, think_us=20000, rest_us=0, errors_ppm=0, lost_us=300000):
        """silence_us: t3.5. think_us: from t3.5 after the request to the reply. rest_us: quiet that the slave needs
        before a request. errors_ppm: characters per million that break. lost_us: the wait for a lost reply."""
        self.character_us = character_us
        self.silence_us = silence_us
        self.think_us = think_us
        self.rest_us = rest_us
        self.errors_ppm = errors_ppm
        self.lost_us = lost_us

    def read_us(self, count):
        """Return the bus time that a read of `count` registers is expected to take, its repeats included."""
        pauses_us = self.silence_us + max(self.silence_us, self.rest_us)
        whole_us = (_FRAMES + 2 * count) * self.character_us + pauses_us + self.think_us
        if not self.errors_ppm:
            return whole_us
        # A broken request is waited for in vain, a broken reply is repeated at once.
        good = 1 - min(self.errors_ppm, _ERRORS_MOST_PPM) / 1000000
        heard = good**_REQUEST
        lost_us = _REQUEST * self.character_us + pauses_us + self.lost_us
        return int((heard * whole_us + (1 - heard) * lost_us) / (heard * good ** (_FRAMES - _REQUEST + 2 * count)))


def reads(wanted, longest, timing=None, forbidden=()):
    """Return [(address, count)] with the least bus time that cover `wanted`, a list of (address, words) in any order.

    longest: registers in one read; forbidden: (address, words) that no read may touch. No value is torn between two
    reads. Raises ValueError if a value alone is too long or forbidden.
    """
    return [(a, n) for a, n, _ in schedule([(w[0], w[1], 0) for w in wanted], longest, timing, forbidden)]


def schedule(wanted, longest, timing=None, forbidden=()):
    """Return [(address, count, every_ms)] with the least share of bus time, fastest first; otherwise as `reads`.

    wanted: (address, words, every_ms); every_ms is how often the value is due and the deadline of each repeat.
    Values that overlap values of another rhythm are covered too, but not always at the very least cost.
    """
    values = _ordered(wanted)
    if not values:
        return []
    timing = timing or Timing()
    return _Slices(values, _reaches(values, longest, forbidden), timing, longest).best()


def cycle_us(planned, timing):
    """Return the bus time in us that reads, (address, count) or (address, count, every_ms), take per fastest period."""
    fastest = min([r[2] for r in planned if len(r) > 2] or [0])
    return sum([timing.read_us(r[1]) * (_weight(r[2], fastest) if fastest else _WEIGHT) >> 10 for r in planned])


class Planner:
    """Keeps one slave's reads right while its think time, rest and error rate move, without flapping.

    The plan in force costs at most 5 % more than the best one, except for the ten seconds in which a better one has to
    prove itself and within a minute of the last change.
    """

    def __init__(self, wanted, longest, timing, forbidden=()):
        """wanted: as for `schedule`. timing: a first guess; it becomes the planner's own."""
        self._wanted = wanted
        self._longest = longest
        self._forbidden = forbidden
        self.timing = timing
        self.reads = schedule(wanted, longest, timing, forbidden)
        self.changes = 0
        self._looked = (timing.think_us, timing.rest_us, timing.errors_ppm)
        self._better_at = None  # since when another plan has been worth it
        self._changed_at = None

    def consider(self, think_us, rest_us, errors_ppm, now):
        """Take what was measured (as for Timing); return True if `reads` is a new list. Call it every few seconds."""
        timing = self.timing
        timing.think_us = think_us
        timing.rest_us = rest_us
        timing.errors_ppm = errors_ppm
        if self._better_at is None and not self._moved():
            return False
        self._looked = (timing.think_us, timing.rest_us, timing.errors_ppm)
        best = schedule(self._wanted, self._longest, timing, self._forbidden)
        cost_us = cycle_us(self.reads, timing)
        if (cost_us - cycle_us(best, timing)) * _GAIN < cost_us:
            self._better_at = None
            return False
        if self._better_at is None:
            self._better_at = now
        if clock.ticks_diff(now, self._better_at) < _HOLD_MS:
            return False
        if self._changed_at is not None and 0 <= clock.ticks_diff(now, self._changed_at) < _REST_MS:
            return False
        self.reads = best
        self.changes += 1
        self._better_at = None
        self._changed_at = now
        return True

    def _moved(self):
        """Return True if what counts differs from what the last look was made with."""
        timing = self.timing
        think_us, rest_us, errors_ppm = self._looked
        least_us = timing.read_us(1) // _MOVED
        moved_us = abs(timing.think_us - think_us) + abs(timing.rest_us - rest_us)
        return moved_us >= least_us or abs(timing.errors_ppm - errors_ppm) > errors_ppm // 4 + 50


class _Slices:
    """The dynamic programme over the values in order of address, one level per rhythm, the fastest first.

    rows[k][i][j - i]: cheapest cost of bringing home the values i..j-1 that are of rhythm k or faster.
    An optimal read of a slower rhythm never crosses a faster one: its ends would be read by the faster one already.
    """

    def __init__(self, values, reaches, timing, longest):
        rhythms = sorted({v[2] for v in values})
        self._values = values
        self._rhythms = rhythms
        self._reaches = reaches
        self._timing = timing
        self._prices = [0] * (longest + 1)  # of a read of so many registers, filled in when asked for
        self._weights = [_weight(every_ms, rhythms[0]) for every_ms in rhythms]
        self._rows = []
        self._begin = -1
        self._rhythm = 0

    def best(self):
        """Return [(address, count, every_ms)], the fastest first, then by address."""
        n = len(self._values)
        last = len(self._rhythms) - 1
        for k in range(last + 1):
            rows = []
            self._rows.append(rows)
            # What is faster than the slowest is needed for every slice that may lie inside one read.
            for i in range(1 if k == last else n):
                rows.append(self._row(k, i, n if k == last else self._reaches[i]))
        found = []
        self._unfold(last, 0, n, found)
        return sorted(found, key=lambda r: (r[2], r[0]))

    def _row(self, k, i, end):
        row = [0]
        for j in range(i + 1, end + 1):
            row.append(self._last(k, i, j, row))
        return row

    def _last(self, k, i, j, row):
        """Return the cost of the slice i..j-1 from the costs of its beginnings.

        Leaves in `_begin` where its last read begins, -1 if its last value may wait; in `_rhythm` how often it runs.
        """
        values, reaches, prices, weights = self._values, self._reaches, self._prices, self._weights
        best = row[j - 1 - i] if values[j - 1][2] > self._rhythms[k] else _NEVER
        self._begin = -1
        m = j - 1
        end = 0
        while m >= i and reaches[m] >= j:
            first, words, _ = values[m]
            end = max(end, first + words)
            price = prices[end - first]
            if not price:
                price = prices[end - first] = self._timing.read_us(end - first)
            for q in range(k + 1):
                cost = row[m - i] + (price * weights[q] >> 10)
                if q:
                    cost += self._rows[q - 1][m][j - m]
                if cost < best:
                    best = cost
                    self._begin = m
                    self._rhythm = q
            m -= 1
        return best

    def _unfold(self, k, i, j, found):
        """Collect the reads of the slice i..j-1 at rhythm k."""
        row = self._rows[k][i]
        while j > i:
            self._last(k, i, j, row)
            m, q = self._begin, self._rhythm
            if m < 0:
                j -= 1
                continue
            found.append((self._values[m][0], self._count(m, j), self._rhythms[q]))
            if q:
                self._unfold(q - 1, m, j, found)
            j = m

    def _count(self, m, j):
        first = self._values[m][0]
        return max([v[0] + v[1] for v in self._values[m:j]]) - first


def _weight(every_ms, fastest_ms):
    return max(_WEIGHT * fastest_ms // every_ms, 1) if fastest_ms else _WEIGHT


def _ordered(wanted):
    """Return the values by address, without those that another one brings along."""
    values = []
    every = sorted({tuple(w) for w in wanted})
    for v in every:
        if v[1] < 1:
            raise ValueError("%d words at %d" % (v[1], v[0]))
        if not _is_brought(v, every):
            values.append(v)
    return values


def _is_brought(v, every):
    end = v[0] + v[1]
    for w in every:
        if w[0] > v[0]:
            return False
        if w[0] + w[1] >= end and w[2] <= v[2] and w != v:
            return True
    return False


def _reaches(values, longest, forbidden):
    """Return for each value the end (exclusive) of the longest run of values that one read may bring from there."""
    reaches = []
    for m in range(len(values)):
        first = end = values[m][0]
        j = m
        while j < len(values):
            end = max(end, values[j][0] + values[j][1])
            if end - first > longest or _touches(first, end, forbidden):
                break
            j += 1
        if j == m:
            raise ValueError("%d words at %d fit into no read" % (values[m][1], values[m][0]))
        reaches.append(j)
    return reaches


def _touches(first, end, forbidden):
    for address, words in forbidden:
        if address < end and address + words > first:
            return True
    return False
