"""The decoders of what clients send; each function returns one that takes an input and tells what it made of it."""

import os

from bridgectl.fuzzing.chip import virtual
from bridgectl.fuzzing.chip.bank import value
from bridgectl.fuzzing.chip.pieces import Pieces

_ADDRESS = "192.168.4.1"
_STEP_MS = 20
_DEADLINE_MS = 1500
_FRESH_MS = 300


def tcp():
    """In: size of the pieces, stream. Out: [[transaction, unit, PDU] ..., broken]."""
    from modbus.wire import tcp

    def take(data):
        stream = tcp.Stream()
        pieces = Pieces(data)
        buffer = bytearray(256)
        found = []
        count = pieces.take(buffer)
        while count and not stream.broken:
            at = 0
            while at < count and not stream.broken:
                at = stream.take(buffer, at, count)
                if stream.ready:
                    held = bytes(memoryview(stream.buffer)[tcp.HEADER : tcp.HEADER + stream.count])
                    found.append([stream.transaction, stream.unit, held.hex()])
            count = pieces.take(buffer)
        return [found, stream.broken]

    return take


class _Bus:
    """A master whose slaves answer as the script says, byte by byte: how, and how soon."""

    def __init__(self):
        self.waiting = []
        self.script = b"\0"
        self.place = 0
        self.asked_at = 0

    def forward(self, unit, pdu, count, done):
        if len(self.waiting) >= 3:
            return False
        self.waiting.append((unit, bytes(memoryview(pdu)[:count]), done))
        return True

    def withdraw(self, done):
        for row in self.waiting:
            if row[2] is done:
                self.waiting.remove(row)
                return True
        return False

    def order(self):
        """Return the next byte of the script, which goes round."""
        self.place += 1
        return self.script[self.place % len(self.script)]

    def step(self):
        """Carry out the request that waits longest."""
        if not self.waiting:
            return
        unit, pdu, done = self.waiting.pop(0)
        self.asked_at = virtual.ticks_ms()
        how = self.order()
        virtual.pass_ms(how)
        if how & 15 == 1 or not unit:
            return done(0 if not unit else -1, b"", 0, 0)
        if how & 15 == 2:
            return done(-3, b"", 0, 0)
        if how & 15 == 3:
            return done(1 + how % 11, b"\xee" + bytes((pdu[0] | 0x80, 1 + how % 11)), 1, 2)
        reply = _slave(unit, pdu)
        done(0, b"\xee" + reply + b"\xee", 1, len(reply))


def _slave(unit, pdu):
    """Return the reply of a slave whose register `a` holds value(a + unit); of a write the request's front."""
    function = pdu[0]
    if function not in (1, 2, 3, 4, 23):
        return pdu[: 7 if function == 22 else 5]
    address, count = pdu[1] << 8 | pdu[2], pdu[3] << 8 | pdu[4]
    if function > 2:
        words = [value(address + unit + i) for i in range(count)]
        return bytes((function, 2 * count)) + b"".join([bytes((w >> 8, w & 0xFF)) for w in words])
    out = bytearray(2 + (count + 7) // 8)
    out[0], out[1] = function, len(out) - 2
    for i in range(count):
        out[2 + i // 8] |= (value(address + unit + i) >> 3 & 1) << i % 8
    return bytes(out)


class _Taker:
    """The socket of a client that takes all it is sent at once."""

    def __init__(self):
        self.taken = b""

    def write(self, buffer, count):
        self.taken += bytes(memoryview(buffer)[:count])
        return count

    def answers(self):
        """Return [transaction, unit, PDU] of each reply, or the bytes themselves if they are out of step."""
        found = []
        rest = self.taken
        while rest:
            end = 6 + int.from_bytes(rest[4:6], "big")
            if rest[2:4] != b"\0\0" or not 8 <= end <= len(rest):
                return self.taken.hex()
            found.append([rest[0] << 8 | rest[1], rest[6], rest[7:end].hex()])
            rest = rest[end:]
        return found


class _Port:
    """As much of gateway_server.Server as its clients use."""

    def __init__(self, longest):
        self.out = bytearray(longest)


def gateway():
    """In: length of the script, script, size of the pieces, stream. Out: [requests, answers, what is left open]."""
    from modbus.gateway import gateway
    from modbus.gateway.tcp_server import _Client
    from modbus.wire import tcp

    port = _Port(tcp.LONGEST)
    bus = _Bus()
    door = gateway.Gateway(lambda: bus, _FRESH_MS, _DEADLINE_MS, ((5, 40, 41),))
    buffer = bytearray(256)

    def take(data):
        end = 1 + data[0] if data else 0
        bus.script = bytes(data[1:end]) or b"\0"
        bus.place = 0
        pieces = Pieces(data[end:])
        taker = _Taker()
        client = _Client(port, taker, len(data) & 1)
        stream = tcp.Stream()
        asked = []
        count = pieces.take(buffer)
        while count and not stream.broken:
            at = 0
            while at < count and not stream.broken:
                at = stream.take(buffer, at, count)
                if stream.ready:
                    held = bytes(memoryview(stream.buffer)[tcp.HEADER : tcp.HEADER + stream.count])
                    asked.append([stream.transaction, stream.unit, held.hex()])
                    door.submit(client, stream.transaction, stream.unit, stream.buffer, tcp.HEADER, stream.count)
                    for _ in range(bus.order() & 1):
                        bus.step()
            door.step()
            count = pieces.take(buffer)
        since_ms = virtual.passed_ms()
        while virtual.passed_ms() < since_ms + 2 * _DEADLINE_MS:
            bus.step()
            door.step()
            virtual.pass_ms(_STEP_MS)
        left = [client.open, door.waiting()]
        door.leave(client)
        return [asked, taker.answers(), left]

    return take


def dns():
    """In: a datagram. Out: the reply or null."""
    from captive import dns

    def take(data):
        reply = dns.answer(data, _ADDRESS)
        return None if reply is None else reply.hex()

    return take


class _Socket(Pieces):
    """The two streams of a connection, as asyncio gives them."""

    async def readinto(self, buffer):
        return self.take(buffer)

    def write(self, data):
        self.written.append(bytes(data))

    async def drain(self):
        pass


def http_head():
    """In: size of the pieces, a request. Out: [status of the refusal or 0, method, path, query, headers, body]."""
    from http.request import Rejected, Request

    def take(data):
        request = Request(_Socket(data), ("host", "content-length", "origin"), _nothing, _nothing)
        status, body = 0, b""
        try:
            virtual.run(request.read_head())
            piece = virtual.run(request.piece())
            while piece:
                body += piece
                piece = virtual.run(request.piece())
        except Rejected as e:
            status = e.status
        virtual.run(request.discard())
        return [status, request.method, request.path.encode().hex(), request.query, request.headers, body.hex()]

    return take


def _nothing(*_):
    pass


def portal():
    """In: size of the pieces, a request. Out: [answer, settings that it changed]."""
    from http import response
    from http.request import Rejected, Request

    from bridge.logic.doors import pages
    from bridge.settings import Settings
    from bridge.state import State
    from bridge.tasks import portal
    from slots.version import Refused

    def begin(unsigned):
        raise Refused("update", "is not part of this")

    state, settings = State("1.2.3", "power", "SN1234567890"), Settings()
    folder = os.getenv("FUZZ_FOLDER")
    for name in pages.FILES.values():
        with open("%s/%s.gz" % (folder, name), "wb") as file:
            file.write(b"page " * 300)

    async def refused(host, port, user, password):
        return "nobody answers" if len(host) & 1 else ""

    doors = (begin, folder, refused, settings.apply)
    site = portal.Pages(portal._Wishes(state), state, settings, doors, _ADDRESS, 80)

    async def converse(socket):
        request = Request(socket, site.wanted, _nothing, _nothing)
        try:
            await request.read_head()
            answer = await site.answer(request)
        except Rejected as e:
            answer = site.refusal(e)
        await response.send(socket, request.buffer, answer, site.always, request.method == "HEAD")
        await request.discard()

    def take(data):
        settings.__init__()
        socket = _Socket(data)
        virtual.run(converse(socket))
        plain = Settings().shown()
        shown = settings.shown()
        changed = {name: shown[name] for name in shown if shown[name] != plain[name]}
        changed = {name: changed[name].encode().hex() for name in changed if isinstance(changed[name], str)}
        return [b"".join(socket.written)[:4096].hex(), changed]

    return take
