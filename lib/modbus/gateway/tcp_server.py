"""Modbus TCP server for a gateway: connections, their limits, and nothing about Modbus but the framing.

Eight clients or more at once, each with several transactions open. Who is silent for too long, leaves a request half
sent, or does not take its replies, is dropped. If all places are taken, the one that was of no use for the longest time
gives way to the next who comes, as the guide wants it. Every connection costs bounded memory, about 1 kB.
"""

import asyncio
import errno
import socket

import clock
import log
from micropython import const
from modbus.wire import tcp

_BACKLOG = const(8)
_STEP_MS = const(10)
_LOOK_MS = const(100)
_ACCEPTED = const(2)  # connections taken in one step, so that a storm of them leaves time for the rest
_FRAME_MS = const(3000)  # from the first byte of a request to its last
_TAKE_MS = const(5000)  # a client takes its replies within this time
_FIRST_MS = const(300)  # whoever asked nothing since it came gives way after this time,
_UNUSED_MS = const(5000)  # whoever asked nothing lately after this one
_READS = const(16)  # reads of sockets in one step, of all clients in equal shares; a read brings one request at most


class _Client:
    """One connection; what gateway.Gateway wants of a client."""

    def __init__(self, server, sock, may_write):
        self.may_write = may_write
        self.turn = None
        self.open = 0
        self.reads = 1  # times that it may still be heard in this step
        self.asked = False  # a whole request has come
        self.lost = False
        self.task = None
        self.stream = tcp.Stream()
        self.since = clock.ticks_ms()  # the last request, or the start
        self.begun_at = None  # the first byte of the request that is coming
        self.kept_at = None  # since when it does not take its replies
        self._server = server
        self.socket = sock
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
        except OSError:  # gone; its task ends by itself or is ended by step()
            self.lost = True
            return 0


class Server:
    """Listens on address and port and lets clients ask a Gateway. run() owns it."""

    def __init__(self, gateway, address, port, idle_ms, places=8, writers=()):
        """idle_ms: a client that asks nothing for so long is dropped; places: connections at once, as the network
        stack has room for; writers: addresses "a.b.c.d" that may write.

        Raises OSError if the port is taken or not allowed.
        """
        self._gateway = gateway
        self._idle_ms = idle_ms
        self._places = places
        self._writers = writers
        self._clients = []
        self._look_at = clock.ticks_ms()
        self.out = bytearray(tcp.LONGEST)  # of whichever reply is just being sent
        self.accepted = self.dropped = self.turned_away = 0  # connections so far
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setblocking(False)
        try:
            self._socket.bind(socket.getaddrinfo(address, port)[0][-1])
            self._socket.listen(_BACKLOG)
        except OSError:
            self._socket.close()
            raise

    def clients(self):
        """Return the number of connections."""
        return len(self._clients)

    def step(self):
        """Take new connections, see to the limits, move the gateway on; to be called every 10 ms or so."""
        for _ in range(_ACCEPTED):
            if not self._accept():
                break
        share = max(_READS // max(len(self._clients), 1), 1)
        for client in self._clients:
            client.reads = share
        self._gateway.step()
        now = clock.ticks_ms()
        if clock.ticks_diff(now, self._look_at) < 0:
            return
        self._look_at = clock.ticks_add(now, _LOOK_MS)
        for client in list(self._clients):
            if client.kept_at is not None:
                client.flush()
            if client.lost or self._overdue(client, now):
                self._drop(client)

    def close(self):
        """Stop listening and drop everybody."""
        self._socket.close()
        for client in list(self._clients):
            self._drop(client)

    async def run(self, beat):
        """Serve until cancelled."""
        try:
            while True:
                beat()
                self.step()
                await asyncio.sleep_ms(_STEP_MS)
        finally:
            self.close()

    def _overdue(self, client, now):
        """Return True if a client is over one of its limits."""
        if client.kept_at is not None and clock.ticks_diff(now, client.kept_at) > _TAKE_MS:
            return True
        if client.begun_at is not None and clock.ticks_diff(now, client.begun_at) > _FRAME_MS:
            return True
        return not client.open and clock.ticks_diff(now, client.since) > self._idle_ms

    def _accept(self):
        """Take one new connection, if there is one; return True if there was."""
        full = len(self._clients) >= self._places
        worst, hopeful = self._least_useful() if full else (None, False)
        if hopeful and not worst:
            return False  # who comes waits outside for the moment until it shows who is of use
        try:
            sock, peer = self._socket.accept()
        except OSError as e:
            if e.errno != errno.EAGAIN:
                log.warn("gateway", "no connection: %s" % e)
            return False
        if worst:
            self._drop(worst)
        elif full:
            self.turned_away += 1
            sock.close()
            return True
        sock.setblocking(False)
        client = _Client(self, sock, _dotted(peer) in self._writers)
        self.accepted += 1
        self._clients.append(client)
        client.task = asyncio.create_task(self._serve(client))
        return True

    def _least_useful(self):
        """Return the client that may give way, or None, and whether one that is still new may do so soon.

        Those that never asked go first, then the one that asked nothing for the longest time.
        """
        now = clock.ticks_ms()
        worst, worst_ms, hopeful = None, -1, False
        for client in self._clients:
            idle_ms = clock.ticks_diff(now, client.since)
            if client.open or idle_ms < (_UNUSED_MS if client.asked else _FIRST_MS):
                hopeful = hopeful or not client.asked
                continue
            if not client.asked:
                idle_ms += self._idle_ms
            if idle_ms > worst_ms:
                worst, worst_ms = client, idle_ms
        return worst, hopeful

    def _drop(self, client):
        self.dropped += 1
        client.lost = True
        client.task.cancel()
        self._remove(client)

    def _remove(self, client):
        """Give the place free; also called when its task was cancelled before its first step."""
        if client in self._clients:
            self._clients.remove(client)
            self._gateway.leave(client)
            client.socket.close()

    async def _serve(self, client):
        reader = asyncio.StreamReader(client.socket)
        try:
            while not client.lost:
                if self._may_speak(client):
                    received = await reader.read(client.stream.wanted())
                    if not received or not self._hear(client, received):
                        break  # the other side has closed, or is out of step
                else:
                    await asyncio.sleep_ms(_STEP_MS)
                    client.flush()
        except OSError:  # the other side is gone
            pass
        finally:
            client.lost = True
            self._remove(client)

    def _may_speak(self, client):
        """Return True if a client is heard now; else what it sends stays in its socket, and TCP slows it down.

        Its share depends on nobody else. Who does not take its replies is not heard either.
        """
        return client.reads > 0 and client.kept_at is None and self._gateway.has_room(client)

    def _hear(self, client, received):
        """Hand the request in what came, if it is complete, to the gateway; return False if the stream is broken."""
        client.reads -= 1
        stream = client.stream
        at, count = 0, len(received)
        while at < count:
            at = stream.take(received, at, count)
            if stream.broken:
                return False
            if stream.ready:
                client.asked = True
                client.since = clock.ticks_ms()
                client.begun_at = None
                self._gateway.submit(client, stream.transaction, stream.unit, stream.buffer, tcp.HEADER, stream.count)
        if not stream.begun():
            client.begun_at = None
        elif client.begun_at is None:
            client.begun_at = clock.ticks_ms()
        return True


def _dotted(peer):
    """Return the address of a peer as "a.b.c.d": the chips give (address, port), the unix port a sockaddr_in."""
    if isinstance(peer, tuple):
        return peer[0]
    return ".".join([str(b) for b in peer[4:8]])
