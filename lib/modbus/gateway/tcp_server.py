"""Modbus TCP server for a gateway: connections, their limits, and nothing about Modbus but the framing.

Eight clients or more at once, each with several transactions open. Who is silent for too long, leaves a request half
sent, or does not take its replies, is dropped. If all places are taken, the one that was of no use for the longest time
gives way to the next who comes, as the guide wants it. Every connection costs bounded memory, about 1 kB.
"""

import asyncio
from http.listener import Connection, Listener

import clock
from micropython import const
from modbus.wire import tcp

_STEP_MS = const(10)
_RESERVE = const(1280)  # bytes of memory in one piece: more than the largest that a client takes
_FRAME_MS = const(3000)  # from the first byte of a request to its last
_TAKE_MS = const(5000)  # a client takes its replies within this time
_FIRST_MS = const(300)  # whoever asked nothing since it came gives way after this time,
_UNUSED_MS = const(5000)  # whoever asked nothing lately after this one
_READS = const(16)  # reads of sockets in one step, of all clients in equal shares; a read brings one request at most


class _Client(Connection):
    """One connection; what gateway.Gateway wants of a client."""

    def __init__(self, server, sock, may_write):
        super().__init__(sock)
        self.may_write = may_write
        self.turn = None
        self.reads = 1  # times that it may still be heard in this step
        self.lost = False
        self.stream = tcp.Stream()
        self.begun_at = None  # the first byte of the request that is coming
        self.kept_at = None  # since when it does not take its replies
        self._server = server
        self._kept = b""  # replies that it did not take yet

    def answer(self, transaction, unit, buffer, at, count):
        """Send a reply PDU, or keep it if the client does not take it now."""
        if self.lost:
            return
        out = self._server.out
        out[tcp.HEADER : tcp.HEADER + count] = memoryview(buffer)[at : at + count]
        length = tcp.head(out, transaction, unit, count)
        sent = 0 if self._kept else self._send(out, length)
        if sent < length and not self.lost:
            self._kept += bytes(memoryview(out)[sent:length])
            if self.kept_at is None:
                self.kept_at = clock.ticks_ms()

    def flush(self):
        """Send what was kept, as far as the client takes it."""
        sent = self._send(self._kept, len(self._kept))
        if sent:
            self._kept = self._kept[sent:]
            self.kept_at = clock.ticks_ms() if self._kept else None

    def _send(self, buffer, count):
        try:
            return self.socket.write(buffer, count) or 0
        except OSError:  # gone; its task ends by itself or is ended by look()
            self.lost = True
            return 0

    def look(self, now):
        """Send what was kept; return True if it is lost or over one of its limits."""
        if self.kept_at is not None:
            self.flush()
        if self.lost or (self.kept_at is not None and clock.ticks_diff(now, self.kept_at) > _TAKE_MS):
            return True
        if self.begun_at is not None and clock.ticks_diff(now, self.begun_at) > _FRAME_MS:
            return True
        return not self.open and clock.ticks_diff(now, self.since) > self._server.idle_ms

    def left(self):
        """Withdraw what it asked for."""
        self.lost = True
        self._server.gateway.leave(self)

    async def serve(self):
        """Hear requests until the other side closes, or is out of step."""
        reader = asyncio.StreamReader(self.socket)
        while not self.lost:
            if self._may_speak():
                received = await reader.read(self.stream.wanted())
                if not received or not self._hear(received):
                    return
            else:
                await asyncio.sleep_ms(_STEP_MS)
                self.flush()

    def _may_speak(self):
        """Return True if it is heard now; else what it sends stays in its socket, and TCP slows it down.

        Its share depends on nobody else. Who does not take its replies is not heard either.
        """
        return self.reads > 0 and self.kept_at is None and self._server.gateway.has_room(self)

    def _hear(self, received):
        """Hand the request in what came, if it is complete, to the gateway; return False if the stream is broken."""
        self.reads -= 1
        stream = self.stream
        at, count = 0, len(received)
        while at < count:
            at = stream.take(received, at, count)
            if stream.broken:
                return False
            if stream.ready:
                self.asked = True
                self.since = clock.ticks_ms()
                self.begun_at = None
                gateway = self._server.gateway
                gateway.submit(self, stream.transaction, stream.unit, stream.buffer, tcp.HEADER, stream.count)
        if not stream.begun():
            self.begun_at = None
        elif self.begun_at is None:
            self.begun_at = clock.ticks_ms()
        return True


class Server(Listener):
    """Listens on address and port and lets clients ask a Gateway. run() owns it."""

    out = None  # of all servers: whichever reply is just being sent

    def __init__(self, gateway, address, port, idle_ms, places=8, writers=()):
        """idle_ms: a client that asks nothing for so long is dropped; places: connections at once, as the network
        stack has room for; writers: addresses "a.b.c.d" that may write.

        Raises OSError if the port is taken or not allowed.
        """
        self.gateway = gateway
        self.idle_ms = idle_ms
        Server.out = Server.out or bytearray(tcp.LONGEST)
        self._writers = writers
        super().__init__(address, port, self._client, places, _FIRST_MS, _UNUSED_MS, _RESERVE)

    def clients(self):
        """Return the number of connections."""
        return len(self.connections)

    def step(self):
        """Take new connections, see to the limits, move the gateway on; to be called every 10 ms or so."""
        super().step()
        share = max(_READS // max(len(self.connections), 1), 1)
        for client in self.connections:
            client.reads = share
        self.gateway.step()

    async def run(self, beat):
        """Serve until cancelled."""
        try:
            while True:
                beat()
                self.step()
                await asyncio.sleep_ms(_STEP_MS)
        finally:
            self.close()

    def _client(self, sock, peer):
        return _Client(self, sock, peer in self._writers)
