# clock: real
"""What one exchange allocates once everything runs: request, wait, check, decode into the readings."""

import asyncio
import gc
import time

import micropython
from bridge.readings import Readings
from modbus import master, rtu
from wire import frame

REPLY = frame("010404" + "43663334")
PARTS = bytes((0, 0, 4, 4, len(REPLY)))  # how much of the answer is there when the master looks again
JOBS = 30  # so that one of them is always due
WARM_UP = 100
SLICE = 1000  # exchanges between two collections
EXCHANGES = 2000


class Quiet:
    """A line whose slave answers after some looks, in pieces; allocates nothing itself."""

    def __init__(self):
        self.looks = 0
        self.taken = len(REPLY)

    def send(self, buffer, count):
        self.looks = self.taken = 0

    def any(self):
        waiting = PARTS[self.looks] - self.taken
        if self.looks < len(PARTS) - 1:
            self.looks += 1
        return max(waiting, 0)

    def readinto(self, buffer, count):
        count = min(count, max(PARTS[self.looks] - self.taken, 0))
        for i in range(count):
            buffer[i] = REPLY[self.taken + i]
        self.taken += count
        return count

    def on_idle(self, callback):
        pass


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

    def done(self, job, status, buffer, at):
        if self.exchanges == self.last:
            return  # the one that was under way
        if status == rtu.OK:
            self.readings.put(0, buffer, at, time.ticks_ms())
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
    bus = master.Master(Quiet(), 9600, "N")
    for n in range(JOBS):
        # A slave is asked once a tick at most, so each job has its own.
        bus.add(master.Job(master.Slave(1, 300), rtu.READ_INPUT, 2 * n, 2, count.done, 1))
    # The waits go through the event loop as ever, but take no time: it is not what is measured.
    sleep_ms = asyncio.sleep_ms
    asyncio.sleep_ms = lambda _ms: sleep_ms(0)

    def beat():
        if count.exchanges >= count.last:
            bus.stopped = True

    try:
        asyncio.run(bus.run(beat))
    except MemoryError:
        micropython.heap_unlock()
    finally:
        asyncio.sleep_ms = sleep_ms
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
