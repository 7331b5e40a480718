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
WARM_UP = 50
EXCHANGES = 1000


class Quiet:
    """A line whose slave answers at once; allocates nothing itself."""

    def __init__(self):
        self.waiting = 0

    def send(self, buffer, count):
        self.waiting = 9

    def any(self):
        return self.waiting

    def readinto(self, buffer, count):
        if not self.waiting:
            return 0
        for i in range(9):
            buffer[i] = REPLY[i]
        self.waiting = 0
        return 9


class Count:
    def __init__(self, readings):
        self.readings = readings
        self.exchanges = 0
        self.before = self.after = 0
        self.locked = False

    def done(self, job, status, buffer, at):
        self.readings.put(0, buffer, at, time.ticks_ms())
        self.exchanges += 1
        if self.exchanges == WARM_UP:
            gc.collect()
            gc.disable()
            self.before = gc.mem_alloc()
        if self.exchanges == WARM_UP + EXCHANGES:
            self.after = gc.mem_alloc()


def measure():
    """Return the bytes allocated per exchange, event loop included."""
    readings = Readings()
    readings.bind("sensor_voltage", "f", 1, 1000)
    count = Count(readings)
    bus = master.Master(Quiet(), 9600, "N")
    bus._character_us = bus._silence_ms = 0  # the wire's time is not what is measured
    bus.add(master.Job(master.Slave(1, 300), rtu.READ_INPUT, 0, 2, count.done, 1))

    async def main():
        task = asyncio.create_task(bus.run(lambda: None))
        while count.exchanges < WARM_UP + EXCHANGES:
            await asyncio.sleep_ms(200)
        task.cancel()

    asyncio.run(main())
    gc.enable()
    return (count.after - count.before) / EXCHANGES


def test_a_steady_exchange_leaves_no_garbage():
    per_exchange = measure()
    # The test's own loop wakes five times a second; nothing else may take from the heap.
    assert per_exchange < 1, per_exchange


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
