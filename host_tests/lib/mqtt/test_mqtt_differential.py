"""The packets of lib/mqtt against those of amqtt, an independent implementation, and against rubbish."""

import asyncio

from amqtt.adapters import BufferReader
from amqtt.mqtt import packet_class
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.packet import MQTTFixedHeader, PacketIdVariableHeader
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.suback import SubackPacket, SubackPayload
from amqtt.mqtt.unsuback import UnsubackPacket
from bridgectl import firmware
from hypothesis import given, settings
from hypothesis import strategies as st

firmware.load()

from mqtt import opening, packet  # noqa: E402
from mqtt.decoder import Decoder  # noqa: E402
from mqtt.errors import ProtocolError  # noqa: E402

# fmt: off
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
topics = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=200)
payloads = st.binary(max_size=300)
ids = st.integers(1, 0xFFFF)
qos = st.integers(0, 1)
# fmt: on


def read_by_amqtt(data):
    """Return the packet that amqtt finds in these bytes, all of which must belong to it."""

    async def read():
        reader = BufferReader(data)
        header = await MQTTFixedHeader.from_stream(reader)
        found = await packet_class(header).from_stream(reader, header)
        assert await reader.read(1) == b""
        return found

    return asyncio.run(read())


def read_by_us(data, portions=(), limit=1024):
    """Return [(kind, fields of interest)] of these bytes, fed in portions of the given sizes, then the rest."""
    decoder = Decoder(limit)
    out = []
    at = 0
    for size in (*portions, len(data)):
        decoder.feed(data[at : at + size])
        at += size
        while kind := decoder.next_event():
            d = decoder
            fields = (d.topic, bytes(d.payload), d.qos, d.retained, d.duplicate, d.packet_id, d.code, d.session_present)
            out.append((kind, *fields) if kind != packet.SKIPPED else (kind, d.topic, d.size, d.packet_id))
    return out


@given(
    text, st.integers(0, 0xFFFF), st.booleans(), st.none() | text, st.none() | text, st.none() | topics, payloads, qos
)
def test_amqtt_reads_our_connect(client_id, keepalive_s, clean, user, password, will_topic, will_payload, will_qos):
    if not client_id:
        clean = True
    if user is None:
        password = None
    will = (will_topic, will_payload, will_qos, True) if will_topic else None
    read = read_by_amqtt(opening.connect(client_id, keepalive_s, clean, user=user, password=password, will=will))
    assert (read.proto_name, read.proto_level, read.reserved_flag) == ("MQTT", 4, False)
    assert (read.keep_alive, read.clean_session_flag) == (keepalive_s, clean)
    assert read.client_id == client_id or (not client_id and read.client_id_is_random)
    assert (read.username_flag, read.username) == (user is not None, user)
    assert (read.password_flag, read.password) == (password is not None, password)
    assert read.will_flag == bool(will)
    if will:
        assert (read.will_topic, bytes(read.will_message)) == (will_topic, will_payload)
        assert (read.will_qos, read.will_retain_flag) == (will_qos, True)


@given(topics, payloads, qos, st.booleans(), st.booleans(), ids)
def test_amqtt_reads_our_publish(topic, payload, qos, retain, duplicate, packet_id):
    head = packet.publish_head(
        topic, len(payload), qos, retain, packet_id=packet_id if qos else 0, duplicate=duplicate and qos == 1
    )
    read = read_by_amqtt(head + payload)
    assert (read.topic_name, bytes(read.payload.data)) == (topic, payload)
    assert (read.qos, read.retain_flag, read.dup_flag) == (qos, retain, duplicate and qos == 1)
    assert read.packet_id == (packet_id if qos else None)


@given(ids, topics, qos)
def test_amqtt_reads_our_small_packets(packet_id, topic, qos):
    asked = read_by_amqtt(packet.subscribe(packet_id, topic, qos))
    assert (asked.variable_header.packet_id, asked.payload.topics) == (packet_id, [(topic, qos)])
    asked = read_by_amqtt(packet.unsubscribe(packet_id, topic))
    assert (asked.variable_header.packet_id, asked.payload.topics) == (packet_id, [topic])
    assert read_by_amqtt(packet.puback(packet_id)).variable_header.packet_id == packet_id
    assert type(read_by_amqtt(packet.PINGREQ)).__name__ == "PingReqPacket"
    assert type(read_by_amqtt(packet.DISCONNECT)).__name__ == "DisconnectPacket"


def one(kind, topic="", payload=b"", qos=0, retained=False, duplicate=False, packet_id=0, code=0, present=False):
    return (kind, topic, payload, qos, retained, duplicate, packet_id, code, present)


publishes = st.builds(
    lambda topic, payload, qos, retain, dup, packet_id: (
        PublishPacket.build(topic, payload, packet_id if qos else None, dup and qos == 1, qos, retain).to_bytes(),
        one(packet.PUBLISH, topic, payload, qos, retain, dup and qos == 1, packet_id if qos else 0),
    ),
    topics, payloads, qos, st.booleans(), st.booleans(), ids,
)  # fmt: skip
subacks = st.builds(
    lambda packet_id, code: (
        SubackPacket(variable_header=PacketIdVariableHeader(packet_id), payload=SubackPayload([code])).to_bytes(),
        one(packet.SUBACK, packet_id=packet_id, code=code),
    ),
    ids, st.sampled_from([0, 1, 0x80]),
)  # fmt: skip
others = st.one_of(
    ids.map(lambda i: (PubackPacket.build(i).to_bytes(), one(packet.PUBACK, packet_id=i))),
    ids.map(lambda i: (UnsubackPacket.build(i).to_bytes(), one(packet.UNSUBACK, packet_id=i))),
    st.integers(0, 5).map(lambda c: (ConnackPacket.build(0, c).to_bytes(), one(packet.CONNACK, code=c))),
    st.just((ConnackPacket.build(1, 0).to_bytes(), one(packet.CONNACK, present=True))),
    st.just((b"\xd0\x00", one(packet.PINGRESP))),
)


@given(st.lists(publishes | subacks | others, min_size=1, max_size=6), st.lists(st.integers(1, 40), max_size=30))
def test_we_read_what_amqtt_writes_in_any_portions(stream, portions):
    """Proves: REL-1+"""
    data = b"".join(written for written, _ in stream)
    assert read_by_us(data, portions) == [event for _, event in stream]


@given(topics, st.integers(0, 500), qos, ids, st.lists(st.integers(1, 40), max_size=30))
def test_messages_around_the_limit_are_taken_or_passed_over_with_the_right_id(topic, size, qos, packet_id, portions):
    written = PublishPacket.build(topic, b"x" * size, packet_id if qos else None, False, qos, False).to_bytes()
    head = 2 + len(topic.encode()) + 2 * qos
    events = read_by_us(written + b"\xd0\x00", portions, limit=64)
    if head + size <= 64:
        expected = one(packet.PUBLISH, topic, b"x" * size, qos, packet_id=packet_id if qos else 0)
    else:
        known = topic if 2 + len(topic.encode()) <= 64 else ""
        expected = (packet.SKIPPED, known, head + size, packet_id if qos else 0)
    assert events == [expected, one(packet.PINGRESP)]


@settings(max_examples=500)
@given(st.binary(min_size=1, max_size=200), st.lists(st.integers(1, 20), max_size=20))
def test_rubbish_gives_the_same_end_in_any_portions(data, portions):
    """Whole or in portions: the same events before the same refusal.

    Proves: REL-1+
    """

    def outcome(portions):
        decoder = Decoder(32)
        out = []
        at = 0
        for size in (*portions, len(data)):
            decoder.feed(data[at : at + size])
            at += size
            try:
                while kind := decoder.next_event():
                    out.append((kind, decoder.topic, bytes(decoder.payload), decoder.packet_id, decoder.size))
            except ProtocolError as e:
                return out, str(e)
        return out, None

    assert outcome(portions) == outcome(())


@settings(max_examples=500)
@given(publishes | subacks | others, st.data())
def test_what_amqtt_refuses_in_a_damaged_packet_is_never_taken_for_something_longer(written, data):
    """One byte is changed: an error, a wait for more, or an event whose parts fit the packet.

    Proves: REL-1+
    """
    damaged = bytearray(written[0])
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))
    try:
        events = read_by_us(bytes(damaged))
    except ProtocolError:
        return
    for kind, *fields in events:
        if kind == packet.PUBLISH:
            assert len(fields[0].encode()) + len(fields[1]) <= len(damaged) - 4


@given(st.integers(0, packet.LONGEST - 3))
def test_lengths_are_written_as_amqtt_writes_them(size):
    assert packet.publish_head("t", size) == MQTTFixedHeader(3, 0, size + 3).to_bytes() + b"\x00\x01t"
