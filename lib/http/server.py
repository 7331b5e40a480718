"""A small web server: a listener whose connections carry one request each (HTTP/1.0), with a deadline for every step.

listener ──socket──► Request ──► site.answer(request) ──► (status, headers, body) ──► response.send
                       │ Rejected ──► site.refusal(rejected) ──►┘
"""

import asyncio
from http import response
from http.listener import Connection, Listener
from http.request import Rejected, Request

import clock
import log
from micropython import const

_PLACES = const(4)  # a phone opens up to six connections; the others wait in the network stack
_RESERVE = const(8192)  # bytes of memory in one piece; a connection takes a quarter of it
_REQUEST_MS = const(5000)  # for the whole head and a small body
_PATIENCE_MS = const(500)  # a silent connection keeps its place so long, if another one waits
_PIECE_MS = const(5000)  # from one piece of an upload to the next
_UPLOAD_MS = const(300_000)  # for all of it
_ANSWER_MS = const(15_000)  # for making the answer and having it taken

_TIMEOUT = b"HTTP/1.0 408 Refused\r\n\r\n"
_FAULT = b"HTTP/1.0 500 Fault\r\n\r\n"
_BUSY = (
    b"HTTP/1.0 503 Fault\r\nRetry-After: 5\r\nContent-Type: application/json\r\n\r\n"
    b'{"ok": false, "errors": {"memory": "is short just now; try again"}}'
)


class Site:
    """What a server shows; the methods are for a class of its own to say."""

    wanted = ("host", "content-length")  # names of the headers that matter, in lower case; others are not kept
    always = ""  # header lines of every answer, each with its \r\n

    async def answer(self, request):
        """Return (status, headers as a dict, body as response.py takes it). Raises Rejected or OSError."""
        raise Rejected(404, "address", "is unknown")

    def refusal(self, rejected):
        """Return the answer to a request that was rejected."""
        return rejected.status, rejected.headers, "%s %s\n" % (rejected.field, rejected.rule)


class _Connection(Connection):
    """One request and its answer, with the time that is left for it."""

    def __init__(self, sock, site):
        super().__init__(sock)
        self._site = site
        self._request = None
        self._due = clock.ticks_add(self.since, _REQUEST_MS)

    def look(self, now):
        """Return True if the time is up. Who has sent a head and then no body is told so.

        Before that nobody asked for anything: browsers open connections in stock.
        """
        if clock.ticks_diff(now, self._due) < 0:
            return False
        if self._request and self._request.whole and not self.asked:
            self._say(_TIMEOUT)
        return True

    async def serve(self):
        stream = asyncio.StreamReader(self.socket)
        request = self._request = Request(stream, self._site.wanted, self._piece_came, self._hurry)
        answer = await self._answer(request)
        self._answering()
        await response.send(stream, request.buffer, answer, self._site.always, request.method == "HEAD")
        await request.discard()

    async def _answer(self, request):
        """Return the answer. A fault in a handler is told to the client and left to the event loop to report."""
        fault = True
        try:
            await request.read_head()
            if not request.left:
                self._answering()
            answer = await self._site.answer(request)
            fault = False
        except Rejected as e:
            answer = self._site.refusal(e)
            fault = False
        except MemoryError:
            log.warn("http", "no memory for " + request.path)
            answer = self._site.refusal(Rejected(503, "memory", "is short; try again"))
            fault = False
        except (OSError, asyncio.CancelledError):
            fault = False
            raise
        finally:
            if fault:
                log.error("http", "a fault in the answer to %s %s" % (request.method, request.path))
                self._say(_FAULT)
        return answer

    def _answering(self):
        """Note that the request is complete: from now on it is ours to be quick."""
        self.asked = True
        self.open = 1
        self._extend(_ANSWER_MS)

    def _piece_came(self):
        """Give an upload time as long as its pieces keep coming; a small body has the time of its head."""
        if not self._request.left:
            self._answering()
        elif self._request.uploading:
            self.open = 1
            self._extend(_PIECE_MS)

    def _extend(self, ms):
        """Give it so much time from now, never more than _UPLOAD_MS in all."""
        due = clock.ticks_add(clock.ticks_ms(), ms)
        last = clock.ticks_add(self.since, _UPLOAD_MS)
        self._due = due if clock.ticks_diff(last, due) > 0 else last

    def _hurry(self, ms):
        self._due = clock.ticks_add(clock.ticks_ms(), ms)

    def _say(self, text):
        """Send a few bytes without waiting, if they can be sent."""
        try:
            self.socket.write(text)
        except OSError:  # the other side is gone
            pass


class Server(Listener):
    """Serves a Site on address and port. Polled by its owner: `step()` every 20 ms or so; `close()` at the end."""

    def __init__(self, address, port, site, peers=""):
        """peers: what the address of a client begins with, "192.168.4." for a hotspot's own; "" = anybody.

        The network stack would accept an address on its other interfaces too. Raises OSError if the port is taken.
        """
        self._site = site
        self._peers = peers
        super().__init__(address, port, self._admit_peer, _PLACES, _PATIENCE_MS, 0, _RESERVE, True, _BUSY)

    def _admit_peer(self, sock, peer):
        return _Connection(sock, self._site) if peer.startswith(self._peers) else None
