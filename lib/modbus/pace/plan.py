"""Which registers go into which reads, so that the bus is busy for the least time; pure.

A read of n registers takes (13 + 2n) characters, twice t3.5 and the slave's think time. Reading over a hole costs two
characters a register, another request costs 13 characters and the pauses: where to split is found by dynamic
programming, so no other set of reads is cheaper. Each read is a run of neighbours in order of address; slow values may
ride in a faster read, and a slow read may run over fast values.

Cost: O(n^2) steps for n values of one rhythm, O(r n^3) for r rhythms; on an RP2040 17 ms and 3 kB of garbage for 14
values, 60 ms for 30, 170 ms for 24 in two rhythms. So plan at start and through planner.Planner, not per exchange.
"""

from modbus.pace import runs
from modbus.wire.timing import Timing, cycle_us, weight  # noqa: F401 (cycle_us is of this module too)


def reads(wanted, longest, timing=None, forbidden=()):
    """Return [(address, count)] with the least bus time that cover `wanted`, a list of (address, registers) in any order.

    longest: registers in one read; forbidden: (address, registers) that no read may touch. No value is torn between two
    reads. Raises ValueError if a value alone is too long or forbidden.
    """
    return [(a, n) for a, n, _ in schedule([(w[0], w[1], 0) for w in wanted], longest, timing, forbidden)]


def schedule(wanted, longest, timing=None, forbidden=()):
    """Return [(address, count, every_ms)] with the least share of bus time, fastest first; otherwise as `reads`.

    wanted: (address, registers, every_ms); every_ms is how often the value is due and the deadline of each repeat.
    Values that overlap values of another rhythm are covered too, but not always at the very least cost.
    """
    timing = timing or Timing()
    if len({w[2] for w in wanted}) < 2:
        return runs.schedule(wanted, longest, timing, forbidden)
    values = runs.ordered(wanted)
    return _Slices(values, runs.reaches(values, longest, forbidden), timing, longest).best()


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
        self._weights = [weight(every_ms, rhythms[0]) for every_ms in rhythms]
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
        best = row[j - 1 - i] if values[j - 1][2] > self._rhythms[k] else runs.NEVER
        self._begin = -1
        m = j - 1
        end = 0
        while m >= i and reaches[m] >= j:
            first, registers, _ = values[m]
            end = max(end, first + registers)
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
            found.append((self._values[m][0], runs.count(self._values, m, j), self._rhythms[q]))
            if q:
                self._unfold(q - 1, m, j, found)
            j = m
