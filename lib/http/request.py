"""One request as it comes in, never past its limits: request line, the headers that matter, the body in pieces.

Who sends rubbish or too much gets Rejected, with the status to answer. Sources: RFC 9110, RFC 9112.
"""

import binascii

import utf8
from micropython import const

_BUFFER = const(512)  # bytes, of what comes and later of what goes
_MAX_LINE = const(1024)
_MAX_HEAD = const(4096)
_MAX_LINES = const(40)
_MAX_DIGITS = const(8)  # of the length of a body
_SPACE = const(0x20)
_DELETE = const(0x7F)
_METHODS = " GET HEAD POST PUT DELETE PATCH OPTIONS TRACE CONNECT "

_FAREWELL_MS = const(1000)  # for a sender who goes on after a refusal
_FAREWELL_BYTES = const(65536)


class Rejected(Exception):
    """What came is no request that is answered in full. `status`, `field`, `rule`, `headers` of the refusal."""

    def __init__(self, status, field, rule, headers=None):
        super().__init__(rule)
        self.status = status
        self.field = field
        self.rule = rule
        self.headers = headers or {}


def request_line(line):
    """Return (method, path, query) of a request line without its end. Raises Rejected with 400 or 501.

    path: percent-decoded, so "%2F" and control characters in it are refused; query: as it came, without "?".
    """
    words = line.split(b" ")
    if len(words) != 3 or not words[0].isalpha() or words[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Rejected(400, "request", "must be: method, address, HTTP/1.x")
    method = words[0].decode()
    if " %s " % method not in _METHODS:
        raise Rejected(501, "method", "is unknown")
    raw, _, query = words[1].partition(b"?")
    path = _decoded(raw)
    if raw[:1] != b"/" or path.count(b"/") != raw.count(b"/") or min(path) < _SPACE:
        raise Rejected(400, "address", "must begin with / and hide nothing")
    _decoded(query)
    return method, path.decode(), query.decode()


def _decoded(raw):
    """Return the bytes that a percent-encoded part of an address stands for. Raises Rejected if they are no UTF-8."""
    parts = raw.split(b"%")
    try:
        octets = parts[0] + b"".join([binascii.unhexlify(part[:2]) + part[2:] for part in parts[1:]])
    except ValueError:
        octets = b""
    # of a part of less than two digits unhexlify makes an error, or nothing of nothing
    if not _ascii(raw) or len(octets) != len(raw) - 2 * (len(parts) - 1) or not utf8.well_formed(octets):
        raise Rejected(400, "address", "must be ASCII, with % and two digits for the bytes of other characters")
    return octets


def header(line):
    """Return (name in lower case, value as bytes) of a header line without its end. Raises Rejected with 400."""
    name, colon, value = line.partition(b":")
    if not colon or not name or b" " in name or not _ascii(name):
        raise Rejected(400, "headers", "must be name: value")
    return name.decode().lower(), value.strip()


def _ascii(octets):
    """Return True if there are printable characters of ASCII only, or none at all."""
    return not octets or (_SPACE <= min(octets) and max(octets) < _DELETE)


class Request:
    """method, path, query; headers: {name: text} of those that matter; length: bytes of the body, as announced.

    Its methods raise Rejected, or OSError when the other side is gone.
    """

    def __init__(self, stream, wanted, on_piece, hurry):
        """stream: with `await readinto(buffer)`; wanted: names of the headers that matter, in lower case.

        on_piece(): called after each piece of the body; hurry(ms): when no more than so much time is left for the sender.
        """
        self.method = self.path = self.query = ""
        self.headers = {}
        self.length = 0
        self.left = 0  # bytes of the body that were not read yet
        self.whole = False  # the head is
        self.buffer = bytearray(_BUFFER)
        self.uploading = False  # the body may take its time, as long as its pieces keep coming
        self.on_piece = on_piece
        self._stream = stream
        self._wanted = wanted
        self._hurry = hurry
        self._start = self._end = 0
        self._head_bytes = 0

    async def read_head(self):
        """Read up to the body."""
        self.method, self.path, self.query = request_line(await self._line(414))
        for _ in range(_MAX_LINES):
            line = await self._line(431)
            if not line:
                self.whole = True
                return
            self._take(line)
        raise Rejected(431, "headers", "must be at most %d" % _MAX_LINES)

    def expect_upload(self):
        """Give the body time as long as its pieces keep coming."""
        self.uploading = True
        self.on_piece()

    async def piece(self):
        """Return the next bytes of the body, b"" behind its end; a memoryview that is good until the next call."""
        if not self.left:
            return b""
        if self._start == self._end:
            await self._fill()
        count = min(self.left, self._end - self._start)
        piece = memoryview(self.buffer)[self._start : self._start + count]
        self._start += count
        self.left -= count
        self.on_piece()
        return piece

    async def body(self):
        """Return the whole body; its route has a limit for it."""
        whole = bytearray(self.left)
        at = 0
        while self.left:
            piece = await self.piece()
            whole[at : at + len(piece)] = piece
            at += len(piece)
        return whole

    async def discard(self):
        """Take what was sent but not read, for a while: closing at once would destroy the answer on its way."""
        if self.whole and not self.left:
            return
        self._hurry(_FAREWELL_MS)
        for _ in range(_FAREWELL_BYTES // _BUFFER):
            if not await self._stream.readinto(self.buffer):
                return

    async def _line(self, status):
        """Return the next line without its end; status: of the refusal if it is too long."""
        parts = b""
        while True:
            at = self.buffer.find(b"\n", self._start, self._end)
            stop = at + 1 if at >= 0 else self._end
            self._head_bytes += stop - self._start
            if len(parts) + stop - self._start > _MAX_LINE:
                raise Rejected(status, "line", "must be at most %d bytes long" % _MAX_LINE)
            if self._head_bytes > _MAX_HEAD:
                raise Rejected(431, "headers", "must be at most %d bytes in all" % _MAX_HEAD)
            parts += memoryview(self.buffer)[self._start : stop]
            self._start = stop
            if at >= 0:
                return parts[: -2 if parts[-2:] == b"\r\n" else -1]
            await self._fill()

    def _take(self, line):
        """Keep a header that matters; note what says how long the body is."""
        name, value = header(line)
        if name == "transfer-encoding":
            raise Rejected(411, "content-length", "must be given; pieces of unknown length are not taken")
        if name not in self._wanted:
            return
        if name in self.headers or not _ascii(value):
            raise Rejected(400, name, "must be given once, in ASCII")
        self.headers[name] = value.decode()
        if name == "content-length":
            if not value.isdigit() or len(value) > _MAX_DIGITS:
                raise Rejected(400, name, "must be a number of at most %d digits" % _MAX_DIGITS)
            self.length = self.left = int(value)

    async def _fill(self):
        count = await self._stream.readinto(self.buffer)
        if not count:
            raise Rejected(400, "request", "is cut short")
        self._start, self._end = 0, count
