"""Which neighbours come in one read, where all are due equally often: least bus time by dynamic programming; pure.

In order of address, the cheapest way to bring the first j values ends in one read of the values m..j-1, behind the
cheapest way to bring the first m. O(n^2) steps for n values and 8 bytes for each; plan.py does the same for several
rhythms, and asks this where there is only one.
"""

from array import array

from micropython import const

NEVER = const(0x3FFFFFFF)  # more than any cost in us, and still a small integer


def schedule(wanted, longest, timing, forbidden=()):
    """Return [(address, count, every_ms)] in order of address, as plan.schedule does, for values of one rhythm."""
    values = ordered(wanted)
    ends = reaches(values, longest, forbidden)
    n = len(values)
    costs = array("i", [0] * (n + 1))  # of the first j values
    begins = array("H", [0] * (n + 1))  # of the last read among them
    for j in range(1, n + 1):
        least, end, m = NEVER, 0, j - 1
        while m >= 0 and ends[m] >= j:
            first, registers, _ = values[m]
            end = max(end, first + registers)
            cost = costs[m] + timing.read_us(end - first)
            if cost < least:
                least = cost
                begins[j] = m
            m -= 1
        costs[j] = least
    found = []
    while n:
        m = begins[n]
        first, _, every_ms = values[m]
        found.append((first, count(values, m, n), every_ms))
        n = m
    found.reverse()
    return found


def count(values, m, j):
    """Return how many registers a read of the values m..j-1 has."""
    end = 0
    for i in range(m, j):
        end = max(end, values[i][0] + values[i][1])
    return end - values[m][0]


def ordered(wanted):
    """Return the values by address, without those that another one brings. Raises ValueError for one of no register."""
    values = []
    every = sorted({tuple(w) for w in wanted})
    for v in every:
        if v[1] < 1:
            raise ValueError("%d registers at %d" % (v[1], v[0]))
        if not _is_brought(v, every):
            values.append(v)
    return values


def reaches(values, longest, forbidden):
    """Return for each value the end (exclusive) of the longest run of values that one read may bring from there.

    Raises ValueError if a value alone is too long or forbidden."""
    found = []
    for m in range(len(values)):
        first = end = values[m][0]
        j = m
        while j < len(values):
            end = max(end, values[j][0] + values[j][1])
            if end - first > longest or _touches(first, end, forbidden):
                break
            j += 1
        if j == m:
            raise ValueError("%d registers at %d fit into no read" % (values[m][1], values[m][0]))
        found.append(j)
    return found


def _is_brought(v, every):
    end = v[0] + v[1]
    for w in every:
        if w[0] > v[0]:
            return False
        if w[0] + w[1] >= end and w[2] <= v[2] and w != v:
            return True
    return False


def _touches(first, end, forbidden):
    for address, registers in forbidden:
        if address < end and address + registers > first:
            return True
    return False
