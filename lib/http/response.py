"""One answer on its way out: its head, and a body that is never in memory as a whole.

A body is a text, bytes, a File, or an iterable of texts for what is long. Pieces are gathered into segments of the buffer's
size; no piece of memory is larger than that or the text that a handler gives.
"""

import os

from micropython import const

_REASONS = ("OK", "Found", "Refused", "Fault")  # by the first digit of the status, 2 to 5; for people
_STAT_SIZE = const(6)


class File:
    """A file as the body of an answer; `headers()` say what it is. Raises OSError if there is none."""

    def __init__(self, path, kind):
        """path: ends in .gz if it is stored compressed, and is sent so; kind: "text/html; charset=UTF-8" ..."""
        self.path = path
        self.kind = kind
        self.size = os.stat(path)[_STAT_SIZE]

    def headers(self):
        """Return the headers that tell what the file is, as a dict that the caller may add to."""
        found = {"Content-Type": self.kind}
        if self.path.endswith(".gz"):
            found["Content-Encoding"] = "gzip"
        return found


def head(status, always, headers, size):
    """Return the head of an answer as a text. always: header lines of every answer; size: of the body, None = unknown."""
    lines = ["HTTP/1.0 %d %s\r\n%s" % (status, _REASONS[status // 100 - 2], always)]
    for name in headers:
        lines.append("%s: %s\r\n" % (name, headers[name]))
    if size:
        lines.append("Content-Length: %d\r\n" % size)
    lines.append("\r\n")
    return "".join(lines)


async def send(stream, buffer, answer, always, head_only):
    """Send an answer (status, headers, body) over an asyncio stream. Raises OSError when the other side is gone.

    buffer: bytearray to gather pieces in, overwritten; head_only: the request was HEAD.
    """
    status, headers, body = answer
    out = _Outgoing(stream, buffer)
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, bytes):
        await out.put(head(status, always, headers, len(body)))
        body = (body,)
    elif isinstance(body, File):
        await out.put(head(status, always, headers, body.size))
    else:
        await out.put(head(status, always, headers, None))
    if head_only:
        pass
    elif isinstance(body, File):
        await out.copy(body.path)
    else:
        for piece in body:
            await out.put(piece)
    await out.flush()


class _Outgoing:
    """Gathers pieces in a buffer and sends it whenever it is full."""

    def __init__(self, stream, buffer):
        self._stream = stream
        self._buffer = buffer
        self._count = 0

    async def put(self, piece):
        """Take a text or bytes."""
        piece = memoryview(piece)
        at = 0
        while at < len(piece):
            count = min(len(piece) - at, len(self._buffer) - self._count)
            self._buffer[self._count : self._count + count] = piece[at : at + count]
            self._count += count
            at += count
            if self._count == len(self._buffer):
                await self.flush()

    async def copy(self, path):
        """Take a file."""
        await self.flush()
        with open(path, "rb") as file:  # noqa: ASYNC230 (there is no other way to read a file)
            self._count = file.readinto(self._buffer)
            while self._count:
                await self.flush()
                self._count = file.readinto(self._buffer)

    async def flush(self):
        """Send what has been gathered."""
        if self._count:
            self._stream.write(memoryview(self._buffer)[: self._count])
            self._count = 0
            await self._stream.drain()
