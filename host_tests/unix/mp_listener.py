# heap: 2m
# clock: real
"""The listener against traces of one and two masters, with noise, losses and drivers of every kind."""

import overheard
from modbus import listener, rtu
from overheard import Trace, exchange

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


class Events:
    """Collects unit, function, address, count and status of what was heard."""

    def __init__(self):
        self.events = []

    def heard(self, *event):
        self.events.append(event[:5])


def _listen(trace, **how):
    heard = Heard()
    ear = listener.Listener(9600, "N", heard)
    overheard.play(ear, trace, **how)
    assert not heard.wrong, heard.wrong
    return ear, heard


def _one_master(seed, rounds, fault_per_mille, polls=POLLS, think_us=20000, timeout_us=300000):
    trace = Trace(seed)
    for _ in range(rounds):
        for poll in polls:
            fault = None
            if trace.random.chance(fault_per_mille):
                fault = overheard.FAULTS[trace.random.below(len(overheard.FAULTS))]
            exchange(trace, poll, think_us, timeout_us, fault)
            trace.pause(5000 + trace.random.below(20000))
    return trace


def test_every_exchange_of_a_quiet_line_is_paired():
    """Proves: COM-8+"""
    trace = _one_master(1, 40, 0)
    ear, heard = _listen(trace)
    assert len(heard.pairs) == 40 * len(POLLS) == trace.clean
    assert heard.pairs[: len(POLLS)] == list(POLLS)
    assert ear.counts[listener.RUBBISH] == ear.counts[listener.ORPHANS] == 0


def test_the_driver_may_hand_bytes_over_as_it_likes():
    for how in (
        {"look_us": 1042, "most": 1},
        {"look_us": 1000},
        {"look_us": 25000, "most": 256},
        {"look_us": 5000, "latency_us": 150000, "most": 256},
        {"look_us": 5000, "hold": 120, "most": 256},
    ):
        trace = _one_master(2, 15, 0)
        _, heard = _listen(trace, **how)
        assert len(heard.pairs) == trace.clean, (how, len(heard.pairs), trace.clean)


def test_frames_without_a_gap_are_parted_by_length_and_crc():
    trace = Trace()
    for _ in range(20):
        for poll in POLLS:
            exchange(trace, poll, 1, 1)
    _, heard = _listen(trace, most=256, look_us=50000)
    assert len(heard.pairs) == trace.clean == 20 * len(POLLS)


def test_no_disturbed_exchange_is_ever_paired_wrongly_and_most_clean_ones_are_paired():
    """Proves: REL-1+"""
    for seed in range(1, 9):
        trace = _one_master(seed, 60, 250)
        _, heard = _listen(trace)
        share = len(heard.pairs) / trace.clean
        assert share > 0.75, (seed, share)


def test_a_few_losses_cost_hardly_more_than_themselves():
    trace = _one_master(3, 150, 30)
    _, heard = _listen(trace)
    assert len(heard.pairs) > 0.93 * trace.clean, (len(heard.pairs), trace.clean)


def test_late_answers_are_not_taken_for_those_of_the_next_request():
    """Proves: REL-1+"""
    same_shape = ((1, 4, 0, 2), (1, 4, 6, 2), (1, 4, 12, 2), (1, 4, 18, 2))
    for seed in range(1, 5):
        trace = Trace(seed)
        for _ in range(100):
            for poll in same_shape:
                fault = trace.random.chance(150) and "answer late"
                exchange(trace, poll, 20000, 300000, fault or None)
                trace.pause(8000)
        # An answer that comes right after the next request of its shape:
        for _ in range(50):
            trace.say(overheard.request(1, 4, 0, 2))
            trace.pause(300000)
            trace.say(overheard.request(1, 4, 6, 2))
            trace.pause(20000)
            trace.say(overheard.answer(1, 4, 0, 2, 1))
            trace.pause(900000)
            exchange(trace, (1, 4, 0, 38), 20000, 300000)
            trace.pause(400000)
        ear, heard = _listen(trace)
        assert ear.counts[listener.UNSURE] >= 50
        assert len(heard.pairs) > 350


def test_a_request_that_was_not_heard_lends_its_answer_to_nobody():
    trace = Trace(5)
    for _ in range(10):
        exchange(trace, (1, 4, 0, 2), 20000, 300000)
        trace.pause(100000)
    for _ in range(60):
        exchange(trace, (1, 4, 0, 2), 20000, 300000)
        trace.pause(100000)
        exchange(trace, (1, 4, 0, 2), 20000, 300000, "answer lost")
        exchange(trace, (1, 4, 6, 2), 20000, 300000, "request unheard")
        trace.pause(100000)
    ear, heard = _listen(trace)
    assert len(heard.pairs) == 70
    assert ear.counts[listener.LATE] + ear.counts[listener.ORPHANS] == 60


def _two_masters(seed, rounds, fault_per_mille):
    """Two masters that ask two slaves; the second one talks into the think time of the first one's slave."""
    trace = Trace(seed)
    clean = 0
    for i in range(rounds):
        a, b = POLLS[trace.random.below(3)], (2, 4, 12 * trace.random.below(4), 2 + 2 * trace.random.below(3))
        if trace.random.chance(fault_per_mille):
            fault = overheard.FAULTS[trace.random.below(len(overheard.FAULTS))]
            exchange(trace, a, 20000, 300000, fault)
        elif i % 3:
            exchange(trace, a, 20000, 300000)
            exchange(trace, b, 40000, 300000)
        else:
            trace.say(overheard.request(*a))
            trace.pause(6000)
            trace.say(overheard.request(*b))
            trace.pause(6000)
            trace.say(overheard.answer(*a, 1))
            trace.pause(20000)
            trace.say(overheard.answer(*b, 2))
            clean += 2
        trace.pause(10000 + trace.random.below(50000))
    trace.clean += clean
    return trace


def test_answers_of_two_masters_go_to_their_own_requests():
    """Proves: COM-8+"""
    trace = _two_masters(1, 300, 0)
    _, heard = _listen(trace)
    assert len(heard.pairs) == trace.clean
    for seed in range(2, 7):
        trace = _two_masters(seed, 200, 200)
        _, heard = _listen(trace)
        assert len(heard.pairs) > 0.75 * trace.clean, (seed, len(heard.pairs), trace.clean)


def test_two_masters_that_ask_one_slave_the_same_shape_at_once_are_not_guessed():
    trace = Trace()
    for _ in range(20):
        trace.say(overheard.request(1, 4, 0, 2))
        trace.pause(5000)
        trace.say(overheard.request(1, 4, 6, 2))
        trace.pause(20000)
        trace.say(overheard.answer(1, 4, 0, 2, 0))
        trace.pause(2000000)
    ear, heard = _listen(trace)
    assert heard.pairs == []
    assert ear.counts[listener.UNSURE] == 20


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
    ear, heard = _listen(trace)
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
    ear, heard = _listen(trace)
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
    _, heard = _listen(trace)
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
    ear, heard = _listen(trace)
    assert len(heard.pairs) == 5
    assert ear.counts[listener.RUBBISH] > 5000


def test_the_table_of_requests_is_bounded_and_the_oldest_row_gives_way():
    trace = Trace()
    for address in range(100):
        exchange(trace, (1, 4, address, 2), 10000, 300000)
        trace.pause(20000)
    ear, heard = _listen(trace)
    assert len(heard.pairs) == 100
    assert len(ear.polls.shown()) == ear.polls.size == 24
    assert min([row[2] for row in ear.polls.shown()]) == 76


def test_the_tick_counter_may_wrap():
    heard = Heard()
    ear = listener.Listener(9600, "N", heard)
    trace = _one_master(2, 3, 0)
    shift = (1 << 30) - 300
    whole = ear.feed
    ear.feed = lambda buffer, count, now: whole(buffer, count, (now + shift) & ((1 << 30) - 1))
    overheard.play(ear, trace)
    assert len(heard.pairs) == trace.clean
    assert not heard.wrong
