# heap: 2m
"""Whose turn it is on the line: deadlines, clients of a gateway, slaves that fail, and an event loop that is held up."""

import asyncio
import time

import clock
from modbus.master import master, reply
from modbus.master.job import Job
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import request_pdu, rtu
from wire import Line, frame

SILENCE_US = rtu.silence_us(9600, "N")


def _answer(f):
    return [(15000, frame("%02x%02x%02x" % (f[0], f[1], 2 * f[5]) + "0001" * f[5]))]


def _slave(unit=1, most_ms=300):
    return Slave(unit, Pacing(SILENCE_US, SILENCE_US, most_ms=most_ms))


class Times:
    """Keeps when exchanges of a job were over, in ms, and how."""

    def __init__(self):
        self.at = []
        self.statuses = []

    def done(self, job, status, *_):
        self.at.append(time.passed_ms())
        self.statuses.append(status)

    def client(self, status, *_):
        self.done(None, status)


def _run(bus, ms, beside=None):
    async def main():
        task = asyncio.create_task(bus.run(lambda: None))
        other = asyncio.create_task(beside()) if beside else None
        await asyncio.sleep_ms(ms)
        task.cancel()
        if other:
            other.cancel()

    asyncio.run(main())


def test_a_slow_read_is_not_starved_by_fast_ones_that_fill_the_bus():
    """Proves: COM-9+"""
    bus = master.Master(Line(_answer), 9600, "N")
    slave, fast, slow = _slave(), Times(), Times()
    for address in (0, 100, 200):
        bus.add(Job(slave, fast.done, 100).read(4, address, 40))  # three of them need 400 ms
    bus.add(Job(slave, slow.done, 5000).read(4, 300, 10))
    _run(bus, 60000)
    gaps = [b - a for a, b in zip(slow.at, slow.at[1:])]
    assert len(slow.at) >= 11 and max(gaps) < 5500, gaps
    assert len(fast.at) > 350


def test_a_fast_read_goes_before_a_slow_one_that_is_not_late():
    bus = master.Master(Line(_answer), 9600, "N")
    slave, order = _slave(), []
    bus.add(Job(slave, lambda job, *_: order.append("slow"), 5000).read(4, 300, 10))
    bus.add(Job(slave, lambda job, *_: order.append("fast"), 250).read(4, 0, 10))
    _run(bus, 200)
    assert order[:2] == ["fast", "slow"]


def _with_clients(every_ms):
    """Return (times of the bridge's own reads, times of a client that always wants more)."""
    bus = master.Master(Line(_answer), 9600, "N")
    own, client = Times(), Times()
    bus.add(Job(_slave(), own.done, every_ms).read(4, 0, 20))
    asked = bytearray(260)
    end = request_pdu.two_words(asked, 0, 4, 50, 20)

    async def greedy():
        while True:
            while bus.forward(9, asked, end, client.client):
                pass
            await asyncio.sleep_ms(5)

    _run(bus, 30000, greedy)
    return own.at, client.at


def test_clients_get_what_the_bridge_leaves():
    """Proves: COM-9+"""
    own, client = _with_clients(250)
    assert len(own) >= 115 and len(client) > 150, (len(own), len(client))  # 30 s at 250 ms


def test_on_a_full_bus_clients_get_every_third_exchange():
    """Proves: COM-9+"""
    own, client = _with_clients(1)
    assert 0.3 < len(client) / (len(own) + len(client)) < 0.36, (len(own), len(client))


def test_a_client_may_take_its_request_back_until_it_is_sent():
    bus = master.Master(Line(_answer), 9600, "N")
    client = Times()
    asked = b"\x04\x00\x00\x00\x02"
    assert bus.forward(1, asked, 5, client.client)
    assert bus.withdraw(client.client) is False  # a bound method is another object each time
    done = client.client
    assert bus.forward(1, asked, 5, done)
    assert bus.withdraw(done) and not bus.withdraw(done)
    _run(bus, 500)
    assert len(client.at) == 1


def test_the_least_period_holds_for_all_who_use_the_line():
    """Proves: PLA-1+"""
    line = Line(_answer)
    bus = master.Master(line, 9600, "N", 1000)
    own, client = Times(), Times()
    bus.add(Job(_slave(247, 1000), own.done, 1000).read(4, 30003, 10))

    async def greedy():
        while True:
            for unit in (1, 2, 247):
                bus.forward(unit, b"\x03\x00\x05\x00\x02", 5, client.client)
            await asyncio.sleep_ms(50)

    _run(bus, 60000, greedy)
    starts = [at - len(f) * 1042 for at, f in line.sent]
    assert min([b - a for a, b in zip(starts, starts[1:])]) >= 1000000
    assert len(client.at) >= 15 and len(own.at) >= 35, (len(own.at), len(client.at))


def test_a_read_that_got_lost_is_repeated_at_once_not_at_the_next_poll():
    count = [0]

    def far_end(f):
        count[0] += 1
        return None if count[0] == 4 else _answer(f)

    bus = master.Master(Line(far_end), 9600, "N")
    seen = Times()
    bus.add(Job(_slave(), seen.done, 2000).read(4, 0, 10))
    _run(bus, 9000)
    lost = seen.statuses.index(rtu.SILENT)
    assert seen.statuses[lost + 1] == rtu.OK
    assert seen.at[lost + 1] - seen.at[lost] < 400, seen.at


def test_an_event_loop_that_was_held_up_is_not_taken_for_a_slow_slave():
    """Proves: SEN-3+"""
    slave = _slave(most_ms=1000)
    bus = master.Master(Line(_answer), 9600, "N")
    seen = Times()
    bus.add(Job(slave, seen.done, 100).read(4, 0, 10))

    async def hold():
        await asyncio.sleep_ms(2000)
        for _ in range(10):
            time.sleep_ms(700)
            await asyncio.sleep_ms(330)

    _run(bus, 12000, hold)
    assert set(seen.statuses) == {rtu.OK}
    assert slave.pace.timeout_ms() < 200, slave.pace.snapshot()


def _longest_wait(bus, ms):
    """Return the longest time in ms that the master let another task wait."""
    turns = [time.passed_ms()]

    async def beside():
        while True:
            turns.append(time.passed_ms())
            await asyncio.sleep_ms(1)

    _run(bus, ms, beside)
    return max([b - a for a, b in zip(turns, turns[1:])])


def test_while_a_slave_rests_or_thinks_the_others_go_on():
    """Proves: COM-9+, REL-1+"""
    line = Line(lambda f: [(300000, _answer(f)[0][1])])
    bus = master.Master(line, 9600, "N")
    slave = Slave(1, Pacing(600000))  # 600 ms of rest, 300 ms of thought
    seen = Times()
    bus.add(Job(slave, seen.done, 100).read(4, 0, 10))
    # Sending 8 bytes takes 9 ms, and for the end of a rest and of a frame the processor is kept.
    assert _longest_wait(bus, 20000) < 40
    assert len(seen.at) >= 18 and set(seen.statuses) == {rtu.OK}
    sent_us = [at for at, _ in line.sent]
    rests_us = [b - a - 300000 - (25 + 8) * 1042 for a, b in zip(sent_us, sent_us[1:])]
    rests_us.pop(0)  # the very first one is the ceiling
    assert 600000 <= min(rests_us) and max(rests_us) < 620000, rests_us


def test_noise_without_a_pause_does_not_hold_up_the_others():
    """Proves: COM-9+, REL-1+"""
    noise = bytes([(37 * i + i // 7) & 0xFF for i in range(1400)])
    bus = master.Master(Line(lambda f: [(3000, noise)]), 9600, "N")
    seen = Times()
    bus.add(Job(_slave(most_ms=1000), seen.done, 100).read(4, 0, 10))
    assert _longest_wait(bus, 20000) < 40
    assert len(seen.at) >= 4 and set(seen.statuses) == {rtu.BAD_CRC}


def test_who_listens_in_hears_what_the_bridge_asks_and_not_what_clients_ask():
    bus = master.Master(Line(_answer), 9600, "N")
    client, heard = Times(), []

    def tap(unit, function, address, quantity, status, frame, at, asked_at):
        heard.append((unit, function, address, quantity, status, bytes(frame[at : at + 2 * quantity])))

    bus.tap = tap
    bus.add(Job(_slave(), Times().done, 100).read(4, 20, 2))
    bus.forward(9, b"\x04\x00\x00\x00\x02", 5, client.client)
    _run(bus, 3000)
    assert client.statuses == [rtu.OK] and len(heard) > 3
    assert set(heard) == {(1, 4, 20, 2, rtu.OK, b"\x00\x01\x00\x01")}


def test_a_dead_slave_takes_no_more_than_a_twentieth_of_the_bus_beside_a_living_one():
    """Proves: COM-9+"""
    began = [0, 0]  # us, unit
    spent_us = [0, 0, 0]

    def far_end(f):
        now_us = time.passed_ms() * 1000 - 8 * 1042
        spent_us[began[1]] += now_us - began[0]
        began[:] = now_us, f[0]
        line.sent.clear()
        return _answer(f) if f[0] == 1 else None

    line = Line(far_end)
    bus = master.Master(line, 9600, "N")
    alive, dead = Times(), Times()
    bus.add(Job(Slave(1, Pacing(SILENCE_US)), alive.done, 1).read(4, 0, 20))
    bus.add(Job(Slave(2, Pacing(SILENCE_US)), dead.done, 1).read(4, 0, 20))
    _run(bus, 300000)
    assert 0 < spent_us[2] < 0.05 * 300e6, spent_us
    assert len(dead.at) > 8 and len(alive.at) > 3000


def test_noise_between_two_exchanges_is_counted_as_stray():
    line = Line(_answer)
    bus = master.Master(line, 9600, "N")
    seen = Times()
    bus.add(Job(_slave(), seen.done, 500).read(4, 0, 10))

    async def noise():
        await asyncio.sleep_ms(900)
        line.coming.append((0, 0x55))

    _run(bus, 3000, noise)
    assert set(seen.statuses) == {rtu.OK}
    assert bus.counts[reply.STRAY] == 1


def test_a_slave_that_only_clients_ask_is_asked_again_after_a_week():
    """Its stamps would have gone round half the ticks by then. Proves: COM-9+"""
    answers = [False]
    bus = master.Master(Line(lambda f: _answer(f) if answers[0] else None), 9600, "N")
    client = Times()
    asked = b"\x04\x00\x00\x00\x02"

    async def story():
        for _ in range(4):
            bus.forward(9, asked, 5, client.client)
            await asyncio.sleep_ms(12000)
        first = bus._clients._slaves[0][0]
        bus.forward(9, asked, 5, client.client)
        assert bus._clients._slaves[0][0] is first
        answers[0] = True
        for _ in range(7 * 24):
            time.sleep_ms(3600000)
            clock.seconds()
        bus.forward(9, asked, 5, client.client)
        assert bus._clients._slaves[0][0] is not first

    _run(bus, 60000 + 7 * 24 * 3600000, story)
    assert client.statuses[0] == rtu.SILENT and client.statuses[-1] == rtu.OK, client.statuses
