"""TCP in memory, as far as the firmware uses it: what is sent has arrived, and no kernel has a say in when.

Stands in for `socket` where servers are tried on the virtual clock: `listener.socket = memory_sockets`.
"""

import errno
import io

SOL_SOCKET, SO_REUSEADDR = 1, 2
_POLL, _IN, _OUT, _GONE = 3, 1, 4, 16
_ROOM = 4096  # bytes on the way in one direction: what the stack of a chip keeps for who does not take it

_doors = {}  # port: listening socket


def getaddrinfo(address, port):
    """Return what bind() and connect() take, as the module does."""
    return [(2, 1, 0, "", (address, port))]


class socket(io.IOBase):
    """A socket that never waits: read() and write() return None instead."""

    def __init__(self):
        self._other = None
        self._port = None
        self._came = bytearray()  # what the other side sent and nobody has read
        self._waiting = []  # those who knocked
        self._is_open = True

    def setsockopt(self, *_):
        pass

    def setblocking(self, is_blocking):
        pass

    def bind(self, address):
        if address[1] in _doors:
            raise OSError(errno.EADDRINUSE)
        self._port = address[1]
        _doors[self._port] = self

    def listen(self, backlog):
        self._backlog = backlog

    def connect(self, address):
        """Knock at a port. Raises OSError if nobody listens; with a full backlog it knocks in vain, as with TCP."""
        if address[1] not in _doors:
            raise OSError(errno.ECONNREFUSED)
        door = _doors[address[1]]
        self._other = socket()
        self._other._other = self
        if len(door._waiting) < door._backlog:
            door._waiting.append(self._other)

    def accept(self):
        if not self._waiting:
            raise OSError(errno.EAGAIN)
        return self._waiting.pop(0), ("127.0.0.1", 1)

    def read(self, count):
        if not self._came:
            return None if self._is_heard() else b""
        piece = bytes(self._came[:count])
        self._came = self._came[count:]
        return piece

    def readinto(self, buffer, count=None):
        piece = self.read(len(buffer) if count is None else count)
        if piece is None:
            return None
        buffer[: len(piece)] = piece
        return len(piece)

    def write(self, content, count=None):
        if not self._is_heard():
            raise OSError(errno.ECONNRESET)
        other = self._other
        room = _ROOM - len(other._came)
        if room <= 0:
            return None
        taken = memoryview(content)[: len(content) if count is None else count][:room]
        other._came += taken
        return len(taken)

    def close(self):
        self._is_open = False
        if self._port is not None:
            del _doors[self._port]
            self._port = None

    def ioctl(self, request, flags):
        if request != _POLL:
            return -1  # no file of the system's stands behind it
        is_heard = self._is_heard()
        is_writable = is_heard and len(self._other._came) < _ROOM
        ready = (_IN if self._came or self._waiting or not is_heard else 0) | (_OUT if is_writable else 0)
        return flags & ready | (0 if is_heard else _GONE)

    def _is_heard(self):
        return self._port is not None or (self._is_open and self._other is not None and self._other._is_open)


class Poller:
    """select.poll() for these sockets: it looks and never waits."""

    def __init__(self):
        self._watched = {}  # id of a socket: (socket, flags)

    def register(self, sock, flags):
        self._watched[id(sock)] = (sock, flags)

    modify = register

    def unregister(self, sock):
        del self._watched[id(sock)]

    def ipoll(self, timeout_ms):
        return [(s, s.ioctl(_POLL, f)) for s, f in list(self._watched.values()) if s.ioctl(_POLL, f)]
