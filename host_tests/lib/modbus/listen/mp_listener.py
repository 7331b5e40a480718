# heap: 2m
# clock: real
"""The listener against traces of one and two masters, with noise, losses and drivers of every kind."""

import overheard
from eavesdrop import POLLS, listen, one_master
from modbus.listen import listener
from overheard import Trace, exchange


def test_every_exchange_of_a_quiet_line_is_paired():
    """Proves: COM-8+"""
    trace = one_master(1, 40, 0)
    ear, heard = listen(trace)
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
        trace = one_master(2, 15, 0)
        _, heard = listen(trace, **how)
        assert len(heard.pairs) == trace.clean, (how, len(heard.pairs), trace.clean)


def test_frames_without_a_gap_are_parted_by_length_and_crc():
    trace = Trace()
    for _ in range(20):
        for poll in POLLS:
            exchange(trace, poll, 1, 1)
    _, heard = listen(trace, most=256, look_us=50000)
    assert len(heard.pairs) == trace.clean == 20 * len(POLLS)


def test_no_disturbed_exchange_is_ever_paired_wrongly_and_most_clean_ones_are_paired():
    """Proves: REL-1+"""
    for seed in range(1, 9):
        trace = one_master(seed, 60, 250)
        _, heard = listen(trace)
        share = len(heard.pairs) / trace.clean
        assert share > 0.95, (seed, share)


def test_a_few_losses_cost_hardly_more_than_themselves():
    trace = one_master(3, 150, 30)
    _, heard = listen(trace)
    assert len(heard.pairs) > 0.98 * trace.clean, (len(heard.pairs), trace.clean)


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
        ear, heard = listen(trace)
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
    ear, heard = listen(trace)
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
    _, heard = listen(trace)
    assert len(heard.pairs) == trace.clean
    for seed in range(2, 7):
        trace = _two_masters(seed, 200, 200)
        _, heard = listen(trace)
        assert len(heard.pairs) > 0.95 * trace.clean, (seed, len(heard.pairs), trace.clean)


def test_two_masters_that_ask_one_slave_the_same_shape_at_once_are_not_guessed():
    trace = Trace()
    for _ in range(20):
        trace.say(overheard.request(1, 4, 0, 2))
        trace.pause(5000)
        trace.say(overheard.request(1, 4, 6, 2))
        trace.pause(20000)
        trace.say(overheard.answer(1, 4, 0, 2, 0))
        trace.pause(2000000)
    ear, heard = listen(trace)
    assert heard.pairs == []
    assert ear.counts[listener.UNSURE] == 20
