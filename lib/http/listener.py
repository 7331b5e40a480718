"""Takes connections on a port: so many at once, and none for ever. Knows nothing of what they carry.

When all places are taken, the connection that was of no use for the longest time gives way to the next who comes; first
those that never asked for anything. So neither silent senders nor a hundred at once keep anybody out for long. When
memory runs short nobody is let in: a flood cannot take what the rest of the device lives on.
"""

import asyncio
import errno
import socket

import clock
import log
from micropython import const

_BACKLOG = const(8)
_HEARD = const(512)  # bytes of a request that is turned away
_ACCEPTED = const(2)  # connections taken in one step, so that a storm of them leaves time for the rest
_LOOK_MS = const(100)
_FOREMOST = const(1 << 28)  # ms; more than any connection waits


class Connection:
    """One connection, as the listener knows it; what it carries is for a class of its own to say."""

    def __init__(self, sock):
        self.socket = sock
        self.task = None
        self.since = clock.ticks_ms()  # its last whole request, or its start
        self.asked = False  # a whole request has come
        self.open = 0  # answers that are due: while there are any it does not give way

    def look(self, now):
        """See to the limits, ten times a second; return True if it is over one of them and has to go."""
        return False

    def left(self):
        """Forget everything: it is over."""

    async def serve(self):
        """Live. OSError may leave it: the other side is gone, which ends every connection sooner or later."""


def least_useful(connections, now, first_ms, unused_ms):
    """Return (connection that may give way or None, whether one that is still new may do so soon). Pure.

    first_ms: whoever asked nothing since it came may go after this time; unused_ms: whoever asked nothing lately.
    """
    worst, worst_ms, hopeful = None, -1, False
    for connection in connections:
        idle_ms = clock.ticks_diff(now, connection.since)
        if connection.open or idle_ms < (unused_ms if connection.asked else first_ms):
            hopeful = hopeful or not connection.asked
            continue
        if not connection.asked:
            idle_ms += _FOREMOST
        if idle_ms > worst_ms:
            worst, worst_ms = connection, idle_ms
    return worst, hopeful


class Listener:
    """Listens on address and port; whoever owns it calls `step()` every 10 or 20 ms, and `close()` at the end."""

    def __init__(self, address, port, admit, places, first_ms, unused_ms, reserve, patient=False, refusal=b""):
        """admit(socket, "a.b.c.d"): returns a Connection, or None for a peer that is not let in.

        places: connections at once; first_ms, unused_ms: see least_useful; reserve: bytes of memory that must be to be
        had in one piece, else who comes is sent `refusal` and closed. If nobody gives way, who comes waits in the network
        stack (patient) or is closed. Raises OSError if the port is taken or not allowed.
        """
        self._admit = admit
        self._places = places
        self._first_ms = first_ms
        self._unused_ms = unused_ms
        self._reserve = reserve
        self._patient = patient
        self._refusal = refusal
        self._look_at = clock.ticks_ms()
        self.connections = []
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

    def step(self):
        """Take new connections as far as there is room, and see to the limits."""
        for _ in range(_ACCEPTED):
            if not self._accept():
                break
        now = clock.ticks_ms()
        if clock.ticks_diff(now, self._look_at) < 0:
            return
        self._look_at = clock.ticks_add(now, _LOOK_MS)
        for i in range(len(self.connections) - 1, -1, -1):
            if self.connections[i].look(now):
                self._drop(self.connections[i])

    def close(self):
        """Stop listening and drop everybody."""
        self._socket.close()
        while self.connections:
            self._drop(self.connections[-1])

    def _accept(self):
        """Take one new connection, if there is one; return True if there was."""
        full = len(self.connections) >= self._places
        worst = None
        if full:
            worst, hopeful = least_useful(self.connections, clock.ticks_ms(), self._first_ms, self._unused_ms)
            if not worst and (hopeful or self._patient):
                return False  # who comes waits outside for the moment until it shows who is of use
        try:
            sock, peer = self._socket.accept()
        except OSError as e:
            if e.errno != errno.EAGAIN:
                log.warn("listener", "no connection: %s" % e)
            return False
        if worst:
            self._drop(worst)
        if (full and not worst) or not self._roomy():
            self._turn_away(sock)
            return True
        sock.setblocking(False)
        connection = None
        try:
            connection = self._admit(sock, _dotted(peer))
            if connection:
                self.connections.append(connection)
                connection.task = asyncio.create_task(self._serve(connection))
                self.accepted += 1
                return True
        except MemoryError:  # the reserve was there and did not do; those who are in stay
            self.turned_away += 1
            self._end(connection)
        sock.close()
        return True

    def _roomy(self):
        """Return True if the reserve is there in one piece."""
        try:
            bytearray(self._reserve)
        except MemoryError:
            return False
        return True

    def _turn_away(self, sock):
        self.turned_away += 1
        try:
            if self._refusal:
                sock.setblocking(False)
                sock.write(self._refusal)
                sock.read(_HEARD)  # closing over what nobody has read would destroy the answer on its way
        except (OSError, MemoryError):  # gone already, or no room even for that
            pass
        finally:
            sock.close()

    def _drop(self, connection):
        self.dropped += 1
        connection.task.cancel()
        self._end(connection)

    def _end(self, connection):
        """Give the place free; also called when its task was cancelled before its first step."""
        if connection in self.connections:
            self.connections.remove(connection)
            connection.left()
            connection.socket.close()

    async def _serve(self, connection):
        try:
            await connection.serve()
        except OSError:
            pass
        finally:
            self._end(connection)


def _dotted(peer):
    """Return the address of a peer as "a.b.c.d": the chips give (address, port), the unix port a sockaddr_in."""
    if isinstance(peer, tuple):
        return peer[0]
    return ".".join([str(b) for b in peer[4:8]])
