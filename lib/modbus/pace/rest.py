"""How long one slave must be left alone before a request: found by trying, remembered, changed when it changes; pure.

Rests form a ladder from the floor to the ceiling. Two rungs bound the search: `bad` loses requests, `good` does not.
It begins at the ceiling (a slave that must not be hammered never is), goes down in big steps, then halves the gap.

What is done is the table _ACTIONS, which README.md prints: by the state of a rung and what was seen on it.

A loss is held against a rest only if the slave answers within two retries after a longer rest: silence of a dead
slave teaches nothing. What a rung loses is compared with what higher rungs lose, so noise, which no rest cures, raises
nothing for long. A rung that failed is tried again after 1, 4, 16, 64 minutes and so on up to a day; one on which the
slave never answered is given up after the second time, until the slave gives a sign of change: it was away, or its
think time is another.
Everything is integers and fixed arrays: nothing is allocated after the start.
"""

from array import array

import clock
from micropython import const

_STEP_NUMERATOR = const(19)  # rungs are 19/16 apart: the rest found is at most 19 % longer than needed
_STEP_DENOMINATOR = const(16)
_STRIDE = const(4)  # rungs; the first way down halves the rest each time
_LINGERS = const(16)  # answers after longer rests before a rung that is to be tried is passed over
_FARTHEST = const(12)  # rungs below a good one; an eighth of its rest
_FIRST_RETRY = const(16)  # rungs; 16 times the rest for the first retry
_SLACK_US = const(3000)  # a rest comes out so much longer than asked (ticks, other tasks)
_ENOUGH = const(2)  # answers in a row that make a rung good
_RUN = const(3)  # losses in a row on a good rung: the slave has changed
_RUN_NOISY = const(5)
_FULL = const(240)  # tries counted of a rung before both its counts are halved
_MUCH = const(3)  # a rung is bad if it loses more than three times as much as higher ones
_EVERY = const(8)  # of so many exchanges one finds out what higher rungs lose, when that is not known
_KNOWN = const(128)  # tries that say what higher rungs lose
_DEAD = const(3)  # silences in a row: the slave is not there
_CALM = const(16)  # answers in a row before a bad rung is tried again
_FIRST_MS = const(60000)
_DAY_MS = const(86400000)
_GIVEN_UP_MS = const(900000)  # a rest that never worked is not tried again after a longer pause than this

# The state of a rung, a column of the table.
_TRIED = const(0)  # below the good one
_OPEN = const(1)  # the good one, or above, with rungs open below it
_LEAST = const(2)  # the same with none
# What is seen on it, a row of the table.
_PASSED = const(0)  # answers in a row, enough for the state
_LONGER = const(3)  # answers after longer rests only
_WORSE = const(6)  # more losses than after longer rests
_CHANGED = const(9)  # losses in a row
_BACK = const(12)  # an answer after it was away
# What is done; see _act. Letters in a text, because a tuple of small integers takes four times the memory.
_STAY = const(0x2D)
_CLIMB = const(0x43)  # capitals: the rung is bad
_ANEW = const(0x4E)
_REFUSE = const(0x52)
_ACCEPT = const(0x61)
_JUDGE = const(0x6A)
_SKIP = const(0x73)
_TRY = const(0x74)
_WATCH = const(0x77)
_ACTIONS = (
    # _TRIED, _OPEN, _LEAST; l: the next rung between good and bad, where most others end too
    b"alt"  # _PASSED
    b"s--"  # _LONGER
    b"RCC"  # _WORSE
    b"RNN"  # _CHANGED
    b"jww"  # _BACK
)


class Rest:
    """The rest of one slave."""

    def __init__(self, floor_us, ceiling_us):
        """floor_us: t3.5 of the line, or what the model asks for. ceiling_us: more is never waited."""
        ladder = []
        step_us = floor_us
        while step_us * _STEP_NUMERATOR // _STEP_DENOMINATOR < ceiling_us:
            ladder.append(step_us)
            step_us = step_us * _STEP_NUMERATOR // _STEP_DENOMINATOR + 1
        ladder.append(max(floor_us, ceiling_us))
        self._ladder = array("I", ladder)
        self._top = len(ladder) - 1
        self._tries = bytearray(len(ladder))
        self._losses = bytearray(len(ladder))
        self._level = self._good = self._top
        self._bad = -1
        self._never = True  # no request was ever answered on the bad rung
        self._streak = 0  # answers in a row on this rung
        self._lingers = 0  # answers in a row after longer rests than this rung
        self._run = 0  # losses in a row on this rung
        self._climb = _STRIDE
        self._need = _ENOUGH  # answers in a row that make a rung good
        self._failures = 0  # silences in a row
        self._lost_level = -1  # rung of the first of them
        self._turn = 0
        self._heard = 0  # replies, and those of them that were broken
        self._broken = 0
        self._recheck_ms = _FIRST_MS
        self._recheck_at = 0
        self._sign_at = None

    def rest_us(self):
        """Return how long the slave is to be left alone before the next request."""
        level = self._level
        if self._failures == 1:
            level = min(level + _FIRST_RETRY, self._top)
        elif self._failures:
            level = self._top
        elif self._turn % _EVERY == 0:
            level = self._comparison()
        return self._ladder[level]

    def settled(self):
        """Return True if no shorter rest is being tried or about to be."""
        return self._state(self._level) == _LEAST

    def answered(self, rest_us, now):
        """Take an answer of the slave, an exception too. rest_us: the rest before its request, as it came out."""
        failures, self._failures = self._failures, 0
        self._hear(0)
        level = self._level
        if failures:
            # It is alive, so its silence counts against the rest before it, and against shorter ones.
            self._streak = 0
            if failures >= _DEAD:
                self._act(_BACK + self._state(level), level, now)
            else:
                self._judge(failures, now)
            return
        self._turn = (self._turn + 1) % (4 * _EVERY)
        proved = self._proved(rest_us)
        self._count(proved, 0)
        if proved <= max(level, self._lost_level):
            self._run = 0
        if proved > level:  # a long rest says nothing of shorter ones
            self._lingers += 1
            if self._lingers >= _LINGERS:
                self._act(_LONGER + self._state(level), level, now)
            return
        self._lingers = 0
        self._streak = min(self._streak + 1, _FULL)
        state = self._state(level)
        enough = _CALM if state == _LEAST else self._need
        if state == _TRIED:
            enough += min(2 * self._losses[level], 6)
        if self._streak >= enough:
            self._act(_PASSED + state, level, now)

    def lost(self, rest_us):
        """Take the silence after a request."""
        self._failures = min(self._failures + 1, 99)
        if self._failures == 1:
            self._lost_level = self._disproved(rest_us)

    def broken(self):
        """Take a reply that noise has broken: its share is about what noise takes of the requests."""
        self._hear(1)

    def changed(self, now):
        """Take a sign that the slave is not what it was, at most one a day: a rung given up may be tried once more."""
        if self._sign_at is not None and 0 <= clock.ticks_diff(now, self._sign_at) < _DAY_MS:
            return
        self._sign_at = now
        self._recheck_ms = min(self._recheck_ms, 4 * _FIRST_MS)
        self._plan_recheck(now, self._never)

    def _act(self, seen, level, now):
        """Do what the table says. seen: row and column, of a rung."""
        action = _ACTIONS[seen]
        if action == _TRY:  # the bad rung; what is remembered of it makes one loss enough to leave it, mostly
            given_up = self._never and self._recheck_ms > _GIVEN_UP_MS
            if self._bad >= 0 and not given_up and clock.ticks_diff(now, self._recheck_at) >= 0:
                self._recheck_ms = min(4 * self._recheck_ms, _DAY_MS)
                self._plan_recheck(now, self._never)
                self._move(self._bad)
        elif action == _SKIP:  # the traffic never leaves the very rest that is to be tried: downwards, though not far
            self._lingers = 0
            lowest = max(self._bad + 1, self._good - _FARTHEST)
            if level > lowest:
                self._move(max(level - _STRIDE, lowest))
        elif action == _JUDGE:  # it went while a rest was tried: it may be one that restarts when it is hurried
            self._judge(0, now)
        elif action == _WATCH:  # another slave may have come back
            self._recheck_ms = _FIRST_MS
            self._plan_recheck(now, self._never)
        elif action != _STAY:
            if action <= _REFUSE:
                never = True
                for k in range(level + 1):
                    never = never and self._tries[k] == self._losses[k]
                self._bad = level
                self._plan_recheck(now, never)
            if action == _ACCEPT:
                self._good = level
                if level <= self._bad:  # a rung that was bad has passed: what lies below is open again
                    self._bad = -1
                    self._need = _ENOUGH
            elif action == _REFUSE:
                self._climb = _STRIDE
            elif action == _CLIMB:  # it loses now and then: wait at a longer one until that would have shown
                self._good = min(level + self._climb, self._top)
                self._climb = min(2 * self._climb, self._top)
                self._need = min(3 * self._tries[level] // self._losses[level], _FULL)
            elif action == _ANEW:  # it answered here and now it does not: begin again at the ceiling
                self._good = self._top
                self._need = _ENOUGH
                self._recheck_ms = _FIRST_MS
            self._move(self._good if action < _REFUSE else self._between())

    def _state(self, level):
        """Return the state of a rung."""
        if level < self._good:
            return _TRIED
        return _OPEN if self._good - self._bad > 1 else _LEAST

    def _judge(self, in_row, now):
        """Count a loss against the rung of its rest; in_row: how many that is of losses in a row."""
        level = self._lost_level
        self._count(level, 1)
        if level < self._level:
            return
        self._run += in_row
        if level == self._top:
            return  # no longer rest can help
        noisy = 32 * self._losses[level] > self._tries[level] > _KNOWN // 2 or 32 * self._broken > self._heard
        if self._run >= (_RUN_NOISY if noisy else _RUN):
            self._act(_CHANGED + self._state(level), level, now)
        elif self._losses[level] >= 2 and self._is_worse(level):
            self._act(_WORSE + self._state(level), level, now)

    def _between(self):
        """Return the rung to try next, or the good one if there is none between good and bad."""
        if self._good - self._bad <= 1:
            return self._good
        return max(self._good - _STRIDE, 0) if self._bad < 0 else (self._good + self._bad) // 2

    def _move(self, level):
        self._level = level
        self._streak = self._run = 0

    def _plan_recheck(self, now, never):
        self._never = never
        self._recheck_at = clock.ticks_add(now, self._recheck_ms)

    def _comparison(self):
        """Return the rung of an exchange that shows whether requests are lost less after longer rests; mostly the own.

        First sixteen times the rest is tried; if that helps nothing, the ceiling, and four times as seldom.
        """
        level = self._level
        # As many replies are broken as requests get lost: that is noise, and there is nothing to find out.
        noise = self._losses[level] * self._heard <= self._broken * self._tries[level]
        if noise or self._losses[level] < 3 or not self.settled():
            return level
        known = 0
        for k in range(min(level + _FIRST_RETRY // 2, self._top), self._top + 1):
            known += self._tries[k]
        if known < _KNOWN:
            return min(level + _FIRST_RETRY, self._top)
        return self._top if self._turn == 0 and self._tries[self._top] < _KNOWN else level

    def _is_worse(self, level):
        """Return True if a rung loses much more than all rungs from some higher one on."""
        tries, losses = 8, 2  # as if something had been seen already: no verdict from nothing
        for k in range(self._top, level, -1):
            tries += self._tries[k]
            losses += self._losses[k]
            if self._losses[level] * tries > _MUCH * losses * self._tries[level]:
                return True
        return False

    def _hear(self, broken):
        if self._heard >= _FULL:
            self._heard //= 2
            self._broken //= 2
        self._heard += 1
        self._broken += broken

    def _count(self, level, lost):
        if self._tries[level] >= _FULL:
            self._tries[level] //= 2
            self._losses[level] //= 2
        self._tries[level] += 1
        self._losses[level] += lost

    def _proved(self, rest_us):
        """Return the lowest rung that an answer after this rest speaks for."""
        level = 0
        while level < self._top and self._ladder[level] * 17 // 16 + _SLACK_US < rest_us:
            level += 1
        return level

    def _disproved(self, rest_us):
        """Return the highest rung that a silence after this rest speaks against."""
        level = self._top
        while level > 0 and self._ladder[level] > rest_us:
            level -= 1
        return level
