"""A gateway with its server, its bus and one slave on the virtual clock, and clients that ask it as fast as they may.

async def story(served): ... served.asker(0) ... await share(askers, 6)
run(story, think_ms=2)
"""

import asyncio
import time
from asyncio import core
from http import listener

import clock
import memory_sockets
from forwarding_bus import ForwardingBus
from modbus.gateway.gateway import COUNT_NAMES, Gateway
from modbus.gateway.tcp_server import Server
from modbus.master.master import Master
from modbus.wire import crc
from wire import Line

_PORT = 502
_LOOK_MS = 2
_HEADER, _EXCEPTION = 6, 0x80


class Served:
    """Everything behind the port: a meter with unit 1 at the end of the line, every other unit is silent.

    bus: "thin", which has no pace to learn (reply_ms, poll_ms: as ForwardingBus takes them), or "master".
    """

    def __init__(self, think_ms, bus="thin", reply_ms=300, poll_ms=0, freshness_ms=0, idle_ms=60000):
        listener.socket = memory_sockets
        core._io_queue.poller = memory_sockets.Poller()
        self._think_us = 1000 * think_ms
        self.line = Line(self._answer)
        if bus == "master":
            self.bus = Master(self.line, 9600, "N")
            self._running = self.bus.run(lambda: None)
        else:
            self.bus = ForwardingBus(self.line, 9600, "N", reply_ms, poll_ms)
            self._running = self.bus.run()
        self.gateway = Gateway(lambda: self.bus, freshness_ms, 1500)
        self.bus.tap = self.gateway.overheard
        self.server = Server(self.gateway, "127.0.0.1", _PORT, idle_ms)
        self.turns = 0  # of the event loop that gives 10 ms to everybody

    def count(self, name):
        """Return one of the gateway's counts."""
        return self.gateway.counts[COUNT_NAMES.index(name)]

    def asker(self, number, ahead=1, unit=1, function=4):
        return Asker(number, ahead, unit, function)

    async def live(self, story):
        tasks = [asyncio.create_task(t) for t in (self._running, self.server.run(lambda: None), self._watch())]
        await story(self)
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(1)

    async def _watch(self):
        while True:
            await asyncio.sleep_ms(10)
            self.turns += 1

    def _answer(self, request):
        if request[0] != 1:
            return ()
        reply = bytearray(request[:2]) + bytes((2 * request[5],)) + bytes(2 * request[5] + 2)
        crc.seal(reply, len(reply) - 2)
        return ((self._think_us, bytes(reply)),)


class Asker:
    """One client that reads registers of its own, two at a time.

    number: which client of eight; ahead: requests that it sends without waiting for replies; 0 = as many as the socket
    takes.
    """

    def __init__(self, number, ahead, unit, function):
        self.socket = connected()
        self.good = self.refused = 0
        self.longest_ms = 0
        self._requests = [read_request(2 * number + 16 * n, unit=unit, function=function) for n in range(5)]
        self._ahead = ahead
        self._open = 0
        self._rest = b""
        self._came = b""
        self._at = clock.ticks_ms()

    def ask(self):
        """Send what may be sent."""
        while self._rest or not self._ahead or self._open < self._ahead:
            if not self._rest:
                self._rest = self._requests[0] if self._ahead else b"".join(self._requests)
                self._open += 1
                self._at = clock.ticks_ms() if self._ahead == 1 else self._at
            sent = self.socket.write(self._rest)
            if sent is None:
                return
            self._rest = self._rest[sent:]

    def take(self):
        """Count the replies that came."""
        self._came += self.socket.read(65536) or b""
        while len(self._came) >= 9:
            length = _HEADER + self._came[5]
            if len(self._came) < length:
                break
            if self._came[7] & _EXCEPTION:
                self.refused += 1
            else:
                self.good += 1
            now = clock.ticks_ms()
            self.longest_ms = max(self.longest_ms, clock.ticks_diff(now, self._at))
            self._at = now
            self._open -= 1
            self._came = self._came[length:]


async def share(askers, seconds, meanwhile=lambda: None):
    """Let them ask for some seconds, and return the good replies that each got in them."""
    before = [asker.good for asker in askers]
    until_ms = time.passed_ms() + 1000 * seconds
    while time.passed_ms() < until_ms:
        for asker in askers:
            asker.take()
            asker.ask()
        meanwhile()
        await asyncio.sleep_ms(_LOOK_MS)
    return [asker.good - good for asker, good in zip(askers, before)]


def connected():
    """Return a socket that knocked at the gateway's port."""
    sock = memory_sockets.socket()
    sock.connect(memory_sockets.getaddrinfo("127.0.0.1", _PORT)[0][-1])
    return sock


def read_request(address, quantity=2, transaction=1, unit=1, function=4):
    """Return a request to read registers, as bytes with header."""
    return bytes((0, transaction, 0, 0, 0, 6, unit, function, 0, address, 0, quantity))


def run(story, think_ms, **options):
    """Let story(served) happen."""
    asyncio.run(Served(think_ms, **options).live(story))
