"""Traces of a busy RS485 line for tests of the listener: masters, slaves, and what can go wrong between them.

Every register carries its own address and unit, so that an answer that was paired with the wrong request shows.
All is drawn from one seed; times are in microseconds from 0.
"""

import array

from modbus.wire import crc

BYTE_US = 1042  # 9600 8N1


class Random:
    """The same numbers on every interpreter."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 8) % n

    def chance(self, per_mille):
        return self.below(1000) < per_mille


def word(unit, address, salt):
    """Return what register `address` of `unit` holds: both in it, and a little that changes."""
    return (address & 0x3FF) << 6 | (unit & 7) << 3 | salt & 7


def sealed(body):
    out = bytearray(len(body) + 2)
    out[: len(body)] = body
    crc.seal(out, len(body))
    return bytes(out)


def request(unit, function, address, count):
    return sealed(bytes((unit, function, address >> 8, address & 0xFF, count >> 8, count & 0xFF)))


def answer(unit, function, address, count, salt):
    body = bytearray((unit, function, 2 * count))
    for i in range(count):
        value = word(unit, address + i, salt)
        body.append(value >> 8)
        body.append(value & 0xFF)
    return sealed(body)


class Trace:
    """What was on the wire: `octets`, when each ended in `at_us`; `clean` counts undisturbed exchanges."""

    def __init__(self, seed=1):
        self.random = Random(seed)
        self.octets = bytearray()
        self.at_us = array.array("i")
        self.clean = 0
        self.us = 0

    def pause(self, us):
        self.us += us

    def say(self, data):
        for byte in data:
            self.us += BYTE_US
            self.octets.append(byte)
            self.at_us.append(self.us)

    def noise(self, most):
        self.say(bytes([self.random.below(256) for _ in range(1 + self.random.below(most))]))

    def garbled(self, data):
        """Say a frame with some of its bits flipped, or bytes lost."""
        out = bytearray(data)
        if self.random.chance(400):
            at = self.random.below(len(out))
            out = out[:at] + out[at + 1 + self.random.below(3) :]
        else:
            for _ in range(1 + self.random.below(4)):
                out[self.random.below(len(out))] ^= 1 << self.random.below(8)
            if bytes(out) == data:
                out[0] ^= 0x40
        self.say(out)


# What may happen to an exchange, with a weight per mille; the rest is clean.
FAULTS = ("request lost", "request unheard", "request garbled", "answer lost", "answer garbled", "answer late",
          "noise between", "noise before", "glitch", "exception")  # fmt: skip


def exchange(trace, poll, think_us, timeout_us, fault=None):
    """Put one exchange on the wire. poll: (unit, function, address, count)."""
    unit, function, address, count = poll
    asked = request(unit, function, address, count)
    told = answer(unit, function, address, count, trace.random.below(8))
    if fault == "exception":
        told = sealed(bytes((unit, function | 0x80, 2)))
    if fault == "noise before":
        trace.noise(6)
    if fault == "request garbled":
        trace.garbled(asked)
    elif fault == "request unheard":
        trace.pause(len(asked) * BYTE_US)
    else:
        trace.say(asked)
    if fault in ("request lost", "answer lost"):
        trace.pause(timeout_us)
        return
    if fault == "noise between":
        trace.pause(3000)
        trace.noise(6)
    if fault == "answer late":
        trace.pause(timeout_us - 2000)
    trace.pause(think_us + trace.random.below(think_us // 4 + 1))
    if fault == "glitch":
        trace.say(b"\x00" if trace.random.chance(500) else b"\xff")
    if fault == "answer garbled":
        trace.garbled(told)
    else:
        trace.say(told)
        trace.clean += fault in (None, "glitch", "noise before", "exception")


def play(listener, trace, look_us=5000, most=64, latency_us=0, hold=0):
    """Hand a trace over as a driver does: looked at every look_us (plus up to latency_us), at most `most` bytes a look.

    hold: the driver delivers only when so many bytes are there or the line was still for 10 characters.
    """
    random = Random(7)
    buffer = bytearray(most)
    given = come = us = 0
    octets, at_us = trace.octets, trace.at_us
    while given < len(octets):
        us += look_us + (random.below(latency_us) if latency_us else 0)
        while come < len(octets) and at_us[come] <= us:
            come += 1
        still = come and us - at_us[come - 1] > 10 * BYTE_US
        if hold and not still and come - given < hold:
            listener.feed(buffer, 0, us // 1000)
            continue
        while True:
            count = min(come - given, most)
            buffer[:count] = octets[given : given + count]
            given += count
            listener.feed(buffer, count, us // 1000)
            if given == come:
                break
    for _ in range(400):
        us += 5000
        listener.feed(buffer, 0, us // 1000)
