# heap: 2m
# clock: real
"""What the listener learns, which frames it knows, and its bounds."""

import overheard
from eavesdrop import Heard, listen, one_master
from modbus.listen import frames as listener_frames
from modbus.listen import listener
from overheard import Trace, exchange


class Events:
    """Collects unit, function, address, count and status of what was heard."""

    def __init__(self):
        self.events = []

    def heard(self, *event):
        self.events.append(event[:5])


def test_it_learns_what_is_asked_how_often_and_how_fast_it_is_answered():
    """Proves: COM-8+"""
    trace = Trace(4)
    next_us = [0, 0]
    polls = ((1, 4, 0, 38, 250000, 15000), (247, 3, 30003, 20, 1000000, 50000))
    while trace.us < 60000000:
        which = 0 if next_us[0] <= next_us[1] else 1
        unit, function, address, count, period_us, think_us = polls[which]
        trace.us = max(trace.us, next_us[which])
        next_us[which] += period_us
        fault = "answer lost" if trace.random.chance(20) else None
        exchange(trace, (unit, function, address, count), think_us, 100000, fault)
    ear, heard = listen(trace)
    shown = ear.polls.shown()
    assert [row[:4] for row in shown] == [(1, 4, 0, 38), (247, 3, 30003, 20)]
    assert abs(shown[0][4] - 250) < 25 and abs(shown[1][4] - 1000) < 80, shown
    assert 10 <= shown[0][5] <= 40 and 45 <= shown[1][5] <= 90, shown
    assert shown[0][6] > 200 and shown[0][7] > 190


def test_a_slave_that_slows_down_is_followed():
    trace = Trace(4)
    for think_us in (20000, 150000, 400000, 20000):
        for _ in range(30):
            exchange(trace, (1, 4, 0, 38), think_us, 1000000)
            trace.pause(300000)
    ear, heard = listen(trace)
    assert len(heard.pairs) >= 112, (len(heard.pairs), ear.counts)


def test_what_was_read_by_any_function_is_paired_and_writes_are_told_from_their_echo():
    pairs = (
        ("010100130025", "010105CD6BB20E1B"),
        ("0102000A0003", "01020105"),
        ("01050013FF00", "01050013FF00"),
        ("010600010003", "010600010003"),
        ("0108000012AB", "0108000012AB"),
        ("010F0013000A02CD01", "010F0013000A"),
        ("F7109C6A00020400000BB8", "F7109C6A0002"),
        ("0116000400F20025", "0116000400F20025"),
        ("0117000300010004000102000A", "0117020001"),
        ("012B0E0100", "012B0E01010000020003414243010141"),
        ("0104000A0001", "018402"),
    )
    trace = Trace()
    for _ in range(3):
        for asked, told in pairs:
            trace.say(overheard.sealed(bytes.fromhex(asked)))
            trace.pause(15000)
            trace.say(overheard.sealed(bytes.fromhex(told)))
            trace.pause(30000)
    trace.say(overheard.sealed(bytes.fromhex("00060001000A")))
    sink = Events()
    ear = listener.Listener(9600, "N", sink)
    overheard.play(ear, trace)
    heard = sink.events
    assert len(heard) == 33, (len(heard), ear.counts)
    assert heard[:4] == [(1, 1, 19, 37, 0), (1, 2, 10, 3, 0), (1, 5, 19, 1, 0), (1, 6, 1, 1, 0)]
    assert heard[10] == (1, 4, 10, 1, 2)
    assert ear.counts[listener.BROADCASTS] == 1
    assert ear.counts[listener.RUBBISH] == 0


def test_a_read_whose_address_looks_like_the_awaited_size_is_still_a_request():
    trace = Trace()
    for _ in range(10):
        # Address 0x0404 begins with the byte count of two registers.
        exchange(trace, (1, 4, 0x0404, 2), 20000, 300000, "answer lost")
        exchange(trace, (1, 4, 0x0404, 2), 20000, 300000)
        trace.pause(100000)
    _, heard = listen(trace)
    assert len(heard.pairs) == 10
    assert heard.silent == 10


def test_rubbish_for_ever_makes_no_pair_and_what_comes_after_it_is_heard():
    """Proves: REL-1+"""
    trace = Trace(11)
    for _ in range(60):
        trace.noise(250)
        trace.pause(trace.random.below(30000))
    trace.pause(500000)
    for _ in range(5):
        exchange(trace, (1, 4, 0, 38), 20000, 300000)
        trace.pause(50000)
    ear, heard = listen(trace)
    assert len(heard.pairs) == 5
    assert ear.counts[listener.RUBBISH] > 5000


def test_the_table_of_requests_is_bounded_and_the_oldest_row_gives_way():
    trace = Trace()
    for address in range(100):
        exchange(trace, (1, 4, address, 2), 10000, 300000)
        trace.pause(20000)
    ear, heard = listen(trace)
    assert len(heard.pairs) == 100
    assert len(ear.polls.shown()) == ear.polls.size == 24
    assert min([row[2] for row in ear.polls.shown()]) == 76


def test_the_tick_counter_may_wrap():
    heard = Heard()
    ear = listener.Listener(9600, "N", heard)
    trace = one_master(2, 3, 0)
    shift = (1 << 30) - 300
    whole = ear.feed
    ear.feed = lambda buffer, count, now: whole(buffer, count, (now + shift) & ((1 << 30) - 1))
    overheard.play(ear, trace)
    assert len(heard.pairs) == trace.clean
    assert not heard.wrong


def test_what_is_passed_over_at_once_is_just_what_can_begin_no_frame():
    """Every function and third byte: whatever may be a request or a reply is looked at, nothing else is."""
    for function in range(256):
        for third in range(256):
            frame = bytes((1, function, third, 0, 0))
            may = any(
                [length(frame, 0, 3) for length in (listener_frames.request_length, listener_frames.reply_length)]
            )
            if may:
                assert listener_frames.hopeless(frame, 0, 3) == 0, frame
            elif function & 0x7F not in b"\x01\x02\x03\x04\x05\x06\x08\x0f\x10\x16\x17\x2b":
                assert listener_frames.hopeless(frame, 0, 3) == 1, frame
    noise = b"\xa5\x5a\xff\x70" * 10
    assert listener_frames.hopeless(noise + b"\x01\x04\x00", 0, 43) == 39  # 70 01 04 might be a frame, too
    assert listener_frames.hopeless(noise, 5, 5) == listener_frames.hopeless(noise, 5, 7) == 0
