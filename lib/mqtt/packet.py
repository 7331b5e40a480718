"""MQTT 3.1.1 packets that a client sends, as bytes, and the names of what it may receive (decoder.py). CONNECT: opening.py.

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

_SUBSCRIBE = const(0x82)
_UNSUBSCRIBE = const(0xA2)


def publish_head(topic, payload_size, qos=0, retain=False, *, packet_id=0, duplicate=False):
    """Return PUBLISH [3.3] as far as the payload, which follows it on the wire."""
    check_qos(qos)
    check_topic(topic)
    named = field(topic)
    if qos:
        named += _id(packet_id)
    first = 0x30 | (8 if duplicate else 0) | qos << 1 | (1 if retain else 0)
    return header(first, len(named) + payload_size) + named


def puback(packet_id):
    """Return PUBACK [3.4]."""
    return b"\x40\x02" + _id(packet_id)


def subscribe(packet_id, topic, qos=0):
    """Return SUBSCRIBE [3.8] for one topic filter."""
    check_qos(qos)
    named = field(topic)
    if len(named) < 3:
        raise ValueError("empty topic filter")
    return header(_SUBSCRIBE, 3 + len(named)) + _id(packet_id) + named + bytes((qos,))


def unsubscribe(packet_id, topic):
    """Return UNSUBSCRIBE [3.10] for one topic filter."""
    named = field(topic)
    if len(named) < 3:
        raise ValueError("empty topic filter")
    return header(_UNSUBSCRIBE, 2 + len(named)) + _id(packet_id) + named


def check_topic(topic):
    """Raise ValueError unless a message may be published under this topic [4.7]."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic or len(topic) > 0xFFFF:
        raise ValueError("topic to publish to")


def check_qos(qos):
    """Raise ValueError unless it is a QoS of this client."""
    if qos not in (0, 1):
        raise ValueError("QoS 0 or 1")


def _id(packet_id):
    if not 1 <= packet_id <= 0xFFFF:
        raise ValueError("packet id of 1 to 65535")
    return bytes((packet_id >> 8, packet_id & 255))


def field(content):
    """Return str or bytes with its length before it [1.5.3]."""
    if isinstance(content, str):
        if "\0" in content:
            raise ValueError("U+0000 in a text")
        content = content.encode()
    if len(content) > 0xFFFF:
        raise ValueError("field of more than 65535 bytes")
    return bytes((len(content) >> 8, len(content) & 255)) + content


def header(first, size):
    """Return the fixed header of a packet of `size` further bytes [2.2]."""
    if size > LONGEST:
        raise ValueError("packet too long")
    header = bytearray((first,))
    while True:
        byte = size & 127
        size >>= 7
        header.append(byte | (128 if size else 0))
        if not size:
            return bytes(header)
