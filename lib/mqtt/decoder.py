"""Decoder of what an MQTT 3.1.1 broker sends, sans-IO: bytes in, events out, "more is needed" is a normal result.

Holds one packet of at most `limit` bytes; a longer message is passed over and reported, the connection lives on.
Source: OASIS MQTT Version 3.1.1; chapter numbers in brackets.
"""

from micropython import const
from mqtt.errors import NEWER, ProtocolError
from mqtt.packet import (
    CONNACK,
    LONGEST,
    NEED_DATA,
    PINGRESP,
    PUBACK,
    PUBLISH,
    REFUSED,
    SKIPPED,
    SUBACK,
    UNSUBACK,
)
from utf8 import well_formed

_LENGTH_BYTES = const(4)

# what is waited for
_KIND = const(0)
_LENGTH = const(1)
_BODY = const(2)
_REST = const(3)  # of a message that is too long
_BROKEN = const(4)

# fmt: off
# kind, shortest and longest body of the packets that a broker sends; a SUBACK answers one topic, as we ask
_BODIES = ((CONNACK, 2, 2), (PUBLISH, 3, LONGEST), (PUBACK, 2, 2), (SUBACK, 3, 3), (UNSUBACK, 2, 2), (PINGRESP, 0, 0))
# fmt: on

_STRANGERS = b"\x15\x16HS"  # first bytes of TLS, HTTP, SSH (words.py); no packet of a broker begins so


class Decoder:
    """Turns the bytes of a broker into events, whatever their portions.

    feed() a portion, then call next_event() until it returns NEED_DATA. The attributes belong to the last event:
    CONNACK: code, session_present. PUBLISH: topic (str), payload (view into the decoder, valid until the next
    call), qos, retained, duplicate, packet_id (0 with QoS 0). PUBACK, UNSUBACK: packet_id. SUBACK: packet_id, code
    (granted QoS, or 128 = refused). SKIPPED, a message over the limit: size (bytes), qos, packet_id, topic
    ("" if that alone is too long).
    """

    def __init__(self, limit=1024):
        """limit: longest body (packet without its 2 to 5 header bytes) that is taken, >= 16."""
        if limit < 16:
            raise ValueError("limit of at least 16 bytes")
        self._body = memoryview(bytearray(limit))
        self._limit = limit
        self.reset()

    def reset(self):
        """Forget everything: the next byte is the first of a new connection."""
        self._chunk = b""
        self._at = self._end = 0
        self._stage = _KIND
        self._first = True  # nothing came on this connection
        self._clear()

    def feed(self, chunk, count=None):
        """Hand over chunk[:count]; it must stay untouched until next_event() returned NEED_DATA."""
        if self._at < self._end:
            raise ValueError("the last portion is not used up")
        self._chunk = memoryview(chunk)
        self._at = 0
        self._end = len(chunk) if count is None else count

    def pending(self):
        """Return True while bytes of the last portion are not looked at."""
        return self._at < self._end

    def skipping(self):
        """Return True within a packet that is too long."""
        return self._stage == _REST

    def next_event(self):
        """Return the kind of the next whole packet, or NEED_DATA. Raises ProtocolError, then at every call."""
        if self._stage == _BROKEN:
            raise ProtocolError("the connection is broken already")
        before = self._stage
        self._stage = _BROKEN  # unless this call ends well
        event, self._stage = self._advance(before)
        return event

    # one packet: kind and flags, length, body; each may end for want of data

    def _advance(self, stage):
        while self._at < self._end or (stage >= _BODY and self._have == self.size):
            if stage == _KIND:
                self._begin(self._chunk[self._at])
                self._at += 1
                stage = _LENGTH
            elif stage == _LENGTH:
                stage = self._add_length(self._chunk[self._at])
                self._at += 1
            elif stage == _BODY:
                self._fill()
                if self._have == self.size:
                    self._parse()
                    return self.kind, _KIND
                if self._have == self._limit:
                    self._parse_publish_head()
                    stage = _REST
            else:
                self._pass_over()
                if self._have == self.size:
                    return SKIPPED, _KIND
        return NEED_DATA, stage

    def _clear(self):
        self.kind = self.size = self._have = self._shift = self._id_at = 0
        self.code = self.qos = self.packet_id = 0
        self.session_present = self.retained = self.duplicate = False
        self.topic = ""
        self.payload = b""

    def _begin(self, first):
        self._clear()
        if self._first:
            self._first = False
            if first in _STRANGERS:
                raise ProtocolError(first)
        self.kind = first >> 4
        if self.kind == PUBLISH:
            self.qos = first >> 1 & 3
            self.duplicate = bool(first & 8)
            self.retained = bool(first & 1)
            _require(self.qos < 2, "QoS was never asked for")
            _require(self.qos or not self.duplicate, "DUP with QoS 0")
        else:
            _require(not first & 15, "flags")
        for kind, shortest, longest in _BODIES:
            if kind == self.kind:
                self._shortest = shortest
                self._longest = longest
                return
        raise ProtocolError("packet type that no broker sends")

    def _add_length(self, byte):
        self.size |= (byte & 127) << self._shift
        self._shift += 7
        if byte & 128:
            _require(self._shift < 7 * _LENGTH_BYTES, "length of more than 4 bytes")
            return _LENGTH
        if self.kind == CONNACK and self.size > self._longest:
            raise ProtocolError(NEWER)  # only there it has more to say than a code
        _require(self._shortest <= self.size <= self._longest, "length")
        return _BODY

    def _fill(self):
        count = min(self._end - self._at, self.size - self._have, self._limit - self._have)
        self._body[self._have : self._have + count] = self._chunk[self._at : self._at + count]
        self._have += count
        self._at += count

    def _parse(self):
        body = self._body
        if self.kind == CONNACK:
            self.code = body[1]
            self.session_present = body[0] == 1
            _require(body[0] <= 1 and not (body[0] and body[1]), "CONNACK flags")
        elif self.kind == PUBLISH:
            start = self._parse_publish_head()
            self.payload = body[start : self.size]
        elif self.kind != PINGRESP:
            self.packet_id = body[0] << 8 | body[1]
            _require(self.packet_id, "packet id 0")
            if self.kind == SUBACK:
                self.code = body[2]
                _require(self.code <= 1 or self.code == REFUSED, "SUBACK code")

    def _parse_publish_head(self):
        """Take topic and packet id from the body, as far as they lie within the limit; return where they end."""
        body = self._body
        end = self._id_at = 2 + (body[0] << 8 | body[1])
        _require(end > 2, "empty topic")
        _require(end + (2 if self.qos else 0) <= self.size, "topic longer than the packet")
        if end <= self._limit:
            self.topic = _text(body[2:end])
        if self.qos:
            end += 2
            for at in (end - 2, end - 1):
                if at < self._limit:
                    self.packet_id = self.packet_id << 8 | body[at]
            _require(self.packet_id or end > self._limit, "packet id 0")
        return end

    def _pass_over(self):
        count = min(self._end - self._at, self.size - self._have)
        if self.qos:  # the packet id is wanted, for a message without PUBACK would come again
            for at in (self._id_at, self._id_at + 1):
                if self._have <= at < self._have + count:
                    self.packet_id = self.packet_id << 8 | self._chunk[self._at + at - self._have]
        self._have += count
        self._at += count
        _require(self._have < self.size or self.packet_id or not self.qos, "packet id 0")


def _text(view):
    """Return the topic of an inbound message [3.3.2.1]."""
    try:
        topic = str(view, "utf-8")
    except UnicodeError:
        raise ProtocolError("malformed: topic is not UTF-8") from None
    _require("+" not in topic and "#" not in topic and "\0" not in topic, "topic with a wildcard or U+0000")
    _require(well_formed(view), "topic is not UTF-8")
    return topic


def _require(met, what):
    if not met:
        raise ProtocolError("malformed: " + what)
