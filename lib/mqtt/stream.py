"""Opens the way to a broker without blocking the loop, and says when to try again. Here, and only here, TLS will be put
around it."""

import asyncio
import errno
import select
import socket

from clock import ticks_add, ticks_diff, ticks_ms
from micropython import const

_LOOK_MS = const(20)
_UNDER_WAY = (115, 119)  # EINPROGRESS: unix and RP2040, ESP32
_FIRST_PAUSE_MS = const(1000)
_LAST_PAUSE_MS = const(60_000)
_DOUBLINGS = const(6)
_CHANCES = const(1023)


async def open_stream(server, port, timeout_ms, beat):
    """Return a stream: write(bytes, offset, count) and readinto(bytearray) give a count or None at once; close().

    A failed connection is reported by the first write. beat() is called every 20 ms. Raises OSError.
    server: address "a.b.c.d" or host name. With a host name this function blocks the whole loop while DNS answers (or
    does not: some seconds), because MicroPython has no other way to ask; with an address it asks nobody.
    """
    try:
        address = socket.getaddrinfo(server, port, 0, socket.SOCK_STREAM)[0]
    except OSError:
        raise OSError(errno.EHOSTUNREACH, "no address known for the broker's name") from None
    sock = socket.socket(address[0], address[1], address[2])
    opened = False
    try:
        await _connect(sock, address[-1], timeout_ms, beat)
        opened = True
    finally:
        if not opened:
            sock.close()
    return sock


async def _connect(sock, address, timeout_ms, beat):
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as e:
        if e.errno not in _UNDER_WAY:
            raise
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    deadline = ticks_add(ticks_ms(), timeout_ms)
    while not poller.poll(0):
        if ticks_diff(deadline, ticks_ms()) <= 0:
            raise OSError(errno.ETIMEDOUT, "the broker does not answer")
        beat()
        await asyncio.sleep_ms(_LOOK_MS)


def is_address(text):
    """Return True if text is an address "a.b.c.d"."""
    parts = text.split(".")
    return len(parts) == 4 and all(0 < len(p) < 4 and p.isdigit() and int(p) < 256 for p in parts)


def pause_ms(failures, chance):
    """Return the pause after this many failures in a row (0 = the first): half of 1, 2, 4 ... 60 s up to all of it.

    chance: random number of 10 bits, 0..1023.
    """
    longest_ms = min(_FIRST_PAUSE_MS << min(failures, _DOUBLINGS), _LAST_PAUSE_MS)
    return longest_ms // 2 + longest_ms // 2 * chance // _CHANCES
