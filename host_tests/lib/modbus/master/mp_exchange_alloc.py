# clock: real
"""What one exchange allocates once everything runs: request, wait, check, decode into the readings."""

import asyncio
import gc

import clock
import micropython
from bridge.readings import Readings
from modbus.master import master
from modbus.master.job import Job
from modbus.wire import functions, rtu
from slaves import Meter, slave
from virtual_bus import Line, Time
from wire import frame

REPLY = frame("010404" + "43663334")
WARM_UP = 100
SLICE = 1000  # exchanges between two collections
EXCHANGES = 2000


class Count:
    """Takes the readings; `grown` is what the heap grew by in bytes, with the collector off.

    locked: from the warm-up on nothing can be allocated at all, a try raises MemoryError in the master.
    """

    def __init__(self, wanted, locked):
        self.readings = Readings()
        self.readings.bind("sensor_voltage", "f", 1, 1000)
        self.last = WARM_UP + wanted
        self.exchanges = self.failed = self.grown = 0
        self.before = 0
        self.locked = locked

    def done(self, job, status, frame, at, count):
        if self.exchanges == self.last:
            return  # the one that was under way
        if status == rtu.OK:
            self.readings.put(0, frame, at + 2, clock.ticks_ms())
        else:
            self.failed += 1
        self.exchanges += 1
        if self.exchanges == self.last:
            if self.locked:
                micropython.heap_unlock()
            else:
                self.grown += gc.mem_alloc() - self.before
        elif self.exchanges == WARM_UP and self.locked:
            gc.collect()
            micropython.heap_lock()
        elif self.exchanges >= WARM_UP and not self.locked and (self.exchanges - WARM_UP) % SLICE == 0:
            if self.exchanges > WARM_UP:
                self.grown += gc.mem_alloc() - self.before
            gc.collect()
            gc.disable()
            self.before = gc.mem_alloc()


def _run(exchanges, locked):
    """Run so many exchanges after the warm-up and return their Count."""
    count = Count(exchanges, locked)
    # In virtual time, because waiting is not what is measured; the answer still comes character by character.
    bus = master.Master(Line(Time(), {1: Meter(5000)}), 9600, "N")
    bus.add(Job(slave(1), count.done, 1).read(functions.READ_INPUT, 0, 2))

    def beat():
        if count.exchanges >= count.last:
            bus.stopped = True

    try:
        asyncio.run(bus.run(beat))
    except MemoryError:
        micropython.heap_unlock()
    finally:
        gc.enable()
    return count


def measure(exchanges=EXCHANGES):
    """Return the bytes allocated per exchange, event loop included."""
    return _run(exchanges, False).grown / exchanges


def locked(exchanges):
    """Return how many exchanges a locked heap lets happen: so many, if nothing is allocated."""
    count = _run(exchanges, True)
    return count.exchanges - WARM_UP - count.failed


def test_a_steady_exchange_leaves_no_garbage():
    assert measure() == 0


def test_a_hundred_thousand_exchanges_work_with_the_heap_locked():
    assert locked(100000) == 100000


def test_the_proof_notices_a_single_object():
    put = Readings.put

    def wasteful(self, n, buffer, at, now):
        put(self, n, buffer, at, now)
        return [n]

    Readings.put = wasteful
    assert measure() >= 8
    assert locked(1000) < 5


def test_decoding_into_the_readings_makes_no_object():
    readings = Readings()
    readings.bind("sensor_voltage", "f", 1, 1000)
    readings.put(0, REPLY, 3, 0)
    micropython.heap_lock()
    try:
        for _ in range(100):
            readings.put(0, REPLY, 3, 0)
    finally:
        micropython.heap_unlock()
    assert readings.value(0) is not None
