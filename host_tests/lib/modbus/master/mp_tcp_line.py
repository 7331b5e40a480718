# heap: 1m
"""The plant over Modbus TCP: a server in memory that is slow, half there, garbled or gone, and the master before it."""

import asyncio
import time

import memory_sockets
from modbus.master import tcp_line
from modbus.master.job import Job
from modbus.master.master import Master
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import rtu

PORT = 1502


class _Select:
    POLLOUT = 4
    poll = memory_sockets.Poller


tcp_line.socket, tcp_line.select = memory_sockets, _Select


class Server:
    """Takes one connection at a time and answers each read with its own address in every register."""

    def __init__(self):
        self.door = memory_sockets.socket()
        self.door.bind(("", PORT))
        self.door.listen(4)
        self.sockets = []
        self.requests = []  # (ms, transaction, unit, function, address)
        self.think_ms = 20
        self.deaf = False  # accepts, and says nothing
        self.spoil = lambda answer: (answer,)  # pieces that go out, one each 5 ms

    async def run(self):
        while True:
            await asyncio.sleep_ms(5)
            if self.door and self.door._waiting:
                self.sockets.append(self.door.accept()[0])
            for s in self.sockets:
                request = s.read(260) if s._is_open else None
                if request and len(request) >= 12:
                    self.answering = asyncio.create_task(self._answer(s, request))

    async def _answer(self, s, request):
        address = request[8] << 8 | request[9]
        self.requests.append((time.passed_ms(), request[0] << 8 | request[1], request[6], request[7], address))
        if self.deaf:
            return
        await asyncio.sleep_ms(self.think_ms)
        if request[7] > 4:
            pdu = request[7:12]
        else:
            values = (request[8:10] * 125)[: 2 * request[11]]
            pdu = bytes((request[7], len(values))) + values
        for piece in self.spoil(request[:4] + bytes((0, len(pdu) + 1)) + request[6:7] + pdu):
            if s._is_heard():
                s.write(piece)
            await asyncio.sleep_ms(5)

    def close(self):
        """End all connections, and let nobody in any more."""
        self.door.close()
        for s in self.sockets:
            s.close()


class Site:
    """A master that polls two things of unit 247 each second, at the server."""

    def __init__(self, network=lambda: True):
        self.server = Server()
        self.line = tcp_line.Line("192.0.2.7", PORT, network)
        self.bus = Master(self.line, 115200, "N", 1000)
        self.slave = Slave(247, Pacing(1750, 1750, 1000, 1000))
        self.told = []  # (status, address asked, value)
        for address in (30031, 30051):
            self.bus.add(Job(self.slave, self._done, 1000).read(4, address, 2))

    def _done(self, job, status, frame, at, count):
        value = frame[at + 2] << 8 | frame[at + 3] if status == rtu.OK else None
        self.told.append((status, job.address, value))

    async def run(self, ms):
        if self.server not in running:
            running.append(self.server)
            self._tasks = [asyncio.create_task(self.server.run()), asyncio.create_task(self.bus.run(lambda: None))]
        await asyncio.sleep_ms(ms)

    def good(self):
        """Return how many answers there were, none of them of another register."""
        values = [row for row in self.told if row[0] == rtu.OK]
        assert [row for row in values if row[1] != row[2]] == []
        return len(values)


running = []


async def test_reads_go_out_as_tcp_and_answers_come_back_at_the_plants_pace():
    """Proves: PLA-1+"""
    site = Site()
    await site.run(10500)
    assert 9 <= site.good() <= 11 and len(site.told) - site.good() == 0
    requests = site.server.requests
    assert {row[2:4] for row in requests} == {(247, 4)} and {row[4] for row in requests} == {30031, 30051}
    assert [row[1] for row in requests] == sorted({row[1] for row in requests})  # each with a number of its own
    apart = [after[0] - before[0] for before, after in zip(requests, requests[1:])]
    assert min(apart) >= 1000, apart
    assert len(site.server.sockets) == 1 and site.line.why == ""


async def test_an_answer_that_comes_late_twice_or_in_pieces_is_never_anothers():
    site = Site()
    site.server.spoil = lambda answer: (answer[:3], answer[3:9], answer[9:] + answer)  # and the whole once more
    await site.run(10500)
    assert site.good() >= 9 and len(site.server.sockets) == 1
    site.server.spoil = lambda answer: (answer,)
    site.server.think_ms = 1700
    before = site.good()
    await site.run(20000)
    assert site.good() <= before + 1 and site.slave.silent()
    assert len(site.server.sockets) == 1  # late is not dead: the connection stays
    site.server.think_ms = 900
    await site.run(40000)
    assert site.good() > before + 10 and not site.slave.silent()


async def test_a_connection_that_is_only_half_there_is_given_up_after_three_requests():
    site = Site()
    site.server.deaf = True
    await site.run(12000)
    assert (len(site.server.sockets) > 1 and site.slave.link() == "starting") or site.slave.silent()
    assert site.line.why == "192.0.2.7:1502 accepts a connection and answers nothing"
    assert len(site.server.requests) >= 3 * (len(site.server.sockets) - 1)
    assert not site.server.sockets[0]._other._is_open  # ours is closed
    site.server.deaf = False
    await site.run(30000)
    assert site.good() > 5 and site.line.why == ""


async def test_a_server_that_ends_or_is_gone_is_found_again_and_the_reason_told():
    """Proves: PLA-1+"""
    site = Site()
    await site.run(5000)
    before = site.good()
    site.server.close()
    await site.run(10000)
    assert site.good() <= before + 1 and site.slave.silent()
    assert site.line.why == "192.0.2.7:1502 refuses the connection"
    site.server.__init__()
    await site.run(30000)
    assert site.good() > before + 10 and site.line.why == "" and not site.slave.silent()
    for s in site.server.sockets:
        s.close()  # the server throws its clients out, as some do after a while
    before = len([row for row in site.told if row[0] != rtu.OK])
    await site.run(10000)
    assert len([row for row in site.told if row[0] != rtu.OK]) <= before + 1 and site.line.why == ""


async def test_what_is_no_modbus_tcp_is_left_and_said():
    site = Site()
    site.server.spoil = lambda answer: (b"HTTP/1.1 400 Bad Request\r\n\r\n",)
    await site.run(8000)
    assert site.good() == 0 and site.line.why == "192.0.2.7:1502 speaks no Modbus TCP", site.line.why
    assert len(site.server.requests) <= 8


async def test_without_a_network_nothing_is_opened():
    there = []
    site = Site(lambda: bool(there))
    await site.run(6000)
    assert site.server.sockets == [] and site.line.why == "192.0.2.7:1502 is not reached: there is no network"
    there.append(1)
    await site.run(20000)
    assert site.good() > 5 and site.line.why == ""


async def test_an_attempt_that_leads_nowhere_is_begun_anew_after_five_seconds():
    site = Site()
    opened = []

    class Lost(memory_sockets.socket):
        """Knocks where packets get lost."""

        def connect(self, address):
            opened.append(time.passed_ms())
            raise OSError(115)

        def ioctl(self, request, flags):
            return 0

    class Sockets:
        socket = Lost
        getaddrinfo = staticmethod(memory_sockets.getaddrinfo)

    tcp_line.socket = Sockets
    await site.run(40000)
    assert site.line.why == "192.0.2.7:1502 is not reached", site.line.why
    assert len(opened) >= 3 and min([b - a for a, b in zip(opened, opened[1:])]) >= 5000, opened
    tcp_line.socket = memory_sockets
    await site.run(40000)
    assert site.good() > 5


async def test_half_a_request_is_never_followed_by_another():
    site = Site()
    await site.run(3000)
    ours = site.server.sockets[0]._other
    write, taken = ours.write, []

    def little(content, count=None):
        taken.append(len(content))
        return write(content[:5]) if len(taken) == 1 else None  # and then its window is shut

    ours.write = little
    await site.run(3000)
    assert taken[:2] == [12, 7] and not ours._is_open
    assert len(site.server.sockets) == 2
    before = site.good()
    await site.run(10000)
    assert site.good() > before + 7 and site.line.why == ""


async def test_an_ended_line_holds_no_connection():
    site = Site()
    await site.run(3000)
    site.bus.stopped = True
    await site.run(2000)
    site.line.close()
    assert not site.server.sockets[0]._is_heard() and site.line.why == ""
