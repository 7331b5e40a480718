"""Every function of the book through the master, against a slave of our own library; and broadcasts."""

import asyncio
import time

from modbus.master import master
from modbus.master.job import Job
from modbus.master.request import Request
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import functions, request_pdu, rtu
from server_rig import OBJECTS, Rig
from wire import Line

SILENCE_US = rtu.silence_us(9600, "N")


class Far:
    """A slave at the end of the line, after 5 ms."""

    def __init__(self, echo=False):
        self.rig = Rig()
        self.echo = echo

    def __call__(self, frame):
        out = bytearray(256)
        size = self.rig.server.answer(frame, len(frame), out)
        coming = [(0, frame)] if self.echo else []
        return coming + ([(5000, bytes(out[:size]))] if size else [])


def _ask(far, *requests, unit=1):
    """Return [(status, reply PDU)] of request PDUs built by (function, arguments)."""
    line = Line(far)
    bus = master.Master(line, 9600, "N")
    slave = Slave(unit, Pacing(SILENCE_US, SILENCE_US, most_ms=300))
    got = []

    def done(job, status, frame, at, count):
        got.append((status, bytes(frame[at : at + count])))
        bus.stopped = len(got) == len(requests)

    async def main():
        for build, arguments in requests:
            out = bytearray(260)
            end = build(out, 1, *arguments)
            bus.add(Request(slave, out[1:end], end - 1, done))
        await asyncio.wait_for_ms(bus.run(lambda: None), 20000)

    asyncio.run(main())
    return got, bus, line


ALL = (
    (request_pdu.two_words, (functions.READ_COILS, 0, 3)),
    (request_pdu.two_words, (functions.READ_DISCRETE, 0, 3)),
    (request_pdu.two_words, (functions.READ_HOLDING, 2, 2)),
    (request_pdu.two_words, (functions.READ_INPUT, 2, 1)),
    (request_pdu.two_words, (functions.WRITE_COIL, 1, 0xFF00)),
    (request_pdu.two_words, (functions.WRITE_REGISTER, 3, 0x1234)),
    (request_pdu.diagnose, (0, 0xA537)),
    (request_pdu.write_coils, (4, (1, 0, 1))),
    (request_pdu.write_registers, (7, (1, 2, 3))),
    (request_pdu.mask_register, (8, 0x00F2, 0x0025)),
    (request_pdu.read_write, (7, 3, 20, (9, 8))),
    (request_pdu.identify, (1, 0)),
    (request_pdu.two_words, (functions.READ_HOLDING, 50, 1)),
    (request_pdu.two_words, (functions.READ_HOLDING, 999, 1)),
)
WANTED = (
    "010101", "020106", "030410021003", "04021002", "050001ff00", "0600031234", "080000a537", "0f00040003", "1000070003",
    "16000800f20025", "1706" + "0001" + "0007" + "0003",
)  # fmt: skip


def _all(echo):
    far = Far(echo)
    got, bus, line = _ask(far, *ALL)
    assert [reply.hex() for _, reply in got[: len(WANTED)]] == list(WANTED), [r[1].hex() for r in got]
    assert [status for status, _ in got] == [0] * 12 + [4, 2]
    objects, more = request_pdu.objects(got[11][1], 0, len(got[11][1]))
    assert objects == [(n, text) for n, text in OBJECTS[:3]] and more is None
    words, coils = far.rig.bank.words, far.rig.bank.coils
    assert (words[3], words[7:10], words[20:22]) == (0x1234, [1, (2 & 0xF2) | (0x25 & ~0xF2), 3], [9, 8])
    assert (coils[1], coils[4:7]) == (True, [True, False, True])
    return bus


def test_every_function_gets_its_reply():
    bus = _all(False)
    assert dict(zip(bus.count_names, bus.counts))["good"] == 12


def test_every_function_works_on_a_line_that_echoes():
    """Proves: REL-1+"""
    bus = _all(True)
    assert dict(zip(bus.count_names, bus.counts))["echo"] == len(ALL)


def test_an_echo_alone_is_never_taken_for_a_write_that_was_carried_out():
    """Proves: REL-1+, PLA-2+"""

    def dead(frame):
        return [(0, frame)]

    got, bus, _ = _ask(dead, ALL[2], ALL[5], ALL[8])
    assert [status for status, _ in got] == [rtu.SILENT] * 3, got


def test_a_broadcast_is_given_time_and_awaits_no_reply():
    far = Far()
    got, bus, line = _ask(far, ALL[5], ALL[8], unit=0)
    assert got[0][0] == got[1][0] == rtu.OK
    assert far.rig.bank.words[3] == 0x1234 and far.rig.bank.words[7:10] == [1, 2, 3]
    pause_us = line.sent[1][0] - len(line.sent[1][1]) * 1042 - line.sent[0][0]
    assert 100000 <= pause_us < 125000, pause_us  # V1.02, 2.4.1: 100 to 200 ms


def test_a_slave_told_to_listen_only_is_not_awaited():
    far = Far()
    got, bus, line = _ask(far, (request_pdu.diagnose, (4, 0)), ALL[2])
    assert [status for status, _ in got] == [rtu.OK, rtu.SILENT]


def test_a_job_that_writes_is_sent_once_whatever_comes_of_it():
    """Proves: PLA-2+"""
    line = Line(lambda frame: None)
    bus = master.Master(line, 9600, "N")
    slave = Slave(1, Pacing(SILENCE_US, SILENCE_US, most_ms=300))
    slave.answered = True
    got = []
    job = Job(slave, lambda job, status, *_: got.append(status)).write(40042, (0, 3000))
    bus.add(job).ask(time.ticks_ms())

    async def main():
        task = asyncio.create_task(bus.run(lambda: None))
        await asyncio.sleep_ms(5000)
        task.cancel()

    asyncio.run(main())
    assert got == [rtu.SILENT] and len(line.sent) == 1
