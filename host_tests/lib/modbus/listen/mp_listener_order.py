# heap: 4m
"""Answers that come twice, late, or after a retry: no value is reported for another register, and an honest line is heard."""

from modbus.listen import listener
from overheard import answer, request, word

UNIT = 7
ADDRESSES = (30, 32, 34, 36, 38)  # two registers each


class Sink:
    def __init__(self):
        self.good, self.wrong = 0, []

    def heard(self, unit, function, address, count, status, buffer, at, when):
        if status == 0:
            told = buffer[at] << 8 | buffer[at + 1]  # each register says whose it is
            if told == word(UNIT, address, 0):
                self.good += 1
            else:
                self.wrong.append((address, when))


def play(rows, quiet_ms=3000):
    """Return a Sink that heard rows (ms of a frame's last byte, "?" asks or "!" answers, register, registers)."""
    sink = Sink()
    ear = listener.Listener(9600, "N", sink)
    now = 0
    for ms, what, address, count in sorted(rows) + [(rows[-1][0] + quiet_ms, "?", 0, 1)]:
        while now + 5 < ms:
            now += 5
            ear.feed(b"", 0, now)
        made = request if what == "?" else lambda *asked: answer(*asked, 0)
        content = made(UNIT, 4, address, count)
        now = ms
        ear.feed(content, len(content), now)
    return sink


def told(think_ms, pause_ms, rounds, odd, rest_ms=0):
    """Return what a master and a slave say that follow odd(exchange, at) -> frames that come beside, (ms after, register).

    The master takes what comes first for its answer.
    """
    rows, at = [], 0
    for n in range(rounds):
        address = ADDRESSES[n % len(ADDRESSES)]
        rows.append((at, "?", address, 2))
        came = at + think_ms
        rows.append((came, "!", address, 2))
        for after_ms, register in odd(n, address):
            rows.append((came + after_ms, "!", register, 2))
        at = came + pause_ms + (rest_ms if address == ADDRESSES[-1] else 0)
    return rows


def test_an_honest_line_is_heard_whole():
    for think_ms, pause_ms in ((60, 140), (20, 80), (60, 30)):
        sink = play(told(think_ms, pause_ms, 100, lambda n, address: (), rest_ms=500))
        assert sink.wrong == [] and sink.good == 100, (think_ms, pause_ms, sink.good)


def test_a_master_that_never_rests_is_heard_too():
    sink = play(told(60, 15, 100, lambda n, address: ()))
    assert sink.wrong == [] and sink.good == 100, sink.good


def test_a_slave_that_says_each_answer_twice_gives_no_wrong_value():
    for after_ms in (30, 110, 200, 250, 400):
        for pause_ms in (20, 77, 140, 333):
            rows = told(60, pause_ms, 200, lambda n, address, ms=after_ms: ((ms, address),), rest_ms=100)
            assert play(rows).wrong == [], (after_ms, pause_ms)


def test_an_answer_after_the_master_went_on_is_taken_for_nobodys():
    for late_ms in (1010, 1060, 1400, 2000):
        rows = told(60, 140, 30, lambda n, address: ())
        at = rows[-1][0] + 1000
        rows += [(at, "?", 30, 2), (at + 1000, "?", 32, 2), (at + late_ms, "!", 30, 2), (at + late_ms + 60, "!", 32, 2)]
        sink = play(rows)
        assert sink.wrong == [] and sink.good >= 30, (late_ms, sink.good)  # all that was honest


def test_the_two_answers_to_a_retry_shift_nothing():
    for gap_ms in (5, 20, 90):
        rows = told(60, 140, 30, lambda n, address: ())
        at = rows[-1][0] + 1000
        rows += [(at, "?", 30, 2), (at + 1000, "?", 30, 2), (at + 1010, "!", 30, 2)]
        at += 1010
        for n in range(40):  # from here on the master takes the answer to what it asked before
            rows += [(at + gap_ms, "?", ADDRESSES[(n + 1) % 5], 2), (at + gap_ms + 40, "!", ADDRESSES[n % 5], 2)]
            at += gap_ms + 40
        sink = play(rows)
        assert sink.wrong == [] and sink.good >= 30, (gap_ms, sink.good)  # all that was honest


def test_what_is_asked_for_in_one_shape_only_is_reported_at_once():
    sink = Sink()
    ear = listener.Listener(9600, "N", sink)
    for n in range(5):
        for ms, content in ((200 * n, request(UNIT, 4, 30, 2)), (200 * n + 60, answer(UNIT, 4, 30, 2, 0))):
            ear.feed(content, len(content), ms)
        assert (sink.good, sink.wrong) == (n + 1, [])
