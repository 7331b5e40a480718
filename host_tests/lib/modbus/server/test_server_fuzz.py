"""The slave side and the PDUs against anything: no exception, no unasked answer; pymodbus says what is right."""

import pytest
from bridgectl import firmware
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

firmware.load()

from modbus.server import server  # noqa: E402
from modbus.wire import pdu, request_pdu, rtu  # noqa: E402

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")

OBJECTS = ((0, b"Vendor"), (1, b"P"), (2, b"1.0"), (4, b"x" * 200), (5, b"y" * 100), (0x80, b"private"))
FUNCTIONS = (1, 2, 3, 4, 5, 6, 8, 15, 16, 22, 23, 43)
to_server = DecodePDU(True)
to_client = DecodePDU(False)

contents = st.one_of(
    st.binary(min_size=1, max_size=252),
    st.builds(lambda f, rest: bytes([f]) + rest, st.sampled_from(FUNCTIONS), st.binary(max_size=252)),
    # a plausible head: function, address, small quantity
    st.builds(
        lambda f, a, n, rest: bytes([f]) + a.to_bytes(2, "big") + n.to_bytes(2, "big") + rest,
        st.sampled_from(FUNCTIONS),
        st.one_of(st.integers(0, 130), st.integers(0xFF00, 0xFFFF)),
        st.integers(0, 130),
        st.binary(max_size=247),
    ),
)


class Bank:
    functions = b"\x01\x02\x03\x04\x05\x06\x0f\x10\x16\x17"

    def __init__(self):
        self.words = list(range(128))
        self.coils = [i % 3 == 0 for i in range(128)]

    def read(self, function, address, count, out, at):
        if address + count > 128:
            return 2
        if function < 3:
            for i in range((count + 7) // 8):
                out[at + i] = sum(bit << k for k, bit in enumerate(self.coils[address + 8 * i : address + 8 * i + 8]))
            return 0
        for i, word in enumerate(self.words[address : address + count]):
            out[at + 2 * i], out[at + 2 * i + 1] = word >> 8, word & 0xFF
        return 0

    def write(self, address, buffer, at, count):
        if address + count > 128:
            return 2
        self.words[address : address + count] = [buffer[at + 2 * i] << 8 | buffer[at + 2 * i + 1] for i in range(count)]
        return 0

    def write_bits(self, address, buffer, at, count):
        if address + count > 128:
            return 2
        self.coils[address : address + count] = [bool(buffer[at + i // 8] >> i % 8 & 1) for i in range(count)]
        return 0


def sealed(content):
    return bytes(content) + FramerRTU.compute_CRC(bytes(content)).to_bytes(2, "big")


def answer(slave, frame):
    out = bytearray(rtu.LONGEST)
    return bytes(out[: slave.answer(frame, len(frame), out)])


@given(st.lists(contents, max_size=8))
def test_any_good_frame_gets_a_sound_answer_or_none(requests):
    """Proves: REL-1+"""
    slave = server.Server(1, Bank(), OBJECTS)
    for content in requests:
        listening = slave.diagnostics.listen_only
        reply = answer(slave, sealed(bytes([1]) + content))
        if listening or content[:3] == b"\x08\x00\x04":
            continue  # silence has its own tests
        assert 5 <= len(reply) <= 256 and reply == sealed(reply[:-2])
        assert reply[0] == 1 and reply[1] & 0x7F == content[0] & 0x7F
        if reply[1] == content[0] and not reply[1] & 0x80:
            # What we answer is what our own master takes for a good reply.
            assert pdu.check(reply, 1, len(reply) - 2, content, 0, len(content)) == rtu.OK
        else:
            assert len(reply) == 5 and reply[2] in (1, 2, 3, 4)


@given(st.binary(max_size=300), st.sampled_from((0, 2, 247)))
def test_nothing_else_is_ever_answered(rubbish, unit):
    """Proves: REL-1+"""
    slave = server.Server(1, Bank(), OBJECTS)
    if rubbish[:1] != b"\x01":
        assert answer(slave, rubbish) == b""
    assert answer(slave, sealed(bytes([unit]) + rubbish[:250])) == b""


@given(contents)
def test_what_we_answer_to_a_good_request_pymodbus_understands(content):
    """Proves: COM-8+"""
    slave = server.Server(1, Bank(), OBJECTS)
    reply = answer(slave, sealed(bytes([1]) + content))
    if not reply or content[0] not in FUNCTIONS:
        return
    message = to_client.decode(reply[1:-2])
    assert message is not None
    assert message.function_code & 0x7F == content[0]


@given(st.binary(max_size=260), st.sampled_from(FUNCTIONS), st.binary(min_size=5, max_size=30))
def test_a_master_survives_any_reply(reply, function, rest):
    """Proves: REL-1+"""
    request = bytes([function]) + rest
    status = pdu.check(reply, 0, len(reply), request, 0, len(request))
    assert -6 <= status < 64
    if reply:
        assert pdu.reply_length(reply, 0, len(reply), request, 0, len(request)) >= 2
        assert pdu.request_length(reply, 0, len(reply)) >= 0 and pdu.overheard_length(reply, 0, len(reply)) >= 0
        if function == 43 and status == rtu.OK:
            found, _more = request_pdu.objects(reply, 0, len(reply))
            assert len(found) == reply[6]


@given(st.data(), contents, st.integers(1, 6))
def test_a_reply_with_flipped_bits_is_never_good(data, content, count):
    """CRC-16 finds any burst of up to 16 bits and any three flipped bits; six anywhere escape once in 65536 at most."""
    slave = server.Server(1, Bank(), OBJECTS)
    reply = bytearray(answer(slave, sealed(bytes([1]) + content)))
    if not reply:
        return
    start = data.draw(st.integers(0, 8 * len(reply) - 16))
    flips = data.draw(st.sets(st.integers(0, 15), min_size=1, max_size=count))
    for bit in flips:
        reply[(start + bit) // 8] ^= 1 << (start + bit) % 8
    assert not server.intact(reply, len(reply))


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f not in (8, 43)])
@given(address=st.integers(0, 100), count=st.integers(1, 20), seed=st.integers(0, 0xFFFF))
def test_what_pymodbus_reads_of_our_requests_is_what_was_meant(function, address, count, seed):
    """Proves: SEN-2+"""
    out = bytearray(260)
    words = [(seed + 7919 * i) & 0xFFFF for i in range(count)]
    bits = [bool(seed >> i % 16 & 1) for i in range(count)]
    if function <= 4:
        end, meant = request_pdu.two_words(out, 0, function, address, count), {"address": address, "count": count}
    elif function == 5:
        end, meant = request_pdu.two_words(out, 0, 5, address, 0xFF00), {"address": address, "bits": [True]}
    elif function == 6:
        end, meant = request_pdu.two_words(out, 0, 6, address, seed), {"address": address, "registers": [seed]}
    elif function == 15:
        end, meant = request_pdu.write_coils(out, 0, address, bits), {"address": address}
    elif function == 16:
        end, meant = request_pdu.write_registers(out, 0, address, words), {"address": address, "registers": words}
    elif function == 22:
        end = request_pdu.mask_register(out, 0, address, seed, 0x0F0F)
        meant = {"address": address, "and_mask": seed, "or_mask": 0x0F0F}
    else:
        end = request_pdu.read_write(out, 0, address, count, address + 1, words)
        meant = {"read_address": address, "read_count": count, "write_address": address + 1, "write_registers": words}
    message = to_server.decode(bytes(out[:end]))
    assert message.function_code == function
    assert {name: getattr(message, name) for name in meant} == meant
    if function == 15:
        assert message.bits[:count] == bits


def test_the_example_of_the_library_works():
    from modbus.server import example as example_server

    slave = example_server.slave()
    write = sealed(bytes.fromhex("011000010002041234abcd"))
    assert answer(slave, write) == sealed(write[:6])
    assert answer(slave, sealed(bytes.fromhex("010300000004"))) == sealed(bytes.fromhex("01030800001234abcd0000"))
    assert answer(slave, sealed(bytes.fromhex("01050001ff00"))) == sealed(bytes.fromhex("01050001ff00"))
    assert answer(slave, sealed(bytes.fromhex("010100000002"))) == sealed(bytes.fromhex("01010102"))
    assert answer(slave, sealed(bytes.fromhex("010300030002"))) == sealed(bytes.fromhex("018302"))
    assert answer(slave, sealed(bytes.fromhex("012b0e0401"))) == sealed(
        bytes.fromhex("012b0e0481000001" + "0107") + b"example"
    )
