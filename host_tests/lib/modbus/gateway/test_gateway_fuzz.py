"""The gateway's decoders on any stream of bytes: same requests as a simple reading of the standard, no surprise."""

from bridgectl import firmware
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU

firmware.load()
from modbus.gateway import requests as gateway_requests  # noqa: E402
from modbus.gateway.cache import covers, cut, size_of  # noqa: E402
from modbus.wire import tcp  # noqa: E402

HEADS = st.builds(
    lambda t, p, n, u, body: (
        t.to_bytes(2, "big") + p.to_bytes(2, "big") + (len(body) + n).to_bytes(2, "big") + bytes((u,)) + body
    ),
    st.integers(0, 65535),
    st.sampled_from((0, 0, 0, 0, 1, 256, 65535)),
    st.sampled_from((1, 1, 1, 1, 1, 1, 0, 2, 3, 254)),
    st.integers(0, 255),
    st.binary(min_size=0, max_size=20),
)
STREAMS = st.one_of(st.binary(max_size=600), st.lists(HEADS, max_size=12).map(b"".join))


def expected(data):
    """Return the requests of a stream and whether it breaks, read in the most simple way."""
    found = []
    while len(data) >= 6:
        length = int.from_bytes(data[4:6], "big")
        if not 2 <= length <= 254:
            return found, True
        if len(data) < 6 + length:
            break
        if data[2:4] == b"\0\0":
            found.append((int.from_bytes(data[:2], "big"), data[6], data[7 : 6 + length]))
        data = data[6 + length :]
    return found, False


def taken(data, sizes):
    """Return what a Stream makes of it, in pieces of the sizes."""
    stream = tcp.Stream()
    found = []
    turn = 0
    while data:
        size = sizes[turn % len(sizes)]
        turn += 1
        piece, data = data[:size], data[size:]
        at = 0
        while at < len(piece):
            before = at
            at = stream.take(piece, at, len(piece))
            assert before < at <= len(piece)
            assert len(stream.buffer) == tcp.LONGEST
            if stream.broken:
                return found, True
            if stream.ready:
                pdu = bytes(stream.buffer[tcp.HEADER : tcp.HEADER + stream.count])
                found.append((stream.transaction, stream.unit, pdu))
    return found, False


@settings(max_examples=600, deadline=None)
@given(STREAMS, st.lists(st.integers(1, 300), min_size=1, max_size=5))
def test_a_stream_gives_the_same_requests_in_any_pieces(data, sizes):
    """Proves: REL-1+"""
    assert taken(data, sizes) == expected(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 65535), st.integers(0, 255), st.binary(min_size=1, max_size=253))
def test_what_the_head_says_is_what_another_reader_finds(transaction, unit, pdu):
    out = bytearray(tcp.LONGEST)
    out[tcp.HEADER : tcp.HEADER + len(pdu)] = pdu
    length = tcp.head(out, transaction, unit, len(pdu))
    assert taken(bytes(out[:length]), [7]) == ([(transaction, unit, pdu)], False)
    used, found_unit, found_transaction, frame = FramerSocket(DecodePDU(False)).decode(bytes(out[:length]))
    assert (used, found_transaction, found_unit, frame) == (length, transaction, unit, pdu)


@settings(max_examples=1500, deadline=None)
@given(st.integers(0, 5), st.binary(min_size=1, max_size=253), st.sampled_from((*range(25), 43)), st.booleans())
def test_the_check_of_any_request_ends_in_a_code(at, pdu, function, known):
    """And what it passes is safe to look at for writes and addresses. Proves: REL-1+"""
    if known:
        pdu = bytes((function,)) + pdu[1:]
    buffer = bytearray(at) + pdu
    code = gateway_requests.check(buffer, at, len(pdu))
    assert code in (0, 1, 2, 3)
    if not code:
        assert gateway_requests.writes(buffer, at, len(pdu)) in (True, False)
        gateway_requests.touches(buffer, at, 40042, 40043)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from((5, 6, 15, 16, 22, 23)), st.integers(0, 65535), st.integers(1, 20), st.integers(0, 65535))
def test_a_write_of_own_registers_is_always_seen(function, address, quantity, own):
    words = bytes(2 * quantity)
    head = bytes((function,)) + address.to_bytes(2, "big")
    count = quantity.to_bytes(2, "big")
    # fmt: off
    pdu = {
        5: head + b"\xff\x00", 6: head + b"\x00\x01", 22: head + bytes(4),
        15: head + count + bytes(((quantity + 7) // 8,)) + bytes((quantity + 7) // 8),
        16: head + count + bytes((2 * quantity,)) + words,
        23: bytes((23, 0, 0, 0, 1)) + address.to_bytes(2, "big") + count + bytes((2 * quantity,)) + words,
    }[function]
    # fmt: on
    if gateway_requests.check(pdu, 0, len(pdu)):
        return
    registers = {5: 0, 15: 0, 6: 1, 22: 1}.get(function, quantity)
    met = address <= own + 1 and own < address + registers
    assert gateway_requests.touches(pdu, 0, own, own + 1) == (met and registers > 0)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from((1, 2, 3, 4)), st.integers(0, 60), st.integers(1, 90), st.data())
def test_a_part_is_what_the_slave_would_have_sent(function, address, quantity, data):
    """Bits and registers, any part that is covered, against a slave that holds the address in each register."""
    part_quantity = data.draw(st.integers(1, quantity))
    part_address = data.draw(st.integers(address, address + quantity - part_quantity))

    def slave(first, count):
        if function <= 2:
            bits = [(n * 7 + n // 3) & 1 for n in range(first, first + count)]
            packed = [sum(b << i for i, b in enumerate(bits[k : k + 8])) for k in range(0, count, 8)]
            return bytes((function, len(packed), *packed))
        return bytes((function, 2 * count)) + b"".join(n.to_bytes(2, "big") for n in range(first, first + count))

    whole = slave(address, quantity)
    assert len(whole) == 2 + size_of(function, quantity)
    if not covers(function, address, quantity, part_address, part_quantity):
        assert function <= 2 and (part_address - address) % 8
        return
    out = bytearray(tcp.LONGEST)
    count = cut(function, part_address - address, part_quantity, b"xyz" + whole, 5, out)
    assert bytes(out[:count]) == slave(part_address, part_quantity)
