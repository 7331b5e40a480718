"""A clock for the threads of one process, which stands still as long as any of them has something to do.

A device at the other end of a pseudo-terminal and the master that waits for it live by the same clock, and it moves only
when each of them waits and no byte is under way. So an answer is late if the device takes its time, never because the
machine has: however busy it is, the same things happen at the same times, and a minute of waiting passes at once.

Who needs no such clock has the usual one: CLOCK.thread(), CLOCK.sleep() and the rest do what `threading` and `time` do.
"""

import contextlib
import math
import select
import selectors
import termios
import threading
import time
from asyncio import SelectorEventLoop

import serial
from bridgectl import firmware
from patience import HANG_S

firmware.load()

import clock as boards_clock  # noqa: E402 (importable only now)

_TICKS = 1 << 30


def readable(*fds):
    """Return whether one of these descriptors has bytes, or is gone; what is on its way through a terminal comes first."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


class UsualClock:
    """The time of this machine."""

    def monotonic(self):
        return time.monotonic()

    def sleep(self, seconds):
        time.sleep(seconds)

    def thread(self, run):
        """Return a thread that runs, and lives by this clock."""
        made = threading.Thread(target=run, daemon=True)
        made.start()
        return made

    def away(self):
        """Return a context in which the caller waits for something that no clock brings."""
        return contextlib.nullcontext()

    def until_readable(self, *fds):
        """Wait for bytes."""
        select.select(fds, [], [])

    def loop(self):
        """Return an event loop of asyncio, for a thread of its own."""
        return SelectorEventLoop()


class OwnClock(UsualClock):
    """The clock that stands; the thread that makes it is the first that lives by it."""

    def __init__(self):
        self._now_s = 1.0
        self._changed = threading.Condition()
        self._busy = 1  # threads that have something to do
        self._waiting = []  # [until when in s, ready(), woken]

    def monotonic(self):
        return self._now_s

    def sleep(self, seconds):
        self.wait(seconds, lambda: False)

    def until_readable(self, *fds):
        self.wait(math.inf, lambda: readable(*fds))

    def wait(self, seconds, ready):
        """Wait until ready() or until so many seconds have passed."""
        mine = [self._now_s + max(seconds, 0), ready, False]
        with self._changed:
            self._waiting.append(mine)
            self._rest()
            assert self._changed.wait_for(lambda: mine[2], HANG_S), "nobody's clock moves"

    def thread(self, run):
        def living():
            try:
                run()
            finally:
                with self._changed:
                    self._rest()

        with self._changed:
            self._busy += 1
        return super().thread(living)

    @contextlib.contextmanager
    def away(self):
        with self._changed:
            self._rest()
        try:
            yield
        finally:
            with self._changed:
                self._busy += 1

    def loop(self):
        made = SelectorEventLoop(_Selector(self))
        made.time = self.monotonic
        return made

    def _rest(self):
        """Take the caller for one who has nothing to do; if nobody has, wake whoever can go on, or is due first."""
        self._busy -= 1
        if self._busy or not self._waiting:
            return
        woken = next((row for row in self._waiting if row[1]()), None)
        if woken is None:
            woken = min(self._waiting, key=lambda row: row[0])
            if woken[0] == math.inf:
                return  # it waits for somebody who is away
            self._now_s = max(self._now_s, woken[0])
        self._waiting.remove(woken)
        woken[2] = True
        self._busy += 1
        self._changed.notify_all()


class _Selector(selectors.SelectSelector):
    """What an event loop waits with."""

    def __init__(self, clock):
        super().__init__()
        self._clock = clock

    def select(self, timeout=None):
        found = super().select(0)
        if not found and timeout != 0:
            self._clock.wait(math.inf if timeout is None else timeout, lambda: bool(super(_Selector, self).select(0)))
            found = super().select(0)
        return found


class _Port(serial.Serial):
    """A port whose time-out passes on our clock."""

    def __init__(self, *arguments, timeout=None, **options):
        self._waits_s = timeout
        super().__init__(*arguments, timeout=0, **options)

    def read(self, size=1):
        if self._waits_s and self.is_open:
            CLOCK.wait(self._waits_s, lambda: readable(self.fd))
        return super().read(size)

    def reset_input_buffer(self):
        readable(self.fd)  # what is on its way goes too
        termios.tcflush(self.fd, termios.TCIFLUSH)


CLOCK = UsualClock()


def take_over(monkeypatch, *modules):
    """Let these modules, the ports of pyserial, simulated plants and the rigs of lines live by a clock that stands."""
    own = OwnClock()
    monkeypatch.setitem(globals(), "CLOCK", own)
    monkeypatch.setattr(serial, "Serial", _Port)
    monkeypatch.setattr(boards_clock, "ticks_ms", lambda: int(own.monotonic() * 1000) % _TICKS)
    for module in modules:
        monkeypatch.setattr(module, "time", own)
    return own
