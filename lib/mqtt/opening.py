"""How a connection begins: the way to a broker, without blocking the loop, and the packet CONNECT. Here, and only here, TLS
will be put around it. The client has this in memory only until the way is open.

Source: OASIS MQTT Version 3.1.1; chapter numbers in brackets.
"""

import asyncio
import errno
import select
import socket

from clock import ticks_add, ticks_diff, ticks_ms
from micropython import const
from mqtt.packet import check_qos, check_topic, field, header

_LOOK_MS = const(20)
_UNDER_WAY = (115, 119)  # EINPROGRESS: unix and RP2040, ESP32
_CONNECT = b"\x00\x04MQTT\x04"  # protocol name and level [3.1.2]


def connect(client_id, keepalive_s, clean_session=True, *, user=None, password=None, will=None):
    """Return CONNECT [3.1]. will: (topic, payload, qos, retain) or None."""
    if not 0 <= keepalive_s <= 0xFFFF:
        raise ValueError("keep-alive of 0 to 65535 s")
    if password is not None and user is None:
        raise ValueError("password without user")
    if not (client_id or clean_session):
        raise ValueError("a lasting session needs a client id")
    flags = 2 if clean_session else 0
    fields = field(client_id)
    if will:
        topic, payload, qos, retain = will
        check_topic(topic)
        check_qos(qos)
        flags |= 4 | qos << 3 | (32 if retain else 0)
        fields += field(topic) + field(payload)
    if user is not None:
        flags |= 128
        fields += field(user)
    if password is not None:
        flags |= 64
        fields += field(password)
    return header(0x10, 10 + len(fields)) + _CONNECT + bytes((flags, keepalive_s >> 8, keepalive_s & 255)) + fields


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
