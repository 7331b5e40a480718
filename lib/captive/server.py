"""Accepts connections for a small web page: few at once, none for ever, and nothing longer than its limit.

A connection that has not sent its whole request when its time is up is dropped; when all places are taken, one that has
sent nothing useful for a while gives way to who comes next. So neither a slow sender nor a hundred at once keep a phone
out for long, and each costs bounded memory. One request a connection (HTTP/1.0), as microdot answers.
"""

import asyncio
import errno
import socket

import clock
import log
from captive.streams import Incoming, Outgoing
from micropython import const

_PLACES = const(4)  # a phone opens up to six connections; the others wait in the network stack
_BACKLOG = const(8)
_REQUEST_MS = const(5000)  # for the whole head and a small body
_PATIENCE_MS = const(500)  # a silent connection keeps its place so long, if another one waits
_UPLOAD_MS = const(300_000)
_ANSWER_MS = const(15_000)  # for taking the answer

# Headers that are always handed on; others only if asked for, so that they cost no memory.
_HEADERS = ("host", "content-length")


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
    """Listens on address and port for clients of the same /24 network; whoever owns it calls `step()` often."""

    def __init__(self, address, port, headers, converse):
        """headers: names, in lower case, of the headers that matter, beside host and content-length.

        converse(incoming, outgoing, place): coroutine that answers one request; it calls place.answering() when the
        request is complete. OSError may leave it, nothing else. Raises OSError if the port is taken.
        """
        self._headers = _HEADERS + headers
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
                log.warn("server", "no connection: %s" % e)
            return None
        if not _dotted(peer).startswith(self._network):
            sock.close()
            return None
        sock.setblocking(False)
        return sock

    async def _serve(self, place):
        stream = asyncio.StreamReader(place.sock)
        incoming, outgoing = Incoming(place, stream, self._headers), Outgoing(stream)
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
