"""Modbus TCP framing: requests out of a stream of bytes, whatever its pieces, and nothing but requests."""

import gc

import micropython
from modbus.wire import tcp

# transaction 0x1234, unit 0x11: read 3 holding registers from 0x6B (the specification's example)
READ = bytes.fromhex("12340000000611" + "03006B0003")
WRITE = bytes.fromhex("00020000000611" + "0600010003")
# as above, but of protocol 1
OTHER = bytes.fromhex("00070001000611" + "03006B0003")


def requests(data, size=1000):
    """Return [(transaction, unit, PDU)] of a stream that comes in pieces of `size`, and whether it broke."""
    stream = tcp.Stream()
    found = []
    for begin in range(0, len(data), size):
        piece = data[begin : begin + size]
        at = 0
        while at < len(piece):
            at = stream.take(piece, at, len(piece))
            if stream.broken:
                return found, True
            if stream.ready:
                pdu = bytes(stream.buffer[tcp.HEADER : tcp.HEADER + stream.count])
                found.append((stream.transaction, stream.unit, pdu))
    return found, False


def test_a_request_comes_out_of_its_bytes():
    assert requests(READ) == ([(0x1234, 0x11, b"\x03\x00\x6b\x00\x03")], False)


def test_the_pieces_of_a_stream_do_not_matter():
    expected = requests(READ + WRITE + READ)
    assert len(expected[0]) == 3
    for size in range(1, 37):
        assert requests(READ + WRITE + READ, size) == expected


def test_another_protocol_is_passed_over_in_silence():
    for size in (1, 5, 100):
        assert requests(OTHER + READ, size) == requests(READ)


def test_a_length_that_cannot_be_breaks_the_stream():
    for length in (0, 1, 255, 256, 0xFFFF):
        head = b"\x00\x01\x00\x00" + bytes((length >> 8, length & 255))
        assert requests(READ + head + READ, 3) == ([(0x1234, 0x11, b"\x03\x00\x6b\x00\x03")], True)


def test_a_page_request_breaks_the_stream_at_once():
    assert requests(b"GET / HTTP/1.1\r\n") == ([], True)


def test_the_shortest_and_the_longest_request_are_taken():
    longest = bytes.fromhex("0001000000FE01") + bytes(253)
    assert len(longest) == tcp.LONGEST
    assert requests(longest)[0][0][2] == bytes(253)
    assert requests(bytes.fromhex("000100000002010B")) == ([(1, 1, b"\x0b")], False)


def test_a_half_request_is_noticed():
    stream = tcp.Stream()
    assert not stream.begun()
    stream.take(READ, 0, 5)
    assert stream.begun() and not stream.ready
    stream.take(READ, 5, 12)
    assert stream.ready and not stream.begun()
    stream.take(OTHER, 0, 8)
    assert stream.begun() and not stream.ready


def test_a_reply_repeats_transaction_and_unit():
    out = bytearray(tcp.LONGEST)
    count = tcp.exception(out, tcp.HEADER, 0x03, 0x0B)
    assert out[: tcp.head(out, 0x1234, 0x11, count)] == bytes.fromhex("12340000000311" + "830B")


def test_taking_requests_allocates_nothing():
    stream = tcp.Stream()
    out = bytearray(tcp.LONGEST)
    stream.take(READ, 0, 12)
    gc.collect()
    micropython.heap_lock()
    try:
        for _ in range(1000):
            stream.take(READ, 0, 12)
            tcp.head(out, stream.transaction, stream.unit, 5)
    finally:
        micropython.heap_unlock()
    assert stream.ready
