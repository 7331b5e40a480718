"""The two streams of one request: what comes in, never past its limits, and what goes out, in few segments.

They stand for the streams that microdot wants. Who talks rubbish or too much gets Rejected, with the status to answer.
"""

from micropython import const

_PIECE_MS = const(5000)  # from one piece of an upload to the next
_ANSWER_MS = const(15_000)  # for working on a whole upload
_FAREWELL_MS = const(1000)  # for a sender who goes on after a refusal
_FAREWELL_BYTES = const(65536)

_BUFFER = const(512)
_MAX_LINE = const(1024)
_MAX_HEAD = const(4096)
_MAX_LINES = const(40)


class Rejected(Exception):
    """What came is no request that we answer in full. `status`, `field`, `rule`."""

    def __init__(self, status, field, rule):
        super().__init__(rule)
        self.status = status
        self.field = field
        self.rule = rule


class Incoming:
    """The bytes of one request; reads never go past its limits. Raises Rejected or OSError."""

    def __init__(self, place, stream, headers):
        self._place = place
        self._wanted = headers
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
            if name in self._wanted:
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
        if not self._body_left and self._upload:
            self._place.extend(_ANSWER_MS)
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
        if name in self._wanted:
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
    """Collects the small pieces of an answer into few segments; for microdot `awrite`, at the end `flush`."""

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
