"""The paced wire: times, faults and two talkers, seen from the far end as a master sees them."""

import json
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

_CHARACTER_S = 10 / 9600
_TOLERANCE = 0.10


def _request(count=38, unit=1, address=0):
    out = bytearray(8)
    rtu.request(out, unit, 4, address, count)
    return bytes(out)


class Master:
    """Opens the terminal at a speed and exchanges raw frames."""

    def __init__(self, path, speed=termios.B9600):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        attributes = termios.tcgetattr(self.fd)
        attributes[4] = attributes[5] = speed
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    def send(self, frame):
        os.write(self.fd, frame)

    def hear(self, count, timeout_s=1.0):
        """Return (bytes, [time of arrival of each piece])."""
        found, at_s = b"", []
        deadline_s = time.monotonic() + timeout_s
        while len(found) < count and (left_s := deadline_s - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left_s)[0]:
                found += os.read(self.fd, 512)
                at_s.append(time.monotonic())
        return found, at_s

    def close(self):
        os.close(self.fd)


@pytest.fixture
def wire():
    with PtyWire(Meter(House()), think_ms=20) as made:
        yield made


@pytest.fixture
def master(wire):
    made = Master(wire.path)
    yield made
    made.close()


def test_an_exchange_takes_the_time_of_its_bytes(wire, master):
    """Proves: BEN-3+"""
    wanted_s = (8 + 81) * _CHARACTER_S + 0.020
    took = []
    for _ in range(7):
        start_s = time.monotonic()
        master.send(_request())
        reply, _ = master.hear(81)
        took.append(time.monotonic() - start_s)
        assert rtu.check(reply, 0, 81, 1, 4, 38) == rtu.OK
        time.sleep(0.02)
    median_s = sorted(took)[3]
    ratio = median_s / wanted_s
    how = "89 bytes at 9600 8N1, measured over calculated"
    print(json.dumps({"figure": "wire_time_ratio", "value": round(ratio, 3), "unit": "1", "how": how}))
    assert 1 - _TOLERANCE < ratio < 1 + _TOLERANCE


def test_bytes_arrive_one_after_the_other(wire, master):
    master.send(_request())
    reply, at_s = master.hear(81)
    assert len(reply) == 81
    assert len(at_s) > 20  # not in one piece
    assert at_s[-1] - at_s[0] == pytest.approx(80 * _CHARACTER_S, rel=0.3)


def test_the_think_time_runs_from_the_end_of_the_request(wire, master):
    wire.think_ms = 100
    master.send(_request())
    master.hear(81)
    exchange = wire.exchanges[-1]
    assert exchange.answer_start_ns - exchange.end_ns == pytest.approx(100e6, abs=5e6)


def test_a_frame_in_two_pieces_within_the_silence_is_one_frame(wire, master):
    frame = _request()
    master.send(frame[:4])
    master.send(frame[4:])
    assert len(master.hear(81)[0]) == 81
    assert wire.counts.requests == 1


def test_a_pause_in_a_frame_ends_it(wire, master):
    frame = _request()
    master.send(frame[:4])
    time.sleep(0.05)
    master.send(frame[4:])
    assert master.hear(1, 0.2)[0] == b""
    assert wire.counts.requests == 2


def test_silence_leaves_a_request_without_answer(wire, master):
    wire.silent = True
    master.send(_request())
    assert master.hear(1, 0.25)[0] == b""
    assert wire.counts.unanswered == 1
    wire.reset_faults()
    master.send(_request())
    assert len(master.hear(81)[0]) == 81


def test_a_late_answer_comes_late(wire, master):
    wire.late_ms = 300
    start_s = time.monotonic()
    master.send(_request(2))
    reply, _ = master.hear(9, 2)
    assert len(reply) == 9
    assert 0.3 < time.monotonic() - start_s < 0.6


def test_a_damaged_answer_has_a_bad_crc(wire, master):
    wire.bad_crc_pct = 100
    master.send(_request())
    reply, _ = master.hear(81)
    assert not crc.intact(reply, 0, 81)
    assert wire.counts.spoilt == 1


def test_a_stray_zero_comes_before_the_answer(wire, master):
    wire.stray = True
    master.send(_request(2))
    reply, _ = master.hear(10)
    assert reply[:2] == b"\x00\x01"
    assert rtu.check(reply, 1, 10, 1, 4, 2) == rtu.OK


def test_with_echo_the_sender_hears_itself_first(wire, master):
    wire.echo = True
    master.send(_request(2))
    reply, _ = master.hear(17)
    assert reply[:8] == _request(2)
    assert rtu.check(reply, 8, 17, 1, 4, 2) == rtu.OK


def test_two_talkers_garble_each_other(wire, master):
    master.send(_request())
    first, _ = master.hear(20)
    master.send(_request())
    rest, _ = master.hear(81 - len(first))
    reply = first + rest
    assert rtu.check(reply, 0, len(reply), 1, 4, 38) == rtu.BAD_CRC
    assert wire.counts.collisions == 8
    assert master.hear(1, 0.2)[0] == b""  # the second request was garbled too
    master.send(_request())
    assert rtu.check(master.hear(81)[0], 0, 81, 1, 4, 38) == rtu.OK


def test_a_master_at_the_wrong_speed_is_not_understood(wire):
    """Proves: SEN-5+"""
    master = Master(wire.path, termios.B2400)
    master.send(_request())
    assert master.hear(1, 0.25)[0] == b""
    assert wire.counts.misheard == 1
    master.close()


def test_the_wire_outlives_who_had_it_open(wire):
    for _ in range(2):
        master = Master(wire.path)
        master.send(_request(2))
        assert len(master.hear(9)[0]) == 9
        master.close()


def test_a_slower_wire_takes_longer():
    with PtyWire(Meter(House()), baud=2400, think_ms=20) as wire:
        master = Master(wire.path, termios.B2400)
        start_s = time.monotonic()
        master.send(_request())
        assert len(master.hear(81)[0]) == 81
        assert time.monotonic() - start_s == pytest.approx(89 * 10 / 2400 + 0.02, rel=0.15)
        master.close()
