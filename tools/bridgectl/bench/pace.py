"""Polls a slave as the firmware does, with its planner and its pacing, and keeps what they find out.

    request   t3.5 think  reply          rest          request
    ########_t3.5_think____################____________########

Think times are taken from when the PC sees a reply's last byte, so what an adapter holds back counts as think time.
"""

import dataclasses
import statistics
import time
from array import array
from collections import deque

import clock
from modbus.pace.pacing import Pacing
from modbus.pace.planner import Planner
from modbus.wire import rtu
from modbus.wire.timing import Timing

from bridgectl.bench import target as targets

CEILING_US = 1000000  # longest rest that is ever kept
_MOST_US = 1 << 29  # that Pacing takes
_TRIES = 3
_PROBES = 2  # of one length
_HOPELESS = 5  # requests of which none was answered
_GONE = 3  # silences in a row
_CONSIDER_S = 1
_LATE_S = 1  # after a request without a reply: it may come yet
_STILL_S = 0.05
_BROKEN = (rtu.SHORT, rtu.BAD_CRC)
_HASTE = 0.7  # of the time that a reply's characters take at least; no clock is so wrong
_ASKED = 16  # rests whose median is shown


@dataclasses.dataclass
class Tally:
    """How the exchanges went. Lost: silent, broken (short, bad CRC) or wrong (of another slave or request)."""

    requests: int = 0
    answers: int = 0  # good ones
    refused: int = 0  # answered with an exception
    silent: int = 0
    broken: int = 0
    wrong: int = 0
    late: int = 0  # times that bytes came after the time-out
    lost_learning: int = 0  # of the lost: before the pace was known
    lost_after: int = 0
    echoes: int = 0
    glitches: int = 0
    hasty: int = 0  # replies that were there before a wire could have carried them

    @property
    def lost(self):
        """Requests without a usable reply."""
        return self.silent + self.broken + self.wrong


class Pace:
    """One measurement over an open Line. `pacing`, `planner` and `tally` may be looked at any time."""

    def __init__(self, line, target):
        self.target = target
        self.tally = Tally()
        self.refusal = 0  # exception code of the last refusal
        self.failure = rtu.SILENT  # status of the last lost reply
        self.thinks_us = array("I")
        self.learned_s = None  # when the pace was known first
        self.probed = None  # registers of the longest read that was answered right; 0 = none, None = not probed
        self.cycles_s = []  # of the plan in force, since the pace is known
        self._line = line
        character_us = rtu.character_us(line.baud, line.parity)
        silence_us = rtu.silence_us(line.baud, line.parity)
        self.floor_us = target.floor_us(silence_us)
        self.pacing = Pacing(self.floor_us, CEILING_US)
        self._timing = Timing(character_us, silence_us)
        self.planner = self._planned()
        self._rests_us = deque(maxlen=_ASKED)
        self._quiet_at = time.monotonic()
        self._answered_at = self._started_at = self._quiet_at
        self._considered_at = self._quiet_at
        self._ended_at = self._quiet_at
        self._listened_s = 0  # to late replies, beyond the rest: the bridge does not spend that
        self._failures = 0  # in a row

    def run(self, seconds, told=lambda: None):
        """Poll for so long, or until it is clear that nobody is there; told is called after each exchange."""
        self._started_at = self._considered_at = self._answered_at = time.monotonic()
        until = self._started_at + seconds
        while time.monotonic() < until and not self.hopeless():
            begun_at = time.monotonic() - self._listened_s
            whole = True
            for address, count, _ in self.planner.reads:
                whole = self._read(address, count, told) and whole
                if time.monotonic() > until or self.hopeless():
                    break
            else:
                if whole:
                    self.cycles_s.append(time.monotonic() - self._listened_s - begun_at)
            self._settle()

    def hopeless(self):
        """Return True if nobody answers."""
        tally = self.tally
        return tally.requests >= _HOPELESS and not tally.answers and not tally.refused

    def gone_s(self):
        """Return for how long the slave has not answered at the end, 0 if it does."""
        return time.monotonic() - self._answered_at if self._failures >= _GONE else 0

    def lasted_s(self):
        """Return the time since run() began."""
        return time.monotonic() - self._started_at

    def rest_us(self):
        """Return the rest that is kept usually; single longer ones are repeats after a loss, or comparisons."""
        return statistics.median_low(self._rests_us) if self._rests_us else self.pacing.rest_us()

    def timing(self):
        """Return Timing with what was measured."""
        pacing, first = self.pacing, self._timing
        return Timing(
            first.character_us, first.silence_us, pacing.think_us(), self.rest_us(), pacing.errors_ppm(),
            1000 * pacing.timeout_ms(),
        )  # fmt: skip

    def probe_longest(self, told=lambda: None):
        """Find the longest read that is answered right, at most 125 registers, and plan with it. Each length once."""
        target = self.target
        address, words = target.wanted[0]
        step = target.step
        good, bad = 0, min(targets.LONGEST, (1 << 16) - address) // step + 1
        guesses = [words // step, target.longest // step, bad - 1]
        while bad - good > 1:
            n = guesses.pop(0) if guesses else (good + bad) // 2
            if not good < n < bad:
                continue
            status = self._probe(address, n * step)
            told()
            if status == rtu.OK:
                good = n
            elif status < 0 and not (good and self._read(address, words, told)):
                break  # it is gone: more lengths would only say so again
            else:
                bad = n
        self.probed = good * step
        if self.probed >= max(w for _, w in target.wanted):
            target.longest = self.probed
            self.planner = self._planned()

    def _planned(self):
        target = self.target
        wanted = [(address, words, 0) for address, words in target.wanted]
        return Planner(lambda: wanted, target.longest, self._timing, target.forbidden)

    def _probe(self, address, count):
        """Return the status of a read that the slave may not know; its silence teaches nothing about its pace."""
        for _ in range(_PROBES):
            self._keep_quiet(self.pacing.rest_us())
            exchange = self._ask(address, count, self._limit_s())
            if exchange.status >= 0:
                break
        return exchange.status

    def _read(self, address, count, told):
        """Return True if a read was answered right, at the first or a later try."""
        for _ in range(_TRIES):
            status = self._exchange(address, count)
            told()
            if status >= 0 or self.hopeless():
                return status == rtu.OK
        return False

    def _exchange(self, address, count):
        """Return the status of one exchange in the pace that is learned, and let it learn."""
        pacing, tally = self.pacing, self.tally
        rest_us = pacing.rest_us()
        if not self._failures:
            self._rests_us.append(rest_us)
        self._keep_quiet(rest_us)
        rested_us = min(int((time.monotonic() - self._quiet_at) * 1e6), _MOST_US)
        exchange = self._ask(address, count, self._limit_s())
        status, length = exchange.status, len(exchange.frame)
        timing = self._timing
        think_us = max(0, int(1000 * exchange.elapsed_ms) - timing.silence_us - length * timing.character_us)
        pacing.observe(status, min(think_us, _MOST_US), rested_us, clock.ticks_ms(), 8 + length)
        tally.requests += 1
        tally.echoes += exchange.echo
        tally.glitches += exchange.glitches > 0
        if status >= 0:
            self._failures = 0
            self._answered_at = time.monotonic()
            self.thinks_us.append(min(think_us, _MOST_US))
            tally.answers += status == rtu.OK
            tally.hasty += 1000 * exchange.elapsed_ms < _HASTE * length * timing.character_us
            tally.refused += status > 0
            self.refusal = status or self.refusal
        else:
            self._count_loss(status)
        return status

    def _count_loss(self, status):
        tally = self.tally
        self._failures += 1
        self.failure = status
        tally.silent += status == rtu.SILENT
        tally.broken += status in _BROKEN
        tally.wrong += status < rtu.BAD_CRC
        tally.lost_learning += self.learned_s is None
        tally.lost_after += self.learned_s is not None

    def _ask(self, address, count, wait_s):
        request = bytearray(8)
        rtu.request(request, self.target.unit, self.target.function, address, count)
        sent_at = time.monotonic()
        exchange = self._line.exchange(bytes(request), count, wait_s)
        # Of a silence the quiet counts from our own request.
        asked_s = len(request) * self._line.character_s()
        self._ended_at = time.monotonic()
        self._quiet_at = self._ended_at if exchange.raw else sent_at + asked_s
        return exchange

    def _limit_s(self):
        return self.pacing.timeout_ms() / 1000 + self._timing.silence_us / 1e6

    def _keep_quiet(self, rest_us):
        """Leave the slave alone for its rest; after a loss first find out whether the reply is only late."""
        if self._failures and self.failure not in _BROKEN:
            self._await_late(rest_us)
        pause_s = self._quiet_at + rest_us / 1e6 - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)

    def _await_late(self, rest_us):
        """Listen until the lost reply cannot come any more: in the next exchange it would be taken for another one."""
        until = self._quiet_at + _LATE_S
        heard = False
        while time.monotonic() < until:
            came = self._line.listen(_STILL_S)
            heard = heard or bool(came)
            if heard and not came:
                break
        if heard:
            self.tally.late += 1
            self._quiet_at = time.monotonic() - _STILL_S
            self.pacing.observe(rtu.WRONG_UNIT, 0, 0, clock.ticks_ms())
        self._listened_s += max(0, time.monotonic() - max(self._ended_at, self._quiet_at + rest_us / 1e6))

    def _settle(self):
        """Note when the pace is known, and let the planner look at it now and then."""
        now = time.monotonic()
        pacing = self.pacing
        if self.learned_s is None and not pacing.snapshot()["learning"]:
            self.learned_s = now - self._started_at
            self.cycles_s.clear()
            self._rests_us.clear()
        if now - self._considered_at < _CONSIDER_S:
            return
        self._considered_at = now
        rest_us = self.rest_us()
        if self.planner.consider(pacing.think_us(), rest_us, pacing.errors_ppm(), clock.ticks_ms()):
            self.cycles_s.clear()
