"""The listener fed with anything: no exception, no growth, no answer for the wrong request."""

import sys

from bridgectl import firmware
from hypothesis import given, settings
from hypothesis import strategies as st

firmware.load()
sys.path.append(str(firmware.ROOT / "host_tests" / "rigs" / "unix"))

import overheard  # noqa: E402
from modbus.listen import listener  # noqa: E402
from modbus.wire import rtu  # noqa: E402

BIT_ERRORS_PER_BYTE = 1000 // 8  # at 1e-3 a bit


class Sink:
    """Keeps what was heard, and what was heard with registers of another request."""

    def __init__(self):
        self.heard_count = 0
        self.wrong = []

    def heard(self, unit, function, address, count, status, buffer, at, when):
        self.heard_count += status == rtu.OK
        assert rtu.SILENT == status or 0 <= status <= 255
        if status == rtu.OK and function in (3, 4):
            for i in range(count):
                value = buffer[at + 2 * i] << 8 | buffer[at + 2 * i + 1]
                if value & ~7 != overheard.word(unit, address + i, 0):
                    self.wrong.append((unit, function, address, count, i, value))


def feed(octets, cuts, sink):
    ear = listener.Listener(9600, "N", sink)
    now = at = 0
    while at < len(octets):
        count = cuts[at % len(cuts)] % 64 if cuts else 8
        part = octets[at : at + count]
        ear.feed(part, len(part), now & 0x3FFFFFFF)
        at += max(count, 1) if not part else len(part)
        now += 1 + len(part)
    for _ in range(300):
        now += 10
        ear.feed(b"", 0, now & 0x3FFFFFFF)
    return ear


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=1500), st.lists(st.integers(0, 255), max_size=8))
def test_rubbish_is_counted_byte_by_byte(octets, cuts):
    """Proves: REL-1+"""
    cuts = [c or 1 for c in cuts]
    ear = feed(octets, cuts, Sink())
    assert ear.counts[listener.RUBBISH] <= len(octets)
    assert ear._end == 0


# One step of a conversation: a request, an answer, or anything.
STEPS = st.one_of(
    st.tuples(st.just("ask"), st.integers(1, 3), st.sampled_from([3, 4]), st.integers(0, 60), st.integers(1, 20)),
    st.tuples(st.just("tell"), st.integers(1, 3), st.sampled_from([3, 4]), st.integers(0, 60), st.integers(1, 20)),
    st.tuples(st.just("pair"), st.integers(1, 3), st.sampled_from([3, 4]), st.integers(0, 60), st.integers(1, 20)),
    st.tuples(st.just("noise"), st.binary(min_size=1, max_size=20)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=30), st.lists(st.integers(1, 63), max_size=5))
def test_a_clean_pair_after_a_quiet_while_is_always_heard(steps, cuts):
    """Whatever was said before, once the line was quiet the next exchange counts. Proves: COM-8+"""
    sink = Sink()
    ear = listener.Listener(9600, "N", sink)
    now = 0
    for step in steps:
        if step[0] == "noise":
            octets = step[1]
        else:
            _, unit, function, address, count = step
            octets = b"" if step[0] == "tell" else overheard.request(unit, function, address, count)
            octets += b"" if step[0] == "ask" else overheard.answer(unit, function, address, count, 1)
        for at in range(0, len(octets), cuts[0] if cuts else 7):
            part = octets[at : at + (cuts[0] if cuts else 7)]
            ear.feed(part, len(part), now)
            now += 8
    for _ in range(400):
        now += 10
        ear.feed(b"", 0, now)
    before = sink.heard_count
    for octets in (overheard.request(1, 4, 0, 38), overheard.answer(1, 4, 0, 38, 1)):
        ear.feed(octets, len(octets), now)
        now += 100
        ear.feed(b"", 0, now)
    assert sink.heard_count == before + 1


def test_bit_errors_at_one_in_a_thousand_pair_nothing_wrongly():
    """Proves: REL-1+"""
    polls = ((1, 4, 0, 38), (1, 4, 70, 10), (1, 4, 342, 4), (2, 4, 0, 2), (1, 4, 6, 2), (1, 4, 12, 2), (1, 3, 12, 2))
    for seed in range(1, 7):
        trace = overheard.Trace(seed)
        for i in range(600):
            overheard.exchange(trace, polls[i % len(polls)], 20000, 300000)
            trace.pause(20000)
        flipped = 0
        for i in range(len(trace.octets)):
            if trace.random.below(BIT_ERRORS_PER_BYTE) == 0:
                trace.octets[i] ^= 1 << trace.random.below(8)
                flipped += 1
        assert flipped > 100
        sink = Sink()
        ear = listener.Listener(9600, "N", sink)
        overheard.play(ear, trace)
        assert not sink.wrong, sink.wrong
        assert sink.heard_count > 250
