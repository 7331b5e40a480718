"""The paced wire: times, faults and two talkers, seen from the far end as a master sees them."""

import contextlib
import os
import select
import termios
import time
import tty

import pytest
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.wire import PtyWire

from modbus.wire import crc, rtu  # isort: skip (importable once bridgectl.site is loaded)


def _request(count=38, unit=1, address=0):
    out = bytearray(8)
    rtu.request(out, unit, 4, address, count)
    return bytes(out)


def opened(path, speed):
    """Return the descriptor of a terminal that is opened at a speed."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    attributes = termios.tcgetattr(fd)
    attributes[4] = attributes[5] = getattr(termios, f"B{speed}")
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    return fd


class Clockwork:
    """A wire whose time is moved by hand, from one due moment to the next; what arrives is noted with its time."""

    def __init__(self, speed=None, **options):
        """speed: at which the terminal is opened, None = the wire's."""
        self.wire = PtyWire(Meter(House()), **options)
        self.now_ns = 0
        self.arrived = []  # (ns, bytes)
        self.last = []  # the same of the last exchange
        self._fd = opened(self.wire.path, speed or self.wire.baud)

    def step(self, sent=b""):
        """Send something now, and note what has arrived."""
        self.wire.step(self.now_ns, sent)
        with contextlib.suppress(BlockingIOError):
            self.arrived.append((self.now_ns, os.read(self._fd, 512)))

    def exchange(self, request):
        """Send a request now and let time pass until nothing more is due; return what has arrived since the last one."""
        self.step(request)
        while (due_ns := self.wire.due_ns()) is not None:
            self.now_ns = due_ns
            self.step()
        self.last, self.arrived = self.arrived, []
        return b"".join(piece for _, piece in self.last)

    def close(self):
        os.close(self._fd)
        self.wire.close()


@pytest.fixture
def clockwork(request):
    made = Clockwork(**getattr(request, "param", {"think_ms": 20}))
    yield made
    made.close()


def test_an_exchange_takes_the_time_of_its_bytes_and_they_arrive_one_after_the_other(clockwork):
    """8 characters, 20 ms, 81 characters, each of 1,041,666 ns. Proves: BEN-3+"""
    for _ in range(7):
        start_ns = clockwork.now_ns
        reply = clockwork.exchange(_request())
        assert rtu.check(reply, 0, 81, 1, 4, 38) == rtu.OK
        at_ns = [ns - start_ns for ns, _ in clockwork.last]
        assert [len(piece) for _, piece in clockwork.last] == [1] * 81
        assert at_ns == [8 * 1041666 + 20_000_000 + n * 1041666 for n in range(1, 82)]


@pytest.mark.parametrize("clockwork", [{"think_ms": 100}], indirect=True)
def test_the_think_time_runs_from_the_end_of_the_request(clockwork):
    clockwork.exchange(_request())
    exchange = clockwork.wire.exchanges[-1]
    assert (exchange.end_ns, exchange.answer_start_ns) == (8 * 1041666, 8 * 1041666 + 100_000_000)


@pytest.mark.parametrize("clockwork", [{"baud": 2400, "think_ms": 20}], indirect=True)
def test_a_slower_wire_takes_longer(clockwork):
    assert len(clockwork.exchange(_request())) == 81
    assert clockwork.last[-1][0] == 89 * 4166666 + 20_000_000


def test_a_late_answer_comes_late(clockwork):
    clockwork.wire.late_ms = 300
    assert len(clockwork.exchange(_request(2))) == 9
    assert clockwork.last[0][0] == 9 * 1041666 + 320_000_000


def test_a_pause_in_a_frame_ends_it_and_half_a_character_less_does_not(clockwork):
    frame = _request()
    for pause_ns, reply_bytes, requests in ((3 * 1041666, 81, 1), (3_645_832, 0, 3)):
        clockwork.wire.step(clockwork.now_ns, frame[:4])
        clockwork.now_ns += 4 * 1041666 + pause_ns
        assert len(clockwork.exchange(frame[4:])) == reply_bytes
        assert clockwork.wire.counts.requests == requests


def test_silence_leaves_a_request_without_answer(clockwork):
    clockwork.wire.silent = True
    assert clockwork.exchange(_request()) == b""
    assert clockwork.wire.counts.unanswered == 1
    clockwork.wire.reset_faults()
    assert len(clockwork.exchange(_request())) == 81


def test_a_damaged_answer_has_a_bad_crc(clockwork):
    clockwork.wire.bad_crc_pct = 100
    assert not crc.intact(clockwork.exchange(_request()), 0, 81)
    assert clockwork.wire.counts.spoilt == 1


def test_a_stray_zero_comes_before_the_answer(clockwork):
    clockwork.wire.stray = True
    reply = clockwork.exchange(_request(2))
    assert reply[:2] == b"\x00\x01"
    assert rtu.check(reply, 1, 10, 1, 4, 2) == rtu.OK


def test_with_echo_the_sender_hears_itself_first(clockwork):
    clockwork.wire.echo = True
    reply = clockwork.exchange(_request(2))
    assert reply[:8] == _request(2)
    assert rtu.check(reply, 8, 17, 1, 4, 2) == rtu.OK


def test_two_talkers_garble_each_other(clockwork):
    wire = clockwork.wire
    clockwork.step(_request())
    while len(clockwork.arrived) < 20:
        clockwork.now_ns = wire.due_ns()
        clockwork.step()
    reply = clockwork.exchange(_request())  # into the answer; it is garbled too, so it has none
    assert len(reply) == 81 and wire.counts.requests == 2
    assert rtu.check(reply, 0, 81, 1, 4, 38) == rtu.BAD_CRC
    assert wire.counts.collisions == 8
    assert rtu.check(clockwork.exchange(_request()), 0, 81, 1, 4, 38) == rtu.OK


def test_a_master_at_the_wrong_speed_is_not_understood():
    """Proves: SEN-5+"""
    clockwork = Clockwork(speed=2400)
    assert clockwork.exchange(_request()) == b""
    assert clockwork.wire.counts.misheard == 1
    clockwork.close()


def test_on_the_real_clock_no_byte_arrives_before_its_time_and_the_wire_outlives_who_had_it_open():
    """How much later depends on who else is there."""
    with PtyWire(Meter(House()), think_ms=20) as wire:
        for _ in range(2):
            began_ns, fd = time.monotonic_ns(), opened(wire.path, 9600)
            os.write(fd, _request())
            reply = b""
            while len(reply) < 81:
                assert select.select([fd], [], [], 60)[0], reply
                reply += os.read(fd, 512)
            end_ns = time.monotonic_ns()
            os.close(fd)
            assert rtu.check(reply, 0, 81, 1, 4, 38) == rtu.OK
            exchange = wire.exchanges[-1]
            assert began_ns <= exchange.start_ns and exchange.answer_start_ns - exchange.end_ns >= 20_000_000
            assert end_ns >= exchange.answer_end_ns == exchange.answer_start_ns + 81 * wire.character_ns
