"""Packets against bytes written out by hand from the MQTT 3.1.1 standard, in any portions, and rubbish."""

from random import getrandbits, seed

from mqtt import opening, packet
from mqtt.decoder import Decoder
from mqtt.errors import ProtocolError


def raises(kind, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except kind as e:
        return str(e) or "no text"
    return ""


def events(data, limit=1024, portion=None):
    """Return what a decoder makes of these bytes, fed in portions, as plain tuples."""
    d = Decoder(limit)
    out = []
    step = portion or len(data)
    for start in range(0, len(data), step):
        d.feed(data[start : start + step])
        while True:
            kind = d.next_event()
            if kind == packet.NEED_DATA:
                break
            if kind == packet.CONNACK:
                out.append(("connack", d.code, d.session_present))
            elif kind == packet.PUBLISH:
                out.append(("publish", d.topic, bytes(d.payload), d.qos, d.retained, d.duplicate, d.packet_id))
            elif kind == packet.SKIPPED:
                out.append(("skipped", d.topic, d.size, d.qos, d.packet_id))
            elif kind == packet.SUBACK:
                out.append(("suback", d.packet_id, d.code))
            else:
                out.append((kind, d.packet_id))
    return out


# what we send


def test_a_plain_connect_is_the_standards_bytes():
    assert opening.connect("a", 10) == b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01a"


def test_a_connect_with_everything_is_the_standards_bytes():
    """Fields in the order of 3.1.3: client id, will topic, will message, user, password; flags as in figure 3.4."""
    sent = opening.connect("id", 300, False, user="u", password="pw", will=("w/t", b"off", 1, True))
    assert sent == (b"\x10\x1f\x00\x04MQTT\x04\xec\x01\x2c" + b"\x00\x02id\x00\x03w/t\x00\x03off\x00\x01u\x00\x02pw")


def test_a_connect_that_no_broker_takes_is_our_mistake():
    assert raises(ValueError, opening.connect, "a", 10, password="x")
    assert raises(ValueError, opening.connect, "", 10, False)
    assert raises(ValueError, opening.connect, "a", 65536)
    assert raises(ValueError, opening.connect, "a\0b", 10)
    assert raises(ValueError, opening.connect, "a", 10, will=("w/#", "x", 0, False))
    assert raises(ValueError, opening.connect, "a", 10, will=("w", "x" * 65536, 0, False))


def test_publish_heads_carry_flags_length_topic_and_id():
    assert packet.publish_head("a/b", 2) + b"hi" == b"\x30\x07\x00\x03a/bhi"
    assert packet.publish_head("a/b", 0, 0, True) == b"\x31\x05\x00\x03a/b"
    assert packet.publish_head("a/b", 1, 1, packet_id=10) == b"\x32\x08\x00\x03a/b\x00\x0a"
    assert packet.publish_head("a/b", 1, 1, True, packet_id=0x1234, duplicate=True) == b"\x3b\x08\x00\x03a/b\x12\x34"
    assert packet.publish_head("\u00e4", 0) == b"\x30\x04\x00\x02\xc3\xa4"


def test_lengths_take_one_to_four_bytes_at_the_standards_borders():
    """Borders of table 2.4; the topic "t" takes three bytes of the length."""
    for size, header in (
        (127, b"\x30\x7f"),
        (128, b"\x30\x80\x01"),
        (16383, b"\x30\xff\x7f"),
        (16384, b"\x30\x80\x80\x01"),
        (2097151, b"\x30\xff\xff\x7f"),
        (2097152, b"\x30\x80\x80\x80\x01"),
        (268435455, b"\x30\xff\xff\xff\x7f"),
    ):
        assert packet.publish_head("t", size - 3) == header + b"\x00\x01t", size
    assert raises(ValueError, packet.publish_head, "t", 268435456 - 3)


def test_a_topic_with_wildcards_or_without_a_character_is_our_mistake():
    for topic in ("", "a/+", "#", "a\0"):
        assert raises(ValueError, packet.publish_head, topic, 0), topic
    assert raises(ValueError, packet.publish_head, "\u00e4" * 40000, 0)  # 80,000 bytes
    assert raises(ValueError, packet.publish_head, "a", 0, 2)
    assert raises(ValueError, packet.publish_head, "a", 0, 1)  # without an id
    assert raises(ValueError, packet.publish_head, "a", 0, 1, packet_id=65536)


def test_the_small_packets_are_the_standards_bytes():
    assert packet.subscribe(10, "a/b", 1) == b"\x82\x08\x00\x0a\x00\x03a/b\x01"
    assert packet.unsubscribe(10, "a/b") == b"\xa2\x07\x00\x0a\x00\x03a/b"
    assert packet.puback(0x1234) == b"\x40\x02\x12\x34"
    assert packet.PINGREQ == b"\xc0\x00"
    assert packet.DISCONNECT == b"\xe0\x00"
    assert raises(ValueError, packet.subscribe, 1, "")
    assert raises(ValueError, packet.unsubscribe, 1, "")
    assert raises(ValueError, packet.subscribe, 1, "a", 2)


# what we receive

# fmt: off
_STREAM = (  # bytes, event
    (b"\x20\x02\x00\x00", ("connack", 0, False)),
    (b"\x20\x02\x01\x00", ("connack", 0, True)),
    (b"\x20\x02\x00\x05", ("connack", 5, False)),
    (b"\x30\x05\x00\x03a/b", ("publish", "a/b", b"", 0, False, False, 0)),
    (b"\x31\x07\x00\x03a/bhi", ("publish", "a/b", b"hi", 0, True, False, 0)),
    (b"\x32\x08\x00\x03a/b\x12\x34x", ("publish", "a/b", b"x", 1, False, False, 0x1234)),
    (b"\x3b\x07\x00\x03a/b\x00\x01", ("publish", "a/b", b"", 1, True, True, 1)),
    (b"\x30\x06\x00\x02\xc3\xa4\x00\xff", ("publish", "\u00e4", b"\x00\xff", 0, False, False, 0)),
    (b"\x30\x86\x00\x00\x02ab\x00\xff", ("publish", "ab", b"\x00\xff", 0, False, False, 0)),  # a longer way to say 6
    (b"\x40\x02\x00\x07", (packet.PUBACK, 7)),
    (b"\x90\x03\x00\x0a\x01", ("suback", 10, 1)),
    (b"\x90\x03\x00\x0a\x80", ("suback", 10, 128)),
    (b"\xb0\x02\xff\xff", (packet.UNSUBACK, 0xFFFF)),
    (b"\xd0\x00", (packet.PINGRESP, 0)),
)
# fmt: on


def test_every_packet_of_a_broker_is_understood():
    for data, event in _STREAM:
        assert events(data) == [event], data


def test_portions_make_no_difference():
    """One byte at a time, odd portions, all at once: the same events.

    Proves: REL-1+
    """
    data = b"".join(data for data, _ in _STREAM)
    expected = [event for _, event in _STREAM]
    for portion in (1, 2, 3, 5, 7, 64, None):
        assert events(data, portion=portion) == expected, portion


def test_every_beginning_of_a_packet_just_needs_more():
    for data, _ in _STREAM:
        d = Decoder()
        for count in range(1, len(data)):
            d.reset()
            d.feed(data[:count])
            assert d.next_event() == packet.NEED_DATA, (data, count)
            d.feed(data[count:])
            assert d.next_event() != packet.NEED_DATA, (data, count)
            assert not d.pending()


def test_what_no_broker_may_send_is_refused():
    """Proves: REL-1+"""
    # fmt: off
    for data in (
        b"\x00", b"\xf0", b"\x10", b"\x82", b"\xa2", b"\xc0", b"\xe0",  # reserved, or of a client
        b"\x50", b"\x62", b"\x70", b"\x34", b"\x36",  # QoS 2 and 3
        b"\x38",  # DUP with QoS 0
        b"\x21", b"\x41", b"\x91", b"\xb8", b"\xd1",  # flags
        b"\x20\x01", b"\x20\x03", b"\x40\x03", b"\x40\x00", b"\x90\x02", b"\xb0\x01", b"\xd0\x01",  # length
        b"\x30\x80\x80\x80\x80", b"\x30\xff\xff\xff\xff",  # length of five bytes
        b"\x20\x02\x02\x00", b"\x20\x02\x01\x05",  # CONNACK flags
        b"\x40\x02\x00\x00", b"\xb0\x02\x00\x00", b"\x90\x03\x00\x00\x00",  # packet id 0
        b"\x90\x03\x00\x01\x02", b"\x90\x03\x00\x01\x03", b"\x90\x03\x00\x01\x81",  # SUBACK code
        b"\x30\x00", b"\x30\x02", b"\x30\x03\x00\x00x",  # no topic
        b"\x30\x04\x00\x03ab", b"\x30\x03\xff\xffa",  # topic longer than the packet
        b"\x32\x05\x00\x03abc", b"\x32\x06\x00\x03abc\x01", b"\x32\x07\x00\x03abc\x00\x00",  # packet id
        b"\x30\x05\x00\x03a/+", b"\x30\x03\x00\x01#", b"\x30\x03\x00\x01\x00", b"\x30\x03\x00\x01\xff",  # topic
    ):
        assert raises(ProtocolError, events, data), data
        assert raises(ProtocolError, events, data, 16, 1), data
    # fmt: on


def test_after_an_error_the_decoder_stays_refusing_until_it_is_reset():
    d = Decoder()
    d.feed(b"\x40\x02\x00\x00\xd0\x00")
    assert raises(ProtocolError, d.next_event)
    assert raises(ProtocolError, d.next_event)
    d.reset()
    d.feed(b"\xd0\x00")
    assert d.next_event() == packet.PINGRESP


def test_a_portion_may_not_be_given_before_the_last_is_used():
    d = Decoder()
    d.feed(b"\xd0\x00\xd0\x00")
    d.next_event()
    assert raises(ValueError, d.feed, b"\xd0\x00")


def test_a_message_at_the_limit_is_taken_and_one_byte_more_is_passed_over():
    """The connection goes on: the packet behind it is understood.

    Proves: REL-1+
    """
    for portion in (1, 3, 16, 17, None):
        assert events(b"\x30\x10\x00\x01t" + b"x" * 13 + b"\xd0\x00", 16, portion) == [
            ("publish", "t", b"x" * 13, 0, False, False, 0),
            (packet.PINGRESP, 0),
        ]
        assert events(b"\x30\x11\x00\x01t" + b"x" * 14 + b"\xd0\x00", 16, portion) == [
            ("skipped", "t", 17, 0, 0),
            (packet.PINGRESP, 0),
        ]


def test_the_id_of_a_message_passed_over_is_found_wherever_it_lies():
    """Topics of 10 to 17 bytes put the two bytes of the id before, across and behind the limit of 16."""
    for topic_size in range(10, 18):
        data = b"\x32\x28\x00" + bytes((topic_size,)) + b"t" * topic_size + b"\x12\x34" + b"x" * (36 - topic_size)
        topic = "t" * topic_size if topic_size <= 14 else ""
        for portion in (1, 2, 3, 7, None):
            assert events(data + b"\xd0\x00", 16, portion) == [
                ("skipped", topic, 40, 1, 0x1234),
                (packet.PINGRESP, 0),
            ], (topic_size, portion)


def test_a_message_passed_over_is_still_checked():
    for bad in (b"\x32\x7f\x00\x01t\x00\x00", b"\x30\x7f\x00\x00", b"\x30\x7f\x00\xff", b"\x30\x7f\x00\x01+"):
        assert raises(ProtocolError, events, bad + b"x" * 124, 16), bad
    long_topic_id_0 = b"\x32\x28\x00\x11" + b"t" * 17 + b"\0\0" + b"x" * 19
    assert raises(ProtocolError, events, long_topic_id_0, 16)


def test_the_longest_message_of_the_standard_takes_no_memory():
    """256 MB are announced, 1 MB of it comes: nothing is kept.

    Proves: REL-1+, REL-2+
    """
    d = Decoder(64)
    d.feed(b"\x30\xff\xff\xff\x7f\x00\x01t")
    assert d.next_event() == packet.NEED_DATA
    portion = bytes(1024)
    for _ in range(1024):
        d.feed(portion)
        assert d.next_event() == packet.NEED_DATA
        assert d.skipping() or _ == 0


def test_rubbish_ends_in_an_error_or_in_events_and_in_nothing_else():
    """Proves: REL-1+"""
    seed(7)
    refused = 0
    for _ in range(3000):
        data = bytes(getrandbits(8) for _ in range(1 + getrandbits(5)))
        if getrandbits(1):  # the first byte of a real packet gets deeper
            data = bytes((b"\x20\x30\x32\x40\x90\xb0\xd0"[getrandbits(8) % 7],)) + data
        refused += bool(raises(ProtocolError, events, data, 16, 1 + getrandbits(2)))
    assert 1500 < refused < 3000


def test_damaged_packets_end_in_an_error_or_in_events_and_in_nothing_else():
    """Each bit of each packet is flipped once.

    Proves: REL-1+
    """
    for data, _ in _STREAM:
        for bit in range(len(data) * 8):
            damaged = bytearray(data)
            damaged[bit >> 3] ^= 1 << (bit & 7)
            raises(ProtocolError, events, bytes(damaged), 16)
