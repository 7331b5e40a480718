"""Fetches a bundle from a web server into a session of tasks/updater: only what the running slot lacks, by ranges.

A broken connection goes on where it ended; what was passed over is never asked for. In memory only while one comes in.
"""

import asyncio
import errno
import select
import socket

import clock
from bridge.logic.update import pull
from micropython import const
from parts import Part
from slots.version import Refused

_FIRST = const(2048)  # bytes: the head and the table of a bundle, in most cases
_CONNECT_MS = const(10_000)
_SILENT_MS = const(15_000)
_LOOK_MS = const(20)
_CHUNK = const(512)
_LONGEST_HEAD = const(1024)
_MOST_FAILURES = const(6)  # in a row, none of which brought a byte
_MOST_MOVES = const(3)
_PAUSE_MS = const(1000)
_UNDER_WAY = (115, 119)  # EINPROGRESS: unix and RP2040, ESP32
_AGAIN = (11, 115, 119)


async def run(beat, state, session, url):
    """Fetch the bundle at url and finish the session. Raises Refused, or OSError when the server is given up."""
    failures = moves = 0
    at = await session.offer(0, b"")
    while not session.complete():
        moved, why = "", "it sends nothing"
        try:
            moved = await _part(beat, state, session, url)
        except OSError as e:
            why = str(e)
        if session.wanted()[0] != at or session.complete():
            at, failures = session.wanted()[0], 0
        elif not moved:
            failures += 1
            if failures >= _MOST_FAILURES:
                raise OSError("the server is given up: " + why)
            await _rest(beat, _PAUSE_MS * failures)
        if moved:
            moves += 1
            if moves > _MOST_MOVES or not pull.place(moved):
                raise Refused("server", "leads elsewhere too often, or to no http address")
            url = moved
    await session.finish()


async def _part(beat, state, session, url):
    """Ask for the next bytes that are wanted and feed them; return where else they are, "" if they were here."""
    place = pull.place(url)
    if not place:
        raise Refused("update", "must be an address such as http://192.0.2.1:8000/new.bundle")
    host, port, path = place
    at, count = session.wanted()
    host_at = host
    if not host.replace(".", "").encode().isdigit():
        host_at = await _address(beat, state, host)
    sock = socket.socket()
    try:
        await _connect(beat, sock, socket.getaddrinfo(host_at, port)[0][-1])
        await _send(beat, sock, pull.question(host, port, path, at, count or _FIRST))
        head, rest = await _head(beat, sock)
        status, start, length, moved = pull.answer(head)
        if status in (301, 302, 307, 308) and moved:
            return moved
        if status == 206 and start != at:
            raise Refused("server", "answers with another range than it was asked for")
        if status not in (200, 206):
            raise Refused("server", "answers with status %d" % status)
        await _take(beat, sock, session, 0 if status == 200 else at, rest, length)
    finally:
        sock.close()
    return ""


async def _address(beat, state, host):
    # Apart, for a coroutine holds what it names: the resolver goes before the bundle comes.
    with Part("resolver", "resolver") as resolver:
        return await resolver.Resolver().address(host, state.name_servers or (), beat)


async def _take(beat, sock, session, at, rest, length):
    """Feed a body that begins at `at` of the bundle; leave when the next wanted byte is not near."""
    left = length
    while not session.complete() and (left is None or left > 0):
        piece = rest or await _heard(beat, sock)
        rest = b""
        if not piece:
            return
        if left is not None:
            piece = piece[:left]
            left -= len(piece)
        wanted = await session.offer(at, piece)
        at += len(piece)
        if wanted > at + (left or _FIRST):
            return


async def _connect(beat, sock, address):
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as e:
        if e.errno not in _UNDER_WAY:
            raise
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    await _until(beat, lambda: poller.poll(0), _CONNECT_MS)


async def _send(beat, sock, raw):
    deadline = clock.ticks_add(clock.ticks_ms(), _CONNECT_MS)
    while raw:
        try:
            raw = raw[sock.send(raw) :]
        except OSError as e:
            if e.errno not in _AGAIN or clock.ticks_diff(deadline, clock.ticks_ms()) <= 0:
                raise
            beat()
            await asyncio.sleep_ms(_LOOK_MS)


async def _head(beat, sock):
    """Return (head of the answer, what came behind it)."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        piece = await _heard(beat, sock)
        raw += piece
        if not piece or len(raw) > _LONGEST_HEAD + _CHUNK:
            raise OSError(errno.EIO, "no answer that is understood")
    head, _, rest = raw.partition(b"\r\n\r\n")
    return head, rest


async def _heard(beat, sock):
    """Return what comes next, b"" at the end. Raises OSError after a long silence."""
    deadline = clock.ticks_add(clock.ticks_ms(), _SILENT_MS)
    while clock.ticks_diff(deadline, clock.ticks_ms()) > 0:
        try:
            return sock.recv(_CHUNK)
        except OSError as e:
            if e.errno not in _AGAIN:
                raise
        beat()
        await asyncio.sleep_ms(_LOOK_MS)
    raise OSError(errno.ETIMEDOUT, "it went silent")


async def _until(beat, ready, limit_ms):
    deadline = clock.ticks_add(clock.ticks_ms(), limit_ms)
    while not ready():
        if clock.ticks_diff(deadline, clock.ticks_ms()) <= 0:
            raise OSError(errno.ETIMEDOUT, "it does not answer")
        beat()
        await asyncio.sleep_ms(_LOOK_MS)


async def _rest(beat, ms):
    end = clock.ticks_add(clock.ticks_ms(), ms)
    while clock.ticks_diff(end, clock.ticks_ms()) > 0:
        beat()
        await asyncio.sleep_ms(_LOOK_MS)
