"""What the portal needs of a bridge, on loopback, and a phone that asks it for its status."""

import asyncio
import socket

import utime
from bridge.settings import Settings
from bridge.state import State

_HOME = "127.0.0.1"


def free_port(kind):
    """Return a port of loopback that nobody has."""
    port = 10000 + utime.ticks_us() % 20000  # below those that Linux gives to whoever connects
    while True:
        probe = socket.socket(socket.AF_INET, kind)
        try:
            probe.bind(socket.getaddrinfo(_HOME, port)[0][-1])
            return port
        except OSError:
            port += 1
        finally:
            probe.close()


class _Board:
    def __init__(self):
        self.http_port = free_port(socket.SOCK_STREAM)
        self.dns_port = free_port(socket.SOCK_DGRAM)

    def wlan(self):
        return self

    def hotspot_address(self):
        return _HOME


class Bridge:
    """State, settings and board; `arguments` are those of the portal's run() behind its beat."""

    def __init__(self):
        self.state = State()
        self._board = _Board()
        self.arguments = (self.state, Settings(), self._board, None, "web")

    def open(self):
        """Put the hotspot on the air."""
        self.state.hotspot_open = True

    def close(self):
        """Take it off the air."""
        self.state.hotspot_open = False

    def hotspot_open(self):
        return self.state.hotspot_open

    async def status(self):
        """Return the first line of the answer to a phone that asks for the status."""
        phone = socket.socket()
        phone.connect(socket.getaddrinfo(_HOME, self._board.http_port)[0][-1])
        phone.setblocking(False)
        phone.send(b"GET /api/status HTTP/1.0\r\nHost: %s:%d\r\n\r\n" % (_HOME.encode(), self._board.http_port))
        answer = b""
        piece = None
        while piece != b"":
            await asyncio.sleep_ms(20)
            piece = phone.read(512)
            answer += piece or b""
        phone.close()
        return answer.split(b"\r\n")[0]
