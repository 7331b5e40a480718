"""PDUs of all functions: what a master sends, and how it judges what comes back."""

import micropython
from modbus.wire import functions, pdu, request_pdu, rtu


def made(build, *arguments):
    """Return a request PDU as hexadecimal digits; it was built behind a byte that is not its own."""
    out = bytearray(260)
    end = build(out, 1, *arguments)
    assert out[0] == 0 and not any(out[end:])
    return out[1:end].hex()


def judged(reply, request, function=None):
    """Return pdu.check for two PDUs in hexadecimal digits."""
    sent, got = bytes.fromhex("00" + request), bytes.fromhex("0000" + reply)
    return pdu.check(got, 2, len(got), sent, 1, len(sent))


def test_requests_are_the_examples_of_the_specification():
    # fmt: off
    assert made(request_pdu.two_words, functions.READ_COILS, 0x0013, 0x0013) == "0100130013"
    assert made(request_pdu.two_words, functions.READ_DISCRETE, 0x00C4, 0x0016) == "0200c40016"
    assert made(request_pdu.two_words, functions.READ_HOLDING, 0x006B, 3) == "03006b0003"
    assert made(request_pdu.two_words, functions.READ_INPUT, 8, 1) == "0400080001"
    assert made(request_pdu.two_words, functions.WRITE_COIL, 0x00AC, 0xFF00) == "0500acff00"
    assert made(request_pdu.two_words, functions.WRITE_REGISTER, 1, 3) == "0600010003"
    assert made(request_pdu.diagnose, 0, 0xA537) == "080000a537"
    assert made(request_pdu.write_coils, 0x0013, (1, 0, 1, 1, 0, 0, 1, 1, 1, 0)) == "0f0013000a02cd01"
    assert made(request_pdu.write_registers, 1, (0x000A, 0x0102)) == "100001000204000a0102"
    assert made(request_pdu.mask_register, 4, 0x00F2, 0x0025) == "16000400f20025"
    assert made(request_pdu.read_write, 3, 6, 0x000E, (0xFF, 0xFF, 0xFF)) == "1700030006000e00030600ff00ff00ff"
    assert made(request_pdu.identify, 1, 0) == "2b0e0100"
    # fmt: on


def test_more_than_a_frame_holds_is_refused_before_it_is_sent():
    out = bytearray(260)
    for build, arguments in (
        (request_pdu.write_coils, (0, ())),
        (request_pdu.write_coils, (0, (1,) * 1969)),
        (request_pdu.write_registers, (0, ())),
        (request_pdu.write_registers, (0, (1,) * 124)),
        (request_pdu.read_write, (0, 1, 0, (1,) * 122)),
    ):
        try:
            build(out, 1, *arguments)
        except ValueError:
            continue
        raise AssertionError(build)
    assert request_pdu.write_coils(out, 1, 0, (1,) * 1968) == 1 + 6 + 246
    assert request_pdu.write_registers(out, 1, 0, (1,) * 123) == 1 + 6 + 246
    assert request_pdu.read_write(out, 1, 0, 1, 0, (1,) * 121) == 1 + 10 + 242


# request, its good reply
PAIRS = (
    ("0100130013", "0103cd6b05"),
    ("0200c40016", "0203acdb35"),
    ("03006b0003", "0306022b00000064"),
    ("0400080001", "0402000a"),
    ("0500acff00", "0500acff00"),
    ("0600010003", "0600010003"),
    ("080000a537", "080000a537"),
    ("08000b0000", "08000b1234"),
    ("0f0013000a02cd01", "0f0013000a"),
    ("100001000204000a0102", "1000010002"),
    ("16000400f20025", "16000400f20025"),
    ("1700030006000e00030600ff00ff00ff", "170c00fe0acd00010003000d00ff"),
    ("2b0e0100", "2b0e010100000300024142010143020131"),
)


def test_good_replies_are_taken_and_their_length_is_known():
    for request, reply in PAIRS:
        assert judged(reply, request) == rtu.OK, request
        sent, got = bytes.fromhex(request), bytes.fromhex(reply)
        assert pdu.reply_length(got, 0, len(got), sent, 0, len(sent)) == len(got)
        for have in range(len(got)):
            assert have < pdu.reply_length(got, 0, have, sent, 0, len(sent)) <= len(got)
        if request[:6] != "080000":
            assert pdu.request_length(sent, 0, len(sent)) == len(sent)
            assert pdu.overheard_length(got, 0, len(got)) == len(got)


def test_replies_that_do_not_belong_to_the_request_are_refused():
    for request, reply in PAIRS:
        assert judged(reply + "00", request) == rtu.WRONG_COUNT
        assert judged(reply[:-2], request) < 0
        assert judged("07" + reply[2:], request) == rtu.WRONG_FUNCTION
        assert judged("%02x" % (int(request[:2], 16) | 0x80) + "02", request) == 2
        assert judged("8702", request) == rtu.WRONG_FUNCTION
    assert judged("0500ad0000", "0500adff00") == rtu.WRONG_COUNT  # another value
    assert judged("0600020003", "0600010003") == rtu.WRONG_COUNT  # another address
    assert judged("1000010003", "100001000204000a0102") == rtu.WRONG_COUNT
    assert judged("16000400f20024", "16000400f20025") == rtu.WRONG_COUNT
    assert judged("080000a538", "080000a537") == rtu.WRONG_COUNT
    assert judged("08000c1234", "08000b0000") == rtu.WRONG_COUNT
    assert judged("0307022b00000064", "03006b0003") == rtu.WRONG_COUNT
    assert judged("83", "03006b0003") == rtu.SHORT
    assert judged("2b0d010100000300024142010143020131", "2b0e0100") == rtu.WRONG_FUNCTION


def test_the_whole_length_of_an_answer_grows_with_what_has_come():
    reply = bytes.fromhex("2b0e010100000300024142010143020131")
    sent = bytes.fromhex("2b0e0100")
    lengths = [pdu.reply_length(reply, 0, have, sent, 0, 4) for have in (0, 6, 7, 9, 11, 13, 14, 16, 17)]
    assert lengths == [7, 7, 9, 13, 13, 16, 16, 17, 17]


def test_bits_words_and_objects_are_read_where_they_lie():
    reply = bytes.fromhex("0103cd6b05")
    assert [request_pdu.bit(reply, 2, n) for n in range(19)] == [
        1,
        0,
        1,
        1,
        0,
        0,
        1,
        1,
        1,
        1,
        0,
        1,
        0,
        1,
        1,
        0,
        1,
        0,
        1,
    ]
    assert pdu.word(bytes.fromhex("0402fedc"), 2) == 0xFEDC
    whole = bytes.fromhex("2b0e010100000300024142010143020131")
    assert request_pdu.objects(whole, 0, len(whole)) == ([(0, b"AB"), (1, b"C"), (2, b"1")], None)
    part = bytes.fromhex("2b0e0101ff020200024142010143")
    assert request_pdu.objects(part, 0, len(part)) == ([(0, b"AB"), (1, b"C")], 2)


def test_listen_only_is_the_one_request_that_nobody_answers():
    assert not pdu.answered(bytes.fromhex("0800040000"), 0)
    assert all(pdu.answered(bytes.fromhex(request), 0) for request, _ in PAIRS)


def test_nothing_is_allocated():
    out = bytearray(260)
    words, bits = (1, 2, 3), (1, 0, 1)
    pairs = [(bytes.fromhex(a), bytes.fromhex(b)) for a, b in PAIRS]

    def round():
        request_pdu.two_words(out, 1, 3, 107, 3)
        request_pdu.write_coils(out, 1, 0, bits)
        request_pdu.write_registers(out, 1, 0, words)
        request_pdu.mask_register(out, 1, 4, 0xF2, 0x25)
        request_pdu.read_write(out, 1, 3, 6, 14, words)
        request_pdu.diagnose(out, 1, 0)
        request_pdu.identify(out, 1)
        for request, reply in pairs:
            pdu.check(reply, 0, len(reply), request, 0, len(request))
            pdu.request_length(request, 0, len(request))
            pdu.overheard_length(reply, 0, len(reply))

    round()
    micropython.heap_lock()
    try:
        round()
    finally:
        micropython.heap_unlock()
