"""Who listens in the tests of the listener: collects what is reported and checks that each answer is its request's."""

import overheard
from modbus.listen import listener
from modbus.wire import rtu

POLLS = ((1, 4, 0, 38), (1, 4, 70, 10), (1, 4, 342, 4), (1, 3, 12, 2), (2, 4, 0, 38), (1, 4, 6, 2), (1, 4, 12, 2))


class Heard:
    """Collects what the listener reports, and checks that each answer is the one of its request."""

    def __init__(self):
        self.pairs = []
        self.silent = 0
        self.wrong = []

    def heard(self, unit, function, address, count, status, buffer, at, when):
        if status == rtu.SILENT:
            self.silent += 1
            return
        self.pairs.append((unit, function, address, count))
        if status:
            return
        for i in range(count):
            value = buffer[at + 2 * i] << 8 | buffer[at + 2 * i + 1]
            if value & ~7 != overheard.word(unit, address + i, 0):
                self.wrong.append((unit, function, address, count))
                return


def listen(trace, **how):
    """Return (listener, Heard) after a trace; how: see overheard.play."""
    heard = Heard()
    ear = listener.Listener(9600, "N", heard)
    overheard.play(ear, trace, **how)
    assert not heard.wrong, heard.wrong
    return ear, heard


def one_master(seed, rounds, fault_per_mille, polls=POLLS, think_us=20000, timeout_us=300000):
    """Return the trace of a master that asks `polls` in turn; some exchanges suffer one of overheard.FAULTS."""
    trace = overheard.Trace(seed)
    for _ in range(rounds):
        for poll in polls:
            fault = None
            if trace.random.chance(fault_per_mille):
                fault = overheard.FAULTS[trace.random.below(len(overheard.FAULTS))]
            overheard.exchange(trace, poll, think_us, timeout_us, fault)
            trace.pause(5000 + trace.random.below(20000))
    trace.pause(1500000)  # what is held back is reported when nothing else came
    return trace
