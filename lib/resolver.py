"""Finds the address of a host name without blocking the loop: a DNS client over UDP, for MicroPython's getaddrinfo blocks.

`question` and `answer` are sans-IO; `Resolver` asks name servers one after the other and remembers the last address of a
name, which outlives an outage of the name servers.
Sources: RFC 1035 (format), RFC 5452 (what an answer must repeat).
"""

import asyncio
import errno
import socket
from random import getrandbits

from clock import ticks_add, ticks_diff, ticks_ms
from micropython import const

_HEAD = const(12)
_LONGEST_LABEL = const(63)
_LONGEST_NAME = const(253)
_LONGEST_ANSWER = const(512)  # RFC 1035 2.3.4, over UDP without extensions
_POINTER = const(0xC0)
_TYPE_A = const(1)
_CLASS_IN = const(1)
_NO_SUCH_NAME = const(3)

_PORT = const(53)
_WAIT_MS = const(1000)  # for one answer
_ROUNDS = const(3)
_LOOK_MS = const(20)


class NoSuchName(Exception):
    """The name servers know the name and say that it has no address."""


def question(name, number):
    """Return the datagram that asks for the addresses of a name. number: 0..65535. Raises ValueError for a bad name."""
    labels = name.encode().strip(b".").split(b".")
    if len(name) > _LONGEST_NAME or not all(0 < len(label) <= _LONGEST_LABEL for label in labels):
        raise ValueError("a host name has parts of 1 to 63 characters, %d in all" % _LONGEST_NAME)
    head = bytes((number >> 8, number & 0xFF, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0))  # one question, recursion wanted
    return head + b"".join([bytes((len(x),)) + x for x in labels]) + bytes((0, 0, _TYPE_A, 0, _CLASS_IN))


def answer(asked, told):
    """Return the first address "a.b.c.d" in a datagram, None if it is no answer to this question or has none.

    asked: what `question` gave; told: what came. Raises NoSuchName if the name does not exist.
    """
    if len(told) < len(asked) or told[:2] != asked[:2] or not told[2] & 0x80:
        return None
    if told[_HEAD : len(asked)].lower() != asked[_HEAD:].lower():
        return None
    if told[3] & 15 == _NO_SUCH_NAME:
        raise NoSuchName()
    at = len(asked)
    for _ in range(told[6] << 8 | told[7]):
        at = _behind_name(told, at)
        if at is None or at + 10 > len(told):
            return None
        kind, group, size = (told[at + i] << 8 | told[at + i + 1] for i in (0, 2, 8))
        at += 10
        if (kind, group, size) == (_TYPE_A, _CLASS_IN, 4) and at + 4 <= len(told):
            return "%d.%d.%d.%d" % (told[at], told[at + 1], told[at + 2], told[at + 3])
        at += size
    return None


def _behind_name(told, at):
    """Return the position behind a name, None if it leaves the datagram."""
    while at < len(told):
        if not told[at]:
            return at + 1
        if told[at] & _POINTER == _POINTER:
            return at + 2
        at += 1 + told[at]
    return None


class Resolver:
    """Asks, and remembers one name. Nothing else of it must be kept: `known` of the last one makes the next."""

    def __init__(self, known=("", "")):
        self._name, self._address = known

    def known(self):
        """Return (name, address) of the last answer."""
        return self._name, self._address

    async def address(self, name, servers, beat, port=_PORT):
        """Return the address of a name. servers: addresses of name servers, () = the system's own (may block).

        beat() is called every 20 ms. Raises OSError with words if nobody knows it and it was never known.
        """
        try:
            found = await self._ask(name, servers, beat, port) if servers else _of_system(name)
        except NoSuchName:
            raise OSError(errno.EHOSTUNREACH, "the name servers do not know the broker's name") from None
        if found:
            self._name, self._address = name, found
        elif self._name != name:
            raise OSError(errno.EHOSTUNREACH, "no name server answers")
        return self._address

    async def _ask(self, name, servers, beat, port):
        asked = question(name, getrandbits(16))
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            for turn in range(_ROUNDS * len(servers)):
                server = servers[turn % len(servers)]
                if _sent(sock, asked, server, port):
                    found = await _heard(sock, asked, beat)
                    if found:
                        return found
        finally:
            sock.close()
        return None


def _sent(sock, asked, server, port):
    """Return True if the question left: without a way to the server it does not."""
    try:
        sock.sendto(asked, socket.getaddrinfo(server, port)[0][-1])  # an address: asks nobody
    except OSError:
        return False
    return True


async def _heard(sock, asked, beat):
    deadline = ticks_add(ticks_ms(), _WAIT_MS)
    while ticks_diff(deadline, ticks_ms()) > 0:
        try:
            told = sock.recv(_LONGEST_ANSWER)
        except OSError:  # nothing there yet, or the server's port is closed
            told = None
        found = answer(asked, told) if told else None
        if found:
            return found
        beat()
        await asyncio.sleep_ms(_LOOK_MS)
    return None


def _of_system(name):
    try:
        found = socket.getaddrinfo(name, 0, socket.AF_INET, socket.SOCK_STREAM)[0]
    except OSError:
        return None
    place = found[-1]  # on the unix port a struct sockaddr_in
    return place[0] if isinstance(place, tuple) else "%d.%d.%d.%d" % tuple(place[4:8])
