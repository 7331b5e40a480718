"""Time that passes only when somebody sleeps, so that hours of a protocol take seconds.

install() must come before the first import of what takes time from `clock`.
"""

import asyncio

import clock

_PERIOD = 1 << 30  # of the chips' ticks
_passed_us = 1000 * (_PERIOD - 100000)  # soon the ticks go round


def install():
    """Put this time under `clock` and asyncio.sleep_ms."""
    clock.ticks_ms = ticks_ms
    clock.ticks_us = ticks_us
    clock.sleep_us = pass_us
    clock.ticks_add = ticks_add
    clock.ticks_diff = ticks_diff
    asyncio.sleep_ms = sleep_ms


def ticks_ms():
    """Return the ticks, which wrap as on the chips."""
    return _passed_us // 1000 % _PERIOD


def ticks_us():
    """Return the ticks in us."""
    return _passed_us % _PERIOD


def ticks_add(ticks, ms):
    """As time.ticks_add of the chips."""
    return (ticks + ms) % _PERIOD


def ticks_diff(a, b):
    """As time.ticks_diff of the chips."""
    return (a - b + (_PERIOD >> 1)) % _PERIOD - (_PERIOD >> 1)


def passed_ms():
    """Return the time without wrap."""
    return _passed_us // 1000


def pass_ms(ms):
    """Let time go by."""
    pass_us(1000 * ms)


def pass_us(us):
    """Let time go by, in us."""
    global _passed_us
    _passed_us += us


async def sleep_ms(ms):
    """Sleep without waiting; the least is one tick, else a loop that yields would stand still."""
    pass_ms(max(ms, 1))


def run(coroutine):
    """Return what a coroutine returns that waits for nothing but time."""
    try:
        coroutine.send(None)
    except StopIteration as e:
        return e.value
    raise RuntimeError("waits for something that never comes")
