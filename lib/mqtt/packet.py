"""MQTT 3.1.1 packets that a client sends, as bytes, and the names of what it may receive (`decoder.py`).

QoS 0 and 1. What may not be sent raises ValueError.
Source: OASIS MQTT Version 3.1.1; chapter numbers in brackets.
"""

from micropython import const

# kinds of events: packet types of [2.2.1], and two of our own
NEED_DATA = const(0)
CONNACK = const(2)
PUBLISH = const(3)
PUBACK = const(4)
SUBACK = const(9)
UNSUBACK = const(11)
PINGRESP = const(13)
SKIPPED = const(16)

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
REFUSED = const(0x80)  # code of SUBACK [3.9.3]
LONGEST = const(268_435_455)  # of the remaining length [2.2.3]

_CONNECT = b"\x00\x04MQTT\x04"  # protocol name and level [3.1.2]
_SUBSCRIBE = const(0x82)
_UNSUBSCRIBE = const(0xA2)


def connect(client_id, keepalive_s, clean_session=True, *, user=None, password=None, will=None):
    """Return CONNECT [3.1]. will: (topic, payload, qos, retain) or None."""
    if not 0 <= keepalive_s <= 0xFFFF:
        raise ValueError("keep-alive of 0 to 65535 s")
    if password is not None and user is None:
        raise ValueError("password without user")
    if not (client_id or clean_session):
        raise ValueError("a lasting session needs a client id")
    flags = 2 if clean_session else 0
    fields = _field(client_id)
    if will:
        topic, payload, qos, retain = will
        check_topic(topic)
        _check_qos(qos)
        flags |= 4 | qos << 3 | (32 if retain else 0)
        fields += _field(topic) + _field(payload)
    if user is not None:
        flags |= 128
        fields += _field(user)
    if password is not None:
        flags |= 64
        fields += _field(password)
    return _header(0x10, 10 + len(fields)) + _CONNECT + bytes((flags, keepalive_s >> 8, keepalive_s & 255)) + fields


def publish_head(topic, payload_size, qos=0, retain=False, *, packet_id=0, duplicate=False):
    """Return PUBLISH [3.3] as far as the payload, which follows it on the wire."""
    _check_qos(qos)
    check_topic(topic)
    field = _field(topic)
    if qos:
        field += _id(packet_id)
    first = 0x30 | (8 if duplicate else 0) | qos << 1 | (1 if retain else 0)
    return _header(first, len(field) + payload_size) + field


def puback(packet_id):
    """Return PUBACK [3.4]."""
    return b"\x40\x02" + _id(packet_id)


def subscribe(packet_id, topic, qos=0):
    """Return SUBSCRIBE [3.8] for one topic filter."""
    _check_qos(qos)
    field = _field(topic)
    if len(field) < 3:
        raise ValueError("empty topic filter")
    return _header(_SUBSCRIBE, 3 + len(field)) + _id(packet_id) + field + bytes((qos,))


def unsubscribe(packet_id, topic):
    """Return UNSUBSCRIBE [3.10] for one topic filter."""
    field = _field(topic)
    if len(field) < 3:
        raise ValueError("empty topic filter")
    return _header(_UNSUBSCRIBE, 2 + len(field)) + _id(packet_id) + field


def check_topic(topic):
    """Raise ValueError unless a message may be published under this topic [4.7]."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic or len(topic) > 0xFFFF:
        raise ValueError("topic to publish to")


def _check_qos(qos):
    if qos not in (0, 1):
        raise ValueError("QoS 0 or 1")


def _id(packet_id):
    if not 1 <= packet_id <= 0xFFFF:
        raise ValueError("packet id of 1 to 65535")
    return bytes((packet_id >> 8, packet_id & 255))


def _field(content):
    """Return str or bytes with its length before it [1.5.3]."""
    if isinstance(content, str):
        if "\0" in content:
            raise ValueError("U+0000 in a text")
        content = content.encode()
    if len(content) > 0xFFFF:
        raise ValueError("field of more than 65535 bytes")
    return bytes((len(content) >> 8, len(content) & 255)) + content


def _header(first, size):
    if size > LONGEST:
        raise ValueError("packet too long")
    header = bytearray((first,))
    while True:
        byte = size & 127
        size >>= 7
        header.append(byte | (128 if size else 0))
        if not size:
            return bytes(header)
