"""Master of one RS485 line: one exchange at a time, urgent jobs first, then the one that is due longest.

The line is owned by `run()`; others hand in jobs. A steady-state exchange allocates nothing: jobs and buffers are made at
start, waiting is `sleep_ms`, the reply is checked where it lies and given to the job's `done`.
"""

import asyncio

import clock
from micropython import const
from modbus import rtu

_IDLE_MS = const(10)  # longest wait for a new urgent job
_POLL_MS = const(2)
_STILL_MS = const(30)  # no byte for so long: a frame may have ended early (exception) or never come whole
_GLITCHES = const(3)  # leading 0x00 or 0xFF that drivers make when they switch
_SILENT_AFTER = const(3)  # failures in a row that make a slave silent
_PROBE_FIRST_MS = const(500)
_PROBE_LAST_MS = const(10000)

# Places in Master.counts.
GOOD, TIMEOUTS, SHORTS, CRC_ERRORS, STRANGERS, EXCEPTIONS, ECHOES, GLITCHES = 0, 1, 2, 3, 4, 5, 6, 7
COUNT_NAMES = ("good", "silent", "short", "bad_crc", "wrong", "exception", "echo", "glitch")


class Slave:
    """What the master keeps to with one slave, and how it fared."""

    def __init__(self, unit, reply_ms, period_ms=0):
        """reply_ms: longest wait for the first byte; period_ms: least time between two requests, from the end
        of one to the start of the next, so that it holds however the slave counts."""
        self.unit = unit
        self.reply_ms = reply_ms
        self.period_ms = period_ms
        self.failures = 0  # in a row
        self.answered = False  # ever
        self.status = rtu.OK  # of the last exchange
        self.asked = False
        self.asked_at = 0

    def silent(self):
        """Return True after three failures in a row."""
        return self.failures >= _SILENT_AFTER

    def link(self):
        """Return "starting", "ok", "silent" or "noisy"."""
        if self.failures < _SILENT_AFTER:
            return "ok" if self.answered else "starting"
        return "silent" if self.status == rtu.SILENT else "noisy"

    def probe_ms(self):
        """Return the pause before a silent slave is asked again."""
        return min(_PROBE_FIRST_MS << min(self.failures - _SILENT_AFTER, 8), _PROBE_LAST_MS)


class Job:
    """One request that repeats (`every_ms` > 0) or waits to be asked for (`every_ms` = 0, see `ask`)."""

    def __init__(self, slave, function, address, count, done, every_ms=0, urgent=False):
        """done(job, status, buffer, at): status of rtu.check; at good reads the registers start at buffer[at]."""
        self.slave = slave
        self.function = function
        self.address = address
        self.count = count
        self.done = done
        self.every_ms = every_ms
        self.urgent = urgent
        self.words = None  # what a write writes
        self.active = every_ms > 0
        self.due_at = clock.ticks_ms()

    def ask(self, now):
        """Ask for one exchange as soon as the line is free."""
        self.active = True
        self.due_at = now

    def encode(self, out):
        """Put the request into out and return its length."""
        if self.function == rtu.WRITE_MANY:
            return rtu.write_many(out, self.slave.unit, self.address, self.words)
        return rtu.request(out, self.slave.unit, self.function, self.address, self.count)

    def settle(self, now):
        """Say when the job is due again after an exchange."""
        if not self.every_ms:
            self.active = False
            return
        pause_ms = self.slave.probe_ms() if self.slave.silent() else 0
        due_at = clock.ticks_add(self.due_at, self.every_ms)
        # No catching up: a job that fell behind starts anew from now.
        if clock.ticks_diff(due_at, now) < 0:
            due_at = now
        self.due_at = due_at if pause_ms < self.every_ms else clock.ticks_add(now, pause_ms)


class Master:
    """Runs jobs on a line (the board's rs485 object)."""

    def __init__(self, line, baud, parity):
        self._line = line
        self._character_us = rtu.character_us(baud, parity)
        # One tick more than t3.5, because a tick may have begun just before it was read.
        self._silence_ms = rtu.silence_us(baud, parity) // 1000 + 2
        self._sent = bytearray(rtu.LONGEST)
        self._frame = bytearray(rtu.LONGEST + _GLITCHES + 16)
        self._rest = bytearray(rtu.LONGEST)
        self._start = 0  # where the reply begins in _frame
        self._quiet_at = clock.ticks_ms()
        self.stopped = False  # set it, and run() ends after the exchange under way
        self.jobs = []
        self.counts = [0] * len(COUNT_NAMES)

    def add(self, job):
        """Take a job on and return it."""
        self.jobs.append(job)
        return job

    async def run(self, beat):
        """Own the line until `stopped` is set. An OSError of the line (adapter pulled out) goes to the caller."""
        diff, ticks = clock.ticks_diff, clock.ticks_ms
        while not self.stopped:
            beat()
            now = ticks()
            job = self._next(now)
            if job is None:
                await asyncio.sleep_ms(_IDLE_MS)
                continue
            gap_ms = self._silence_ms - diff(now, self._quiet_at)
            if gap_ms > 0:
                await asyncio.sleep_ms(gap_ms)
            self._drain()
            length = job.encode(self._sent)
            expected = rtu.reply_length(job.function, job.count)
            slave = job.slave
            slave.asked = True
            self._line.send(self._sent, length)
            # The frame has left: what must come takes `expected` characters, an exception five.
            sent_at = slave.asked_at = ticks()
            wait_ms = expected * self._character_us // 1000
            deadline_ms = slave.reply_ms + wait_ms
            await asyncio.sleep_ms(wait_ms)
            seen = have = 0
            still_at = ticks()
            status = rtu.SILENT
            while True:
                waiting = self._line.any()
                if waiting and (have + waiting >= expected or diff(ticks(), still_at) > _STILL_MS):
                    have = self._take(have, waiting)
                    waiting = 0
                    status = self._judge(job, length, have)
                    if status >= 0:
                        break
                    if status <= rtu.WRONG_UNIT:
                        # A whole frame, but not ours: a late answer. What we asked for may still come.
                        self.counts[STRANGERS] += 1
                        have = 0
                    # Otherwise the bytes stay: more may come and make the frame whole.
                if have + waiting != seen:
                    seen = have + waiting
                    still_at = ticks()
                if diff(ticks(), sent_at) > deadline_ms:
                    break
                await asyncio.sleep_ms(_POLL_MS)
            self._quiet_at = now = ticks()
            self._count(status)
            slave.status = status
            if status >= 0:
                slave.failures = 0
                slave.answered = True
            else:
                slave.failures = min(slave.failures + 1, 99)
            job.settle(now)
            job.done(job, status, self._frame, self._start + 3)

    def _next(self, now):
        """Return the job to run now, or None. Urgent ones first, then the one that is due longest."""
        diff = clock.ticks_diff
        best = None
        best_ms = -1
        for job in self.jobs:
            if not job.active:
                continue
            late_ms = diff(now, job.due_at)
            slave = job.slave
            if late_ms < 0 or (slave.asked and diff(now, slave.asked_at) <= slave.period_ms):
                continue
            if job.urgent:
                return job
            if late_ms > best_ms:
                best, best_ms = job, late_ms
        return best

    def _drain(self):
        """Throw away what nobody asked for: noise, or an answer that came too late."""
        while self._line.any():
            if not self._line.readinto(self._rest, len(self._rest)):
                break

    def _take(self, have, waiting):
        """Move the bytes that wait behind the first `have` of the frame; return the new count."""
        frame = self._frame
        if not have:
            return self._line.readinto(frame, min(waiting, len(frame)))
        rest = self._rest
        count = self._line.readinto(rest, min(waiting, len(rest), len(frame) - have))
        for i in range(count):
            frame[have + i] = rest[i]
        return have + count

    def _judge(self, job, sent_length, have):
        """Return rtu.check of the frame, without our own echo and the glitches before it."""
        frame, sent = self._frame, self._sent
        start = 0
        unit = job.slave.unit
        while start < min(have, _GLITCHES) and frame[start] in (0x00, 0xFF) and frame[start] != unit:
            start += 1
        glitches = start
        echo = have - start > sent_length and job.function != rtu.WRITE_ONE
        for i in range(sent_length if echo else 0):
            if frame[start + i] != sent[i]:
                echo = False
                break
        if echo:
            start += sent_length
            while start < have and frame[start] in (0x00, 0xFF) and frame[start] != unit:
                start += 1
        expected = rtu.reply_length(job.function, job.count)
        end = min(have, start + rtu.frame_length(frame, start, have, expected))
        status = rtu.check(frame, start, end, unit, job.function, job.count)
        self._start = start
        if status >= 0:
            self.counts[ECHOES] += echo
            self.counts[GLITCHES] += glitches > 0
        return status

    def _count(self, status):
        if status == rtu.OK:
            place = GOOD
        elif status > 0:
            place = EXCEPTIONS
        elif status == rtu.SILENT:
            place = TIMEOUTS
        elif status == rtu.SHORT:
            place = SHORTS
        elif status == rtu.BAD_CRC:
            place = CRC_ERRORS
        else:
            return  # a stranger was counted when it was seen
        self.counts[place] += 1
