"""The pace of one slave, learned from its answers: think time, rest between requests, reply time-out; pure.

The master tells `observe` how each exchange ended and asks before the next one. Nothing here is a setting: a slave that
answers in 5 ms is asked again after t3.5, one that needs 600 ms of rest gets them.

    request   t3.5 think  reply          rest          request
    ########_t3.5_think____################______________########
                  |<think>|               |<- rest_us ->|
            |<- timeout_ms .............

What holds, as long as the slave keeps its ways, and what does not:
- An answer no slower than the slowest of the 1400 before it is never missed (a memory that fades slowly).
- After a silence the whole ceiling is waited once, so a slave that became slow costs one lost exchange, not a series.
- A dead slave teaches neither rest nor time-out.
- A slave that loses each request after too short a rest costs some losses while that is found (rest.py), then none.
- Losses that no rest cures are not paid for with rest for long, but cannot be avoided either.
- A slave that needs more rest than the ceiling is beyond help.
Nothing is allocated after the start.
"""

from array import array

from micropython import const
from modbus.pace.rest import Rest
from modbus.wire import rtu

_WINDOW = const(32)  # answers
_FADE = const(11)  # the slowest answer loses 1/2048 with each later one
_MARGIN_US = const(50000)  # the PC's USB adapter or a garbage collection may delay what we see by so much
_PATIENCE = const(1000)  # exchanges that wait for long after a silence: perhaps the slave is slow now and then
_CREDIT = const(4)  # waits in vain before a silence is taken for a loss
_CREDIT_BACK = const(1000)  # exchanges
_CHARACTERS_FULL = const(65536)  # counted before both counts of broken frames are halved
_BROKEN = (rtu.SHORT, rtu.BAD_CRC)


class Pacing:
    """What is known of one slave's pace. Times in us unless named otherwise."""

    def __init__(self, floor_us, ceiling_us=1000000, least_ms=100, most_ms=1000):
        """floor_us, ceiling_us: bounds of the rest (floor: t3.5, or what the model asks for, if longer).
        least_ms, most_ms: bounds of the time-out."""
        self._rest = Rest(floor_us, ceiling_us)
        self._least_ms = least_ms
        self._most_ms = most_ms
        self._recent = array("I", (0 for _ in range(_WINDOW)))  # in order of time, a ring
        self._sorted = array("I", (0 for _ in range(_WINDOW)))
        self._have = 0
        self._next = 0
        self._peak_us = 0  # slowest answer, fading
        self._usual_us = 0  # median when the ring was last full
        self._failures = 0  # silences in a row
        self._patience = 0  # exchanges left that wait to the ceiling
        self._credit = _CREDIT
        self._credit_count = 0
        self._characters = 0
        self._broken = 0

    def observe(self, status, think_us, rest_us, now, characters=0):
        """Take how one exchange ended. Times under 2^29 us.

        status: of rtu.check; rtu.SILENT if nothing came. think_us: from t3.5 after the request's last stop bit to the
        reply's first start bit; ignored unless a reply came. rest_us: quiet before the request, since the last
        character to or from this slave. characters: of request and reply, for the error rate.
        """
        self._characters += characters
        if status >= rtu.OK:
            self._answered(think_us, now)
            self._rest.answered(rest_us, now)
        elif status == rtu.SILENT:
            if self._failures == 0 and self._have:
                if self._patience and self._credit:
                    self._credit -= 1
                self._patience = _PATIENCE
            self._failures = min(self._failures + 1, 99)
            self._rest.lost(rest_us)
        elif status in _BROKEN:
            self._broken += 1
            self._rest.broken()
        else:
            self._patience = _PATIENCE  # an answer to an earlier request: it may have come too late
        if self._characters >= _CHARACTERS_FULL:
            self._characters //= 2
            self._broken //= 2

    def rest_us(self):
        """Return the quiet to keep before the next request, in us."""
        return self._rest.rest_us()

    def think_us(self):
        """Return the usual think time in us (median of the last 32 answers), 0 while nothing is known."""
        return self._sorted[self._have // 2] if self._have else 0

    def timeout_ms(self):
        """Return how long to wait for the first character of the reply, in ms."""
        if self._have == 0 or self._failures or (self._patience and self._credit):
            return self._most_ms
        return self._learned_ms()

    def errors_ppm(self):
        """Return how many characters per million break, as far as replies with a bad check show it."""
        if self._broken < 2 or self._characters < 1000:
            return 0
        return self._broken * 1000 // (self._characters // 1000)

    def snapshot(self):
        """Return what is known for show: {"think_ms", "rest_ms", "timeout_ms", "errors_ppm", "learning"}."""
        return {
            "think_ms": (self.think_us() + 500) // 1000,
            "rest_ms": (self.rest_us() + 500) // 1000,
            "timeout_ms": self.timeout_ms(),
            "errors_ppm": self.errors_ppm(),
            "learning": self._have < _WINDOW or not self._rest.settled(),
        }

    def _learned_ms(self):
        wait_us = max(2 * self._peak_us, 4 * self.think_us()) + _MARGIN_US
        return min(max(wait_us // 1000 + 1, self._least_ms), self._most_ms)

    def _answered(self, think_us, now):
        if self._failures >= 3:
            # It was away, not slow, and another one may have come back; the slowest answer is not forgotten.
            self._have = self._next = self._usual_us = self._patience = 0
        self._failures = 0
        if self._have and think_us > 1000 * self._learned_ms():
            self._credit = _CREDIT  # waiting was right
        self._patience = max(0, self._patience - 1)
        self._credit_count += 1
        if self._credit_count >= _CREDIT_BACK:
            self._credit_count = 0
            self._credit = min(self._credit + 1, _CREDIT)
        self._peak_us = max(think_us, self._peak_us - (self._peak_us >> _FADE))
        self._put(think_us)
        if self._next == 0 and self._have == _WINDOW:
            median_us = self.think_us()
            if self._usual_us and not self._usual_us // 2 <= median_us <= 2 * self._usual_us:
                self._rest.changed(now)
            self._usual_us = median_us

    def _put(self, think_us):
        """Put an answer's delay into the ring and into the sorted window, in the place of the oldest."""
        ranks = self._sorted
        if self._have < _WINDOW:
            i = self._have
            self._have += 1
        else:
            old_us = self._recent[self._next]
            i = 0
            while ranks[i] != old_us:
                i += 1
        self._recent[self._next] = think_us
        self._next = (self._next + 1) % _WINDOW
        while i > 0 and ranks[i - 1] > think_us:
            ranks[i] = ranks[i - 1]
            i -= 1
        while i + 1 < self._have and ranks[i + 1] < think_us:
            ranks[i] = ranks[i + 1]
            i += 1
        ranks[i] = think_us
