"""One connection to a broker: bytes out in portions, packets in, sign of life. No call here waits.

A call of send() writes once, at most 512 bytes; a call of receive() takes at most one message, or four other packets.
"""

import errno

from clock import ticks_diff, ticks_ms
from micropython import const
from mqtt import packet
from mqtt.decoder import Decoder
from parts import Part

_PORTION = const(512)
_CHUNK = const(256)
_EVENTS = const(4)


class Link:
    """Client side of the wire; stream is None while there is no connection."""

    def __init__(self, limit, keepalive_s, load, written, take):
        """load(): the next (packet head, payload, message), or None; written(message, now): it is on its way.

        take(kind, decoder): an inbound packet. limit: longest inbound packet in bytes.
        """
        self._load = load
        self._written = written
        self._take = take
        self._keepalive_ms = keepalive_s * 1000
        self._decoder = Decoder(limit)
        self._chunk = bytearray(_CHUNK)
        self._urgent = []  # packets that go before any message
        self.stream = None
        self._begin(ticks_ms())

    def open(self, stream, hello):
        """Take a fresh stream; hello is the first packet."""
        self.stream = stream
        self._begin(ticks_ms())
        self.push(hello)

    def close(self):
        """Drop the connection and what was half sent or half received."""
        if self.stream:
            try:
                self.stream.close()
            except OSError:
                pass  # it was broken already
        self.stream = None
        self._begin(ticks_ms())

    def push(self, urgent):
        """Send this packet before any message."""
        self._urgent.append(urgent)

    def ping(self):
        """Ask for a sign of life, once at a time."""
        if packet.PINGREQ not in self._urgent:
            self.push(packet.PINGREQ)
        self._pinged_at = ticks_ms()

    def send(self, now):
        """Write one portion; return True if there may be more to write at once. Raises OSError."""
        if self._part is None and not self._next_part():
            return False
        count = self.stream.write(self._part, self._offset, min(len(self._part) - self._offset, _PORTION))
        if not count:
            return False
        self._sent_at = now
        self._offset += count
        if self._offset == len(self._part):
            self._part, self._rest = self._rest, None
            self._offset = 0
            if self._part is None and self._message:
                self._written(self._message, now)
                self._message = None
        return True

    def receive(self, now):
        """Take what arrived; return True if there may be more. Raises OSError, ProtocolError, what take() raises."""
        decoder = self._decoder
        if len(self._urgent) > _EVENTS:
            return False  # the broker does not read our answers, so we do not read its questions
        if not decoder.pending():
            count = self.stream.readinto(self._chunk)
            if count is None:
                return False
            if not count:
                raise OSError(errno.ECONNRESET, "closed by the broker")
            if decoder.skipping():
                self._received_at = now
            decoder.feed(self._chunk, count)
        for _ in range(_EVENTS):
            kind = decoder.next_event()
            if kind == packet.NEED_DATA:
                return True
            self._received_at = now
            self._take(kind, decoder)
            if kind == packet.PUBLISH:
                break  # nobody knows for how long it is obeyed
        return True

    def keep_alive(self, now):
        """Ping when due. Raises OSError when no packet came for one and a half times the keep-alive time.

        Only what is received counts: what is sent into a dead connection seems to go well for a long time.
        """
        silent_ms = ticks_diff(now, self._received_at)
        if silent_ms * 2 > self._keepalive_ms * 3:
            raise OSError(errno.ETIMEDOUT, "nothing received for %d s" % (silent_ms // 1000))
        half_ms = self._keepalive_ms // 2
        if ticks_diff(now, self._pinged_at) < half_ms:
            return
        if silent_ms >= half_ms or ticks_diff(now, self._sent_at) >= half_ms:
            self.ping()

    def _begin(self, now):
        self._urgent.clear()
        self._part = self._rest = self._message = None
        self._offset = 0
        self._received_at = self._sent_at = self._pinged_at = now
        self._decoder.reset()

    def _next_part(self):
        if self._urgent:
            self._part = self._urgent.pop(0)
            return True
        loaded = self._load()
        if not loaded:
            return False
        self._part, self._rest, self._message = loaded
        if self._rest is not None and len(self._part) + len(self._rest) <= _PORTION:
            self._part += bytes(self._rest)  # one write is one TCP segment
            self._rest = None
        elif not self._rest:
            self._rest = None
        return True


def is_address(text):
    """Return True if text is an address "a.b.c.d" and no name that somebody has to be asked for."""
    parts = text.split(".")
    return len(parts) == 4 and all(0 < len(p) < 4 and p.isdigit() and int(p) < 256 for p in parts)


# Both apart from who calls them: a coroutine holds a module that it names for as long as it waits.
def connect(*login, **more):
    """Return CONNECT, see opening.connect."""
    with Part("mqtt.opening", "mqtt.opening") as opening:
        return opening.connect(*login, **more)


async def open_stream(server, port, timeout_ms, beat):
    """Return a stream to a broker, see opening.open_stream."""
    with Part("mqtt.opening", "mqtt.opening") as opening:
        return await opening.open_stream(server, port, timeout_ms, beat)
