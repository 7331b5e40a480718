# heap: 2m
# clock: real
"""What the listener takes from the heap once it runs: nothing, whatever is on the line."""

import gc

import micropython
import overheard
from modbus.listen import listener
from overheard import Trace, exchange

CHUNK = bytearray(8)


class Count:
    def __init__(self):
        self.events = 0

    def heard(self, unit, function, address, count, status, buffer, at, when):
        self.events += 1


def _busy(seed):
    trace = Trace(seed)
    for i in range(120):
        fault = overheard.FAULTS[i % 10] if i % 3 == 0 else None
        exchange(trace, (1 + i % 2, 4, 2 * (i % 40), 2 + i % 30), 20000, 100000, fault)
        trace.pause(10000)
    return bytes(trace.octets[: len(trace.octets) & ~7])


def _feed(ear, octets, now):
    """Feed it all, eight bytes at a time; itself without any object, and small enough for a frame on the stack."""
    at = 0
    while at < len(octets):
        for i in range(8):
            CHUNK[i] = octets[at + i]
        at += 8
        ear.feed(CHUNK, 8, now)
        now += 8
        ear.feed(CHUNK, 0, now)
    return now


def test_nothing_is_allocated_with_pairs_noise_and_losses():
    """Proves: REL-2+"""
    octets = _busy(1)
    count = Count()
    ear = listener.Listener(9600, "N", count)
    now = _feed(ear, octets, 1000)
    before = count.events
    micropython.heap_lock()
    try:
        now = _feed(ear, octets, now)
    finally:
        micropython.heap_unlock()
    assert count.events - before > 80
    gc.collect()
    gc.disable()
    used = gc.mem_alloc()
    _feed(ear, octets, now)
    assert gc.mem_alloc() - used == 0
    gc.enable()


def test_a_listener_has_a_bounded_size():
    ears, sizes = [None] * 4, []
    for i in range(4):
        gc.collect()
        before = gc.mem_alloc()
        ears[i] = listener.Listener(9600, "N", Count())
        gc.collect()
        sizes.append(gc.mem_alloc() - before)
    # The least: a stale word on the stack keeps what was made on the way alive.
    assert 2000 < min(sizes) < 5000, sizes  # 64-bit words: less on a board


def _used_ns():
    """Return the time that this process has had of the processor, whoever else is there; 0 where Linux does not tell."""
    try:
        with open("/proc/self/schedstat") as f:
            return int(f.read().split()[0])
    except OSError:
        return 0


def test_it_is_fast_enough_for_a_full_line():
    octets = _busy(2)
    ear = listener.Listener(9600, "N", Count())
    began_ns = _used_ns()
    _feed(ear, octets, 0)
    us_per_byte = (_used_ns() - began_ns) / 1000 / len(octets)
    # A board is some fifty times slower than a PC, and a byte at 9600 takes 1042 us.
    assert us_per_byte < 20, us_per_byte
    print("us per byte", us_per_byte)


def test_the_example_prints_what_is_said_and_tells_who_is_polled():
    import asyncio
    import sys

    sys.path.append("lib")
    sys.modules["modbus.listen"].__path__ = "lib/modbus/listen"  # examples do not ship
    from modbus.listen import example as example_listener

    class Line:
        def __init__(self):
            self.octets = overheard.request(1, 4, 0, 2) + overheard.answer(1, 4, 0, 2, 1)

        def readinto(self, buffer, count):
            part = self.octets[:count]
            buffer[: len(part)] = part
            self.octets = self.octets[count:]
            return len(part)

    shown = asyncio.run(example_listener.listen(Line(), ms=30))
    assert shown[0][:4] == (1, 4, 0, 2)
    assert shown[0][7] == 1
