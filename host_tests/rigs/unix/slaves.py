"""Slaves that are hard to pace, and a line in virtual time on which a `Pacing` has to get along with them."""

import clock
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import rtu

CHARACTER_US = 1041  # 9600 8N1
SILENCE_US = 3644


class Chance:
    """Random numbers that are the same on every interpreter."""

    def __init__(self, seed=1):
        self._state = seed * 7919 + 1

    def below(self, n):
        """Return a number from 0 to n - 1."""
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) * n >> 23


class Meter:
    """A slave; its attributes may be changed while it runs."""

    def __init__(self, think_us, need_us=0):
        self.think_us = think_us
        self.jitter_us = 0
        self.need_us = need_us  # quiet without which a request is lost
        self.after_requests = False  # the quiet counts from lost requests too, not only from answers
        self.loses_pct = 100  # of the requests that come too early
        self.deaf_pct = 0  # of the requests are lost whatever the rest
        self.hurt_s = 0  # a request that comes too early makes it restart, for so long
        self.slow_every = 0  # each so manieth answer takes slow_us instead
        self.slow_us = 0
        self.dead = False
        self.answers = 0
        self.hurried = 0  # requests lost because they came too early
        self.quiet_from_us = -10000000
        self.up_at_us = -10000000

    def hear(self, start_us, end_us, chance):
        """Return the think time of the answer to a request that was on the line so long, or None if it is lost."""
        if self.dead or start_us < self.up_at_us or (self.deaf_pct and chance.below(100) < self.deaf_pct):
            return None
        rested_us = start_us - self.quiet_from_us
        if self.after_requests:
            self.quiet_from_us = end_us
        if rested_us < self.need_us and chance.below(100) < self.loses_pct:
            self.up_at_us = end_us + 1000000 * self.hurt_s
            self.hurried += 1
            return None
        self.answers += 1
        if self.slow_every and self.answers % self.slow_every == 0:
            return self.slow_us
        return self.think_us + (chance.below(self.jitter_us) if self.jitter_us else 0)


class Line:
    """Exchanges with one meter, paced by `pacing`; counts what was lost and why."""

    def __init__(self, meter, pacing, errors_ppm=0, seed=1):
        self.meter = meter
        self.pacing = pacing
        self.errors_ppm = errors_ppm
        self.chance = Chance(seed)
        self.start = 0  # ticks at now_us = 0
        self.now_us = 0
        self.quiet_from_us = -1000000  # last character on the line
        self.tick_us = 1000  # the master sleeps and measures in these
        self.natural_us = 0  # time that other work puts between two exchanges
        self.exchanges = self.answers = 0
        self.induced = 0  # lost for want of rest
        self.impatient = 0  # the answer came after the time-out
        self.noisy = 0  # broken by noise
        self.last_induced_us = 0

    def _breaks(self, characters):
        for _ in range(characters if self.errors_ppm else 0):
            if self.chance.below(1000000) < self.errors_ppm:
                return True
        return False

    def _ticks(self, us):
        return -(-us // self.tick_us) * self.tick_us

    def exchange(self, count=10):
        """Do one read of `count` registers; return rtu's status."""
        pacing, meter = self.pacing, self.meter
        characters = 13 + 2 * count
        gap_us = max(pacing.rest_us(), self.natural_us)
        start_us = max(self.now_us, self.quiet_from_us + self._ticks(gap_us))
        rest_us = start_us - self.quiet_from_us
        timeout_us = 1000 * pacing.timeout_ms()
        end_us = start_us + 8 * CHARACTER_US
        broken = self._breaks(8)
        hurried = meter.hurried
        think_us = None if broken else meter.hear(start_us, end_us, self.chance)
        self.exchanges += 1
        self.quiet_from_us = end_us
        self.now_us = end_us + timeout_us
        status = rtu.SILENT
        if think_us is None:
            self.noisy += broken
            if meter.hurried > hurried:
                self.induced += 1
                self.last_induced_us = self.now_us
        else:
            first_us = end_us + SILENCE_US + think_us
            last_us = first_us + (characters - 8) * CHARACTER_US
            meter.quiet_from_us = self.quiet_from_us = last_us
            if first_us > self.now_us:
                self.impatient += 1
                self.now_us = last_us
            else:
                self.now_us = last_us
                status = rtu.OK
                if self._breaks(characters - 8):
                    self.noisy += 1
                    status = rtu.BAD_CRC
                else:
                    self.answers += 1
        think_us = 0 if think_us is None else self._ticks(think_us)
        pacing.observe(
            status, think_us, min(rest_us, 1 << 29), clock.ticks_add(self.start, self.now_us // 1000), characters
        )
        return status

    def run(self, seconds, count=10):
        """Exchange for so long; return (exchanges, answers, induced, impatient) of this time."""
        before = (self.exchanges, self.answers, self.induced, self.impatient)
        end_us = self.now_us + seconds * 1000000
        while self.now_us < end_us:
            self.exchange(count)
        now = (self.exchanges, self.answers, self.induced, self.impatient)
        return tuple([b - a for a, b in zip(before, now)])


def slave(unit):
    """Return what a master knows of a slave at 9600 8N1 before it has asked it anything; no setting."""
    return Slave(unit, Pacing(SILENCE_US))


def paced(meter, errors_ppm=0, seed=1):
    """Return a line whose pacing knows nothing yet and has no setting."""
    return Line(meter, Pacing(SILENCE_US), errors_ppm, seed)


def efficiency(run, think_us, seconds, count=10):
    """Return the share of the wire's limit, as the formula of plan.Timing sets it, in %."""
    limit_us = (13 + 2 * count) * CHARACTER_US + 2 * SILENCE_US + think_us
    return 100 * run.run(seconds, count)[1] * limit_us // (seconds * 1000000)
