"""The master on the virtual clock, against far ends that answer well, late, wrongly or not at all."""

import asyncio
import time

from modbus.master import master, reply
from modbus.master.job import Job
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import functions, rtu
from wire import Line, frame

SILENCE_US = rtu.silence_us(9600, "N")
REPLY = frame("010404" + "43663334")


class Seen:
    def __init__(self):
        self.results = []
        self.at = []

    def done(self, job, status, frame, at, count):
        self.results.append((status, bytes(frame[at + 2 : at + count]) if status == 0 else b""))
        self.at.append(time.passed_ms())


def _slave(unit=1, rest_us=SILENCE_US):
    """Return a slave whose pace is known: no longer rest than t3.5 is tried."""
    return Slave(unit, Pacing(SILENCE_US, rest_us, most_ms=300))


def _bus(far_end, every_ms=100):
    line = Line(far_end)
    bus = master.Master(line, 9600, "N")
    slave = _slave()
    seen = Seen()
    bus.add(Job(slave, seen.done, every_ms).read(functions.READ_INPUT, 0, 2))
    return bus, line, slave, seen


def _run(bus, ms, until=lambda: False):
    """Let a master work for so long, or until something is true."""

    async def main():
        task = asyncio.create_task(bus.run(lambda: None))
        began = time.passed_ms()
        while time.passed_ms() - began < ms and not until():
            await asyncio.sleep_ms(1)
        task.cancel()

    asyncio.run(main())


def test_a_slave_is_polled_at_its_pace_and_its_registers_handed_over():
    """Proves: SEN-1"""
    bus, line, slave, seen = _bus(lambda f: [(10000, REPLY)])
    _run(bus, 1050)
    assert 10 <= len(seen.results) <= 11
    assert set(seen.results) == {(0, bytes.fromhex("43663334"))}
    assert slave.link() == "ok"


def test_a_glitch_and_an_echo_before_the_answer_are_recognised_and_counted():
    bus, line, slave, seen = _bus(lambda f: [(0, b"\x00"), (5000, REPLY)])
    _run(bus, 90)
    assert seen.results == [(0, bytes.fromhex("43663334"))]
    assert bus.counts[reply.GLITCHES] == 1
    bus, line, slave, seen = _bus(lambda f: [(0, f), (5000, REPLY)])
    _run(bus, 90)
    assert seen.results == [(0, bytes.fromhex("43663334"))]
    assert bus.counts[reply.ECHOES] == 1


def test_a_frame_split_by_a_pause_is_still_one_answer():
    bus, line, slave, seen = _bus(lambda f: [(5000, REPLY[:4]), (60000, REPLY[4:])])
    _run(bus, 99)
    assert [r[0] for r in seen.results] == [0]


def test_a_late_answer_is_not_taken_for_the_next_one():
    """Proves: REL-1+"""
    delays_us = [400000]

    def far_end(f):
        values = "40000000" if line.sent[1:] else "43663334"
        return [(delays_us.pop() if delays_us else 20000, frame("0104%02x" % (2 * f[5]) + values * (f[5] // 2)))]

    bus, line, slave, seen = _bus(far_end, every_ms=500)
    _run(bus, 900)
    assert seen.results == [(rtu.SILENT, b""), (0, bytes.fromhex("40000000"))]


def test_an_answer_of_another_unit_is_passed_over_and_the_right_one_awaited():
    stranger = frame("020404" + "11111111")
    bus, line, slave, seen = _bus(lambda f: [(5000, stranger), (20000, REPLY)])
    _run(bus, 95)
    assert seen.results == [(0, bytes.fromhex("43663334"))]
    assert bus.counts[reply.WRONG_UNIT] == 1


def test_an_exception_ends_the_exchange_early_and_counts_as_an_answer():
    bus, line, slave, seen = _bus(lambda f: [(5000, frame("018402"))])
    _run(bus, 99)
    assert [r[0] for r in seen.results] == [2]
    assert slave.link() == "ok"


def test_a_bad_crc_never_reaches_the_readings():
    bad = bytearray(REPLY)
    bad[5] ^= 0x10
    bus, line, slave, seen = _bus(lambda f: [(5000, bytes(bad))])
    _run(bus, 2000)
    assert {r[0] for r in seen.results} == {rtu.BAD_CRC}
    assert slave.link() == "noisy"


def test_each_way_to_fail_is_counted_under_its_own_name():
    bad = REPLY[:-1] + bytes((REPLY[-1] ^ 1,))
    for name, heard in (
        ("good", REPLY),
        ("exception", frame("018402")),
        ("silent", b""),
        ("short", REPLY[:-3]),
        ("bad_crc", bad),
        ("wrong_unit", frame("02040412345678")),
        ("wrong_unit", frame("0204021234")),  # shorter than what was asked for
        ("wrong_reply", frame("01040612345678abcd")),
        ("wrong_reply", frame("0104021234")),
    ):
        bus, line, slave, seen = _bus(lambda f, heard=heard: [(5000, heard)])
        _run(bus, 1000, lambda seen=seen: seen.results)
        counts = dict(zip(bus.count_names, bus.counts))
        assert counts.pop(name) == 1 and not sum(counts.values()), (name, counts)


def test_a_line_that_tells_no_tick_is_one_with_a_fine_tick():
    class Bare:
        def __init__(self, line):
            self.send, self.any, self.readinto = line.send, line.any, line.readinto

    bus = master.Master(Bare(Line(lambda f: [(5000, REPLY)])), 9600, "N")
    seen = Seen()
    bus.add(Job(_slave(), seen.done, 100).read(functions.READ_INPUT, 0, 2))
    _run(bus, 500)
    assert len(seen.results) >= 4


def test_a_silent_slave_is_asked_ever_more_seldom_and_comes_back():
    """Proves: COM-9+"""
    alive = [False]
    bus, line, slave, seen = _bus(lambda f: [(5000, REPLY)] if alive[0] else None)

    async def main():
        task = asyncio.create_task(bus.run(lambda: None))
        await asyncio.sleep_ms(120000)
        assert slave.link() == "silent"
        assert len(line.sent) < 20  # of 1200 polls
        alive[0] = True
        await asyncio.sleep_ms(11000)
        assert slave.link() == "ok"
        before = len(line.sent)
        await asyncio.sleep_ms(1000)
        assert len(line.sent) - before >= 9
        task.cancel()

    asyncio.run(main())


def test_two_requests_keep_their_least_period_and_the_urgent_one_goes_first():
    """Proves: PLA-1+"""
    line = Line(lambda f: [(50000, frame("f71000000002") if f[1] == 16 else frame("f70404" + "00000001"))])
    bus = master.Master(line, 9600, "N", 1000)
    slave = Slave(0xF7, Pacing(SILENCE_US, SILENCE_US, 1000, 1000))
    seen, wrote = Seen(), Seen()
    bus.add(Job(slave, seen.done, 1000).read(functions.READ_INPUT, 30005, 2))
    write = bus.add(Job(slave, wrote.done, urgent=True).write(40042, (0, 3000)))

    async def main():
        task = asyncio.create_task(bus.run(lambda: None))
        await asyncio.sleep_ms(3010)
        write.ask(time.ticks_ms())
        asked_ms = time.passed_ms()
        await asyncio.sleep_ms(4000)
        task.cancel()
        return asked_ms

    asked_ms = asyncio.run(main())
    times = [at - len(f) * 1042 for at, f in line.sent]  # of the first start bit
    assert min([b - a for a, b in zip(times, times[1:])]) >= 1000000, times
    after = [f[1] for at, f in line.sent if at > asked_ms * 1000 + 10000]
    assert after[0] == 16  # not behind the read that was due as well
    assert wrote.at[0] - asked_ms < 1150
