"""Runs on the emulated chip beside the firmware: measures what cannot be seen from outside, and changes nothing.

boot.py calls `start` before main.py runs. What it finds out goes to the console in lines "PROBE name word ...". It uses
no timer: a scheduled callback amid the start of the radio hung the chip in a mutex (seen here, not sought on silicon).
    reading  ticks at the first good reading
    heap     when the PC raises the request pin: bytes free after a collection, bytes that the probe itself takes, bytes
             free before the collection, the collection's microseconds, the firmware's own least (0 = none yet)
    task     with `profile`, at the same request: name, turns, their sum and the longest, microseconds
"""

import gc
import time

import micropython
from machine import Pin

_GOOD = 3  # bridge.readings.GOOD
_seen = []
_times = {}
_own = 0


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
    stock = readings.put

    def put(*arguments):
        quality = stock(*arguments)
        if quality == _GOOD and readings.put != stock:  # who took `put` before keeps calling this one for a while
            readings.put = stock
            print("PROBE reading", time.ticks_ms())
        return quality

    readings.put = put


def _report(_pin):
    before = gc.mem_free()
    started_us = time.ticks_us()
    gc.collect()
    took_us = time.ticks_diff(time.ticks_us(), started_us)
    print("PROBE heap", gc.mem_free(), _own, before, took_us, _seen[0].heap_min if _seen else 0)
    micropython.mem_info()  # among others "max free sz", in blocks of 16 bytes
    for name, times in _times.items():
        print("PROBE task", name, *times)
    print("PROBE end")


def _watch_state():
    import bridge.state as module

    stock = module.State

    def State(*arguments):  # stands in for the class
        _seen.append(stock(*arguments))
        _watch_readings(_seen[0].readings)
        return _seen[0]

    module.State = State


def _time_tasks():
    from supervisor import Supervisor

    stock = Supervisor.add

    def add(self, name, make, *others, **named):
        stock(self, name, lambda beat: _Timed(name, make(beat)), *others, **named)

    Supervisor.add = add


def start(own_before, pin, profile):
    """Begin. own_before: bytes used before the probe was imported; pin: GPIO of the requests."""
    global _own
    gc.collect()
    _own = gc.mem_alloc() - own_before  # told later: boot.py has no console yet
    _watch_state()
    if profile:
        _time_tasks()
    Pin(pin, Pin.IN, Pin.PULL_DOWN).irq(_report, Pin.IRQ_RISING)
