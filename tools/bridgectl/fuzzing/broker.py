"""What a broker may send over MQTT 3.1.1, damaged too, and a reader by the book: slow, simple, written for this alone."""

from bridgectl.fuzzing import mutate

CONNACK, PUBLISH, PUBACK, SUBACK, UNSUBACK, PINGRESP = 2, 3, 4, 9, 11, 13
SKIPPED = 16  # a message that is longer than LIMIT
BROKEN = 99  # what is not of the book ends the connection

LIMIT = 256  # of chip/network.py
_SIZES = {CONNACK: (2,), PUBACK: (2,), SUBACK: (3,), UNSUBACK: (2,), PINGRESP: (0,)}
_TOPICS = ("a/set", "bridge/SN/set", "x", "ä/€", "😀", "a+b", "#", "a\0b", "t" * 250, "t" * 260, "")


def mqtt_input(rng):
    return mutate.piece_size(rng) + stream(rng)


def mqtt_wrong(data, answer):
    expected = packets(data[1:])
    refused = bool(expected) and expected[-1][0] == BROKEN
    expected = [list(e) for e in (expected[:-1] if refused else expected)]
    if answer != [expected, refused]:
        return f"by the book: {expected}, {'refused' if refused else 'taken'}"
    return None


def mqtt_client_input(rng):
    login = b"\x20\x02\x00\x00" if rng.random() < 0.9 else b""
    return mutate.piece_size(rng) + login + stream(rng)


def mqtt_client_wrong(data, answer):
    heard, passed_over, sent, end = answer
    messages, longer, expected, connected = [], [], "closed", False
    for kind, *fields in packets(data[1:]):
        if kind == BROKEN or (kind == CONNACK) == connected:
            expected = "refused"
            break
        if kind == CONNACK:
            if fields[6]:
                expected = "turned away"
                break
            connected = True
        elif kind == PUBLISH:
            messages.append([fields[0], fields[1], fields[3]])
        elif kind == SKIPPED:
            longer.append([fields[0], fields[1]])
    if [heard, passed_over] != [messages, longer]:
        return f"by the book: {messages}, passed over {longer}"
    if not sent.startswith("10"):
        return "something was sent before CONNECT"
    # A login that comes byte by byte may take longer than the client waits.
    return (
        None if end == expected or (end == "closed" and not connected) else f"by the book it is {expected}, not {end}"
    )


def stream(rng):
    """Return some packets, often damaged."""
    out = b"".join(_packet(rng) for _ in range(rng.randint(0, 6)))
    return mutate.maybe(rng, out, 0.5)


def _packet(rng):
    roll = rng.random()
    if roll < 0.55:
        qos = rng.choice((0, 0, 1, 1, 2)) if rng.random() < 0.2 else rng.choice((0, 1))
        topic = rng.choice(_TOPICS if rng.random() < 0.3 else _TOPICS[:5]).encode()
        if rng.random() < 0.1:
            topic = mutate.text(rng, 60).encode()
        if rng.random() < 0.05:
            topic = rng.randbytes(rng.randint(1, 6))
        body = len(topic).to_bytes(2, "big") + topic
        body += (mutate.word(rng) if rng.random() < 0.2 else b"\x12\x34") if qos else b""
        body += rng.randbytes(rng.choice((0, 1, 30, 120, 200, 240, 300, 700)))
        first = 0x30 | (8 if qos and rng.random() < 0.3 else 0) | qos << 1 | rng.randint(0, 1)
        return bytes((first,)) + _length(rng, len(body)) + body
    kind, bodies = rng.choice(
        (
            (CONNACK, (b"\0\0", b"\1\0", b"\0\5", b"\1\5")),
            (PUBACK, (b"\0\1", b"\xff\xff", b"\0\0")),
            (SUBACK, (b"\0\1\0", b"\0\1\x80", b"\0\2\1", b"\0\1\2")),
            (UNSUBACK, (b"\0\1", b"\0\7")),
            (PINGRESP, (b"",)),
            (rng.randrange(16), (b"", b"\0\1")),
        )
    )
    body = rng.choice(bodies)
    return bytes((kind << 4 | (0 if rng.random() < 0.95 else rng.randrange(16)),)) + _length(rng, len(body)) + body


def _length(rng, size):
    """Return a remaining length; now and then in more bytes than needed, or a wrong one."""
    if rng.random() < 0.03:
        return rng.choice((b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x01", b"\xff\x7f"))
    longer = rng.random() < 0.03
    out = bytearray()
    while True:
        size, byte = divmod(size, 128)
        if size or longer:
            out.append(byte | 128)
            if not size:
                return bytes(out) + b"\0"
        else:
            out.append(byte)
            return bytes(out)


def packets(octets):
    """Return the events of a stream as chip/network.py tells them, at its end (BROKEN,) if it is not of the book."""
    found = []
    try:
        while octets:
            event, octets = _read(octets)
            if event:
                found.append(event)
    except (ValueError, UnicodeDecodeError):
        found.append((BROKEN,))
    return found


def _read(octets):
    """Return (event or None, rest) of the front of a stream; ValueError if it is not of the book."""
    kind, flags = octets[0] >> 4, octets[0] & 15
    qos = flags >> 1 & 3
    _must(kind == PUBLISH or (kind in _SIZES and not flags))
    _must(kind != PUBLISH or (qos < 2 and (qos or not flags & 8)))
    size = at = 0
    while True:
        at += 1
        if at == len(octets):
            return None, b""
        size |= (octets[at] & 127) << 7 * (at - 1)
        if octets[at] < 128:
            break
        _must(at < 4)
    _must(size >= 3 if kind == PUBLISH else size in _SIZES[kind])
    body, rest = octets[at + 1 : at + 1 + size], octets[at + 1 + size :]
    whole = len(body) == size
    if kind == PUBLISH:
        return _publish(body, size, flags, whole), rest
    return (_small(kind, body) if whole else None), rest


def _small(kind, body):
    packet_id = int.from_bytes(body[:2], "big") if kind in (PUBACK, SUBACK, UNSUBACK) else 0
    _must(packet_id or kind in (CONNACK, PINGRESP))
    _must(kind != SUBACK or body[2] in (0, 1, 0x80))
    code = body[1] if kind == CONNACK else body[2] if kind == SUBACK else 0
    present = kind == CONNACK and body[0] == 1
    _must(kind != CONNACK or (body[0] <= 1 and not (present and code)))
    return (kind, "", "", 0, False, False, packet_id, code, present)


def _publish(body, size, flags, whole):
    qos = flags >> 1 & 3
    if not whole and len(body) < LIMIT:
        return None
    end = 2 + int.from_bytes(body[:2], "big")
    _must(end > 2 and end + 2 * qos <= size)
    topic = ""
    if end <= LIMIT:
        topic = body[2:end].decode()
        _must(not set(topic) & set("+#\0"))
    packet_id = int.from_bytes(body[end : end + 2], "big") if qos else 0
    # A packet id of 0 is seen as soon as both its bytes are there.
    _must(packet_id or not qos or len(body) < end + 2 or (size > LIMIT and not whole and end + 2 > LIMIT))
    if not whole:
        return None
    text = topic.encode().hex()
    if size > LIMIT:
        return (SKIPPED, text, size, packet_id)
    return (PUBLISH, text, body[end + 2 * qos :].hex(), qos, bool(flags & 1), bool(flags & 8), packet_id, 0, False)


def _must(met):
    if not met:
        raise ValueError("not of the book")
