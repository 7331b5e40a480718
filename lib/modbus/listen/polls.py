"""Who is asked for what on an overheard line, how often, and how fast it answers: a bounded table, learned.

A row is one request (unit, function, address, count). Masters carry no name on the wire, so two that ask the same are
one row with the sum of their rates. When the table is full, the row that was not asked for longest gives way.
"""

import array

import clock
from micropython import const

_YOUNG = const(4)  # answers, before the answer time counts as learned
_LATES = const(4)  # in a row; fewer may be answers to requests that were not heard
_SLACK_MS = const(60)  # what a busy reader adds to a stamp
_LONGEST_MS = const(30000)  # a think time or period beyond is not told apart
_LONGEST_WINDOW_MS = const(3000)
_FORGET_MS = const(600000)  # a row that was not asked for so long is given up


class Polls:
    """Rows by number; `size` of them at most."""

    def __init__(self, size):
        self.size = size
        self._unit = bytearray(size)
        self._function = bytearray(size)  # 0 = free
        self._address = array.array("H", bytes(2 * size))
        self._count = array.array("H", bytes(2 * size))
        self._at = array.array("i", bytes(4 * size))  # ticks of the last request
        self._period_ms = array.array("i", bytes(4 * size))  # 0 = not known yet
        self._think_ms = array.array("H", bytes(2 * size))
        self._asked = array.array("H", bytes(2 * size))
        self._answered = array.array("H", bytes(2 * size))
        self._late = bytearray(size)  # in a row

    def find(self, unit, function, address, count):
        """Return the number of a row, or -1."""
        # Few locals: a larger frame would live on the heap for the time of the call.
        for row in range(self.size):
            if self._address[row] == address and self._unit[row] == unit:
                if self._function[row] == function and self._count[row] == count:
                    return row
        return -1

    def asked(self, unit, function, address, count, at):
        """Note a request that ended at ticks `at`; return its row."""
        row = self.find(unit, function, address, count)
        if row < 0:
            row = self._free(at)
            self._unit[row] = unit
            self._function[row] = function
            self._address[row] = address
            self._count[row] = count
            self._period_ms[row] = self._think_ms[row] = self._asked[row] = self._answered[row] = self._late[row] = 0
        else:
            self._learn(row, min(max(clock.ticks_diff(at, self._at[row]), 1), _LONGEST_MS))
        self._at[row] = at
        self._asked[row] = min(self._asked[row] + 1, 0xFFFF)
        return row

    def answered(self, row, think_ms):
        """Note an answer that began think_ms after the request: a longer one counts at once, a shorter one slowly."""
        think_ms = min(max(think_ms, 0), _LONGEST_MS)
        known_ms = self._think_ms[row]
        if think_ms > known_ms:
            self._think_ms[row] = think_ms
        else:
            self._think_ms[row] = known_ms - (known_ms - think_ms + 7 >> 3)
        self._answered[row] = min(self._answered[row] + 1, 0xFFFF)
        self._late[row] = 0

    def late(self, row, think_ms):
        """Note an answer that came after the window: if it comes so time after time, the slave has slowed down."""
        self._late[row] += 1
        if self._late[row] == _LATES:
            self.answered(row, think_ms)

    def window_ms(self, row, young_ms):
        """Return how long after a request its answer may begin; at least young_ms until the slave's pace is learned."""
        learned_ms = min(2 * self._think_ms[row] + _SLACK_MS, _LONGEST_WINDOW_MS)
        return max(learned_ms, young_ms) if self._answered[row] < _YOUNG else learned_ms

    def alone(self, row):
        """Return True if no other row of the slave has answers of the same shape."""
        for other in range(self.size):
            if other != row and self._function[other] == self._function[row] and self._unit[other] == self._unit[row]:
                if self._count[other] == self._count[row]:
                    return False
        return True

    def period_ms(self, row):
        """Return how often a row is asked for, 0 = not known."""
        return self._period_ms[row]

    def key(self, row):
        """Return (unit, function, address, count) of a row, None if it is free. Allocates."""
        if not self._function[row]:
            return None
        return self._unit[row], self._function[row], self._address[row], self._count[row]

    def shown(self):
        """Return [(unit, function, address, count, period_ms, think_ms, requests, answers)], fastest first.

        Allocates.
        """
        found = []
        for row in range(self.size):
            key = self.key(row)
            if key:
                pace = (self._period_ms[row], self._think_ms[row], self._asked[row], self._answered[row])
                found.append(key + pace)
        return sorted(found, key=lambda row: (row[4] == 0, row[4], row[0], row[2]))

    def expire(self, now):
        """Give up rows that nobody asked for in ten minutes.

        To be called at least once a day, so that no stamp outlives the ticks.
        """
        for row in range(self.size):
            if self._function[row] and clock.ticks_diff(now, self._at[row]) > _FORGET_MS:
                self._function[row] = 0
                self._count[row] = 0

    def _learn(self, row, span_ms):
        # A lost request doubles a span and a retry shortens one: no single span moves the period by over a sixteenth.
        known_ms = self._period_ms[row]
        if not known_ms:
            self._period_ms[row] = span_ms
            return
        most_ms = (known_ms >> 4) + 1
        self._period_ms[row] = known_ms + min(max(span_ms - known_ms >> 2, -most_ms), most_ms)

    def _free(self, now):
        oldest, oldest_ms = 0, -1
        for row in range(self.size):
            if not self._function[row]:
                return row
            age_ms = clock.ticks_diff(now, self._at[row])
            if age_ms > oldest_ms:
                oldest, oldest_ms = row, age_ms
        return oldest
