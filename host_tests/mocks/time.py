"""A clock that tests move by hand: stands in for the built-in module, for the firmware and for asyncio alike.

It starts ten minutes ahead of the real tick, because asyncio's task queue (C code) stamps new tasks with the real clock:
such a stamp must lie in the past, so that the task is due at once. It may run ahead of the real clock by less than 6.2
days, half the period of the ticks.
"""

from utime import *  # noqa: F403
from utime import ticks_add, ticks_diff  # noqa: F401
from utime import ticks_ms as _real_ms

_start = ticks_add(_real_ms(), 600000)
_passed_us = 0
_kept_us = 0  # of it, with the processor kept by whoever waited
_watchers = []


def ticks_ms():
    return ticks_add(_start, _passed_us // 1000)


def ticks_us():
    return ticks_add(0, _passed_us)


def ticks_cpu():
    return ticks_us()


def pass_us(us):
    """Move the clock; everything that watches it is told."""
    global _passed_us
    _passed_us += us
    for watcher in _watchers:
        watcher()


def pass_ms(ms):
    pass_us(ms * 1000)


def passed_ms():
    """Return the virtual time since the start, without wrap."""
    return _passed_us // 1000


def passed_us():
    """Return the same in microseconds."""
    return _passed_us


def watch(watcher):
    """Call watcher() after each movement of the clock."""
    _watchers.append(watcher)


def sleep_ms(ms):
    pass_ms(ms)


def sleep_us(us):
    global _kept_us
    _kept_us += us
    pass_us(us)


def kept_us():
    """Return the virtual time that was waited through without letting anybody else run, by sleep_us()."""
    return _kept_us


def sleep(s):
    pass_us(int(s * 1000000))
