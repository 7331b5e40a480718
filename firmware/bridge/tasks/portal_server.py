"""Accepts connections for the portal: few at once, none for ever, and nothing longer than its limit.

A connection that has not sent its whole request when its time is up is dropped; when all places are taken, one that has
sent nothing useful for a while gives way to who comes next. So neither a slow sender nor a hundred at once keep a phone
out for long, and each costs bounded memory. One request a connection (HTTP/1.0), as microdot answers.
"""

import asyncio
import errno
import socket

import clock
import log
from micropython import const

_PLACES = const(4)  # a phone opens up to six connections; the others wait in the network stack
_BACKLOG = const(8)
_REQUEST_MS = const(5000)  # for the whole head and a small body
_PATIENCE_MS = const(500)  # a silent connection keeps its place so long, if another one waits
_PIECE_MS = const(5000)  # from one piece of an upload to the next
_UPLOAD_MS = const(300_000)
_ANSWER_MS = const(15_000)  # for taking the answer
_FAREWELL_MS = const(1000)  # for a sender who goes on after a refusal
_FAREWELL_BYTES = const(65536)

_BUFFER = const(512)
_MAX_LINE = const(1024)
_MAX_HEAD = const(4096)
_MAX_LINES = const(40)

# Only these headers are handed on; the others cost no memory.
_HEADERS = ("host", "origin", "x-bridge", "content-type", "content-length")


class Rejected(Exception):
    """What came is no request that we answer in full. `status`, `field`, `rule`."""

    def __init__(self, status, field, rule):
        super().__init__(rule)
        self.status = status
        self.field = field
        self.rule = rule


class Incoming:
    """The bytes of one request; reads never go past its limits. Raises Rejected or OSError."""

    def __init__(self, place, stream):
        self._place = place
        self._stream = stream
        self._buffer = bytearray(_BUFFER)
        self._start = self._end = 0
        self._head_bytes = self._lines = 0
        self._seen = []
        self._complete = False  # the head
        self._body_left = 0
        self._upload = False

    async def readline(self):
        """Return the request line, then each header that matters, then the empty line; bytes that end in LF."""
        while True:
            line = await self._line()
            self._lines += 1
            if line in (b"\r\n", b"\n"):
                self._complete = True
                return line
            if self._lines == 1:
                return line
            if self._lines > _MAX_LINES:
                raise Rejected(431, "headers", "must be at most %d" % _MAX_LINES)
            name = self._header(line)
            if name in _HEADERS:
                return line

    async def readexactly(self, count):
        """Return count bytes of the body."""
        body = bytearray()
        while len(body) < count:
            body += await self.read(count - len(body))
        return bytes(body)

    async def read(self, count):
        """Return 1 to count bytes of the body, or b"" behind its end."""
        count = min(count, self._body_left, _BUFFER)
        if not count:
            return b""
        if self._start == self._end:
            await self._fill()
            if self._upload:
                self._place.extend(_PIECE_MS)
        count = min(count, self._end - self._start)
        piece = bytes(memoryview(self._buffer)[self._start : self._start + count])
        self._start += count
        self._body_left -= count
        return piece

    def expect_upload(self):
        """Give the body time as long as its pieces keep coming."""
        self._upload = True
        self._place.extend(_PIECE_MS)

    async def discard(self):
        """Take what was sent but not read, for a while: closing at once would destroy the answer on its way."""
        if self._complete and not self._body_left:
            return
        self._place.hurry(_FAREWELL_MS)
        for _ in range(_FAREWELL_BYTES // _BUFFER):
            if not await self._stream.readinto(self._buffer):
                return

    async def _line(self):
        parts = b""
        while True:
            at = self._buffer.find(b"\n", self._start, self._end)
            stop = at + 1 if at >= 0 else self._end
            self._head_bytes += stop - self._start
            if len(parts) + stop - self._start > _MAX_LINE:
                raise Rejected(431 if self._lines else 414, "line", "must be at most %d bytes long" % _MAX_LINE)
            if self._head_bytes > _MAX_HEAD:
                raise Rejected(431, "headers", "must be at most %d bytes in all" % _MAX_HEAD)
            parts += bytes(memoryview(self._buffer)[self._start : stop])
            self._start = stop
            if at >= 0:
                return parts
            await self._fill()

    def _header(self, line):
        """Return the name of a header line in lower case; note what says how long the body is."""
        name, colon, value = line.partition(b":")
        try:
            name = name.decode().lower()
        except UnicodeError:
            colon = b""
        if not colon or not name or name in self._seen:
            raise Rejected(400, "headers", "must be name: value, those that matter once")
        if name in _HEADERS:
            self._seen.append(name)
        if name == "content-length":
            value = value.strip()
            if not value.isdigit() or len(value) > 8:
                raise Rejected(400, name, "must be a number of at most 8 digits")
            self._body_left = int(value)
        elif name == "transfer-encoding":
            raise Rejected(411, "content-length", "must be given; pieces of unknown length are not taken")
        return name

    async def _fill(self):
        count = await self._stream.readinto(self._buffer)
        if not count:
            raise Rejected(400, "request", "is cut short")
        self._start, self._end = 0, count


class Outgoing:
    """Collects the small pieces of an answer into few segments; microdot calls `awrite`, the server `flush` at the end."""

    def __init__(self, stream):
        self._stream = stream
        self._parts = []
        self._size = 0

    async def awrite(self, piece):
        """Take a piece of the answer, as bytes."""
        self._parts.append(piece)
        self._size += len(piece)
        if self._size >= _BUFFER:
            await self.flush()

    async def flush(self):
        """Send what has been collected."""
        whole = b"".join(self._parts)
        self._parts = []
        self._size = 0
        if whole:
            self._stream.write(whole)
            await self._stream.drain()


class _Place:
    """One connection with the time that it still has."""

    def __init__(self, sock):
        self.sock = sock
        self.task = None
        self.asking = True  # its request is not complete yet
        self.since = clock.ticks_ms()
        self.due = clock.ticks_add(self.since, _REQUEST_MS)

    def extend(self, ms):
        """Give it so much time from now, an upload never more than _UPLOAD_MS in all."""
        due = clock.ticks_add(clock.ticks_ms(), ms)
        last = clock.ticks_add(self.since, _UPLOAD_MS)
        self.due = due if clock.ticks_diff(last, due) > 0 else last

    def answering(self):
        """Note that a request is complete: from now on it is ours to be quick."""
        self.asking = False
        self.extend(_ANSWER_MS)

    def hurry(self, ms):
        """Give it so much time from now and no more."""
        self.due = clock.ticks_add(clock.ticks_ms(), ms)


class Server:
    """Listens on address and port; `converse(incoming, outgoing, place)` answers one request.

    Whoever owns it calls `step()` often, and `close()` at the end, which drops all connections.
    """

    def __init__(self, address, port, converse):
        """Raises OSError if the port is taken."""
        self._converse = converse
        self._network = address.rpartition(".")[0] + "."
        self._places = []
        self._waiting = None  # accepted, but no place yet
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setblocking(False)
        try:
            self._socket.bind(socket.getaddrinfo(address, port)[0][-1])
            self._socket.listen(_BACKLOG)
        except OSError:
            self._socket.close()
            raise

    def step(self):
        """Take new connections as far as there are places, and drop those whose time is up."""
        now = clock.ticks_ms()
        for place in self._places:
            if clock.ticks_diff(now, place.due) >= 0:
                place.task.cancel()
        self._waiting = self._waiting or self._accept()
        while self._waiting and len(self._places) < _PLACES:
            place = _Place(self._waiting)
            self._places.append(place)
            place.task = asyncio.create_task(self._serve(place))
            self._waiting = self._accept()
        if self._waiting:
            self._make_room(now)

    def close(self):
        """Stop listening and drop everybody."""
        self._socket.close()
        if self._waiting:
            self._waiting.close()
        for place in self._places:
            place.task.cancel()

    def _make_room(self, now):
        for place in self._places:  # the oldest first
            if place.asking and clock.ticks_diff(now, place.since) >= _PATIENCE_MS:
                place.task.cancel()
                return

    def _accept(self):
        """Return the next connection, or None. Who is not in the hotspot's network is not let in.

        The network stack would accept the hotspot's address on its other interfaces too.
        """
        try:
            sock, peer = self._socket.accept()
        except OSError as e:
            if e.errno != errno.EAGAIN:
                log.warn("portal", "no connection: %s" % e)
            return None
        if not _dotted(peer).startswith(self._network):
            sock.close()
            return None
        sock.setblocking(False)
        return sock

    async def _serve(self, place):
        stream = asyncio.StreamReader(place.sock)
        incoming, outgoing = Incoming(place, stream), Outgoing(stream)
        try:
            await self._converse(incoming, outgoing, place)
            await outgoing.flush()
            await incoming.discard()
        except OSError:  # the other side is gone, which ends every connection sooner or later
            pass
        finally:
            place.sock.close()
            self._places.remove(place)


def _dotted(peer):
    """Return the address of a peer as "a.b.c.d": the chips give (address, port), the unix port a sockaddr_in."""
    if isinstance(peer, tuple):
        return peer[0]
    return ".".join([str(b) for b in peer[4:8]])
