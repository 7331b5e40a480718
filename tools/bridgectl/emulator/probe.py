"""Runs on the emulated chip beside the firmware and measures what cannot be seen from outside. It takes some memory.

boot.py calls `start` before main.py runs. What it finds out goes to the console in lines "PROBE name word ...". It uses
no timer: a scheduled callback amid the start of the radio hung the chip in a mutex (seen here, not sought on silicon).
    reading  ticks at the first good reading
    booted   ticks at the end of boot.py, before main.py imports the bridge: told with the first reading
    task     with `profile`, when the PC raises the request pin: name, turns, their sum and the longest, microseconds
"""

import time

from machine import Pin

_GOOD = 3  # bridge.readings.GOOD
_times = {}
_booted_ms = 0


class _Timed:
    """A coroutine with the count of its turns, their sum and the longest."""

    def __init__(self, name, inner):
        self._inner = inner
        self._times = _times.setdefault(name, [0, 0, 0])

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)

    def send(self, value):
        """Run the coroutine for one turn."""
        started_us = time.ticks_us()
        try:
            return self._inner.send(value)
        finally:
            took_us = time.ticks_diff(time.ticks_us(), started_us)
            times = self._times
            times[0] += 1
            times[1] += took_us
            times[2] = max(times[2], took_us)

    def throw(self, error):
        """Let the coroutine have an exception, as a cancellation does."""
        return self._inner.throw(error)

    def close(self):
        """End the coroutine."""
        self._inner.close()


def _watch_readings(readings):
    """Tell the first good value, whether its reply was asked for (take) or overheard (put)."""
    stock_put, stock_take = readings.put, readings.take

    def put(n, *arguments):
        taken = stock_put(n, *arguments)
        tell(n)
        return taken

    def take(cells, *arguments):
        stock_take(cells, *arguments)
        tell(cells[0])

    def tell(n):
        # Who got hold of one of these before calls it for a while.
        if readings.quality(n) == _GOOD and readings.put != stock_put:
            readings.put, readings.take = stock_put, stock_take
            print("PROBE reading", time.ticks_ms())
            print("PROBE booted", _booted_ms)

    readings.put, readings.take = put, take


def _report(_pin):
    for name, times in _times.items():
        print("PROBE task", name, *times)
    print("PROBE end")


def _watch_state():
    import bridge.state as module

    stock = module.State

    def State(*arguments):  # stands in for the class
        state = stock(*arguments)
        _watch_readings(state.readings)
        return state

    module.State = State


def _time_tasks():
    from supervisor import Supervisor

    stock = Supervisor.add

    def add(self, name, make, *others, **named):
        stock(self, name, lambda beat: _Timed(name, make(beat)), *others, **named)

    Supervisor.add = add


def start(booted_ms, pin, profile):
    """Begin. booted_ms: ticks at the end of boot.py, which has no console yet; pin: GPIO of the requests."""
    global _booted_ms
    _booted_ms = booted_ms
    _watch_state()
    if profile:
        _time_tasks()
    Pin(pin, Pin.IN, Pin.PULL_DOWN).irq(_report, Pin.IRQ_RISING)
