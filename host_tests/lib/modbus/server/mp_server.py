"""The slave side: every function, the order of its checks, diagnostics, listen-only mode, identification."""

import micropython
from modbus.server import server
from modbus.wire import rtu
from server_rig import OBJECTS, Bank, Rig
from wire import frame


def test_every_function_does_its_work():
    """Proves: COM-8+"""
    rig = Rig()
    assert rig.ask("010000000a") == "010249" + "02"  # coils 0, 3, 6, 9
    assert rig.ask("020000000a") == "0202b601"
    assert rig.ask("0300000002") == "030410001001"
    assert rig.ask("04003f0001") == "0402103f"
    assert rig.ask("050001ff00") == "050001ff00" and rig.bank.coils[1]
    assert rig.ask("0500010000") == "0500010000" and not rig.bank.coils[1]
    assert rig.ask("060002abcd") == "060002abcd" and rig.bank.words[2] == 0xABCD
    assert rig.ask("0f0008000a02ff03") == "0f0008000a" and rig.bank.coils[8:18] == [True] * 10
    assert rig.ask("100004000204aaaabbbb") == "1000040002" and rig.bank.words[4:6] == [0xAAAA, 0xBBBB]
    rig.bank.words[6] = 0x0012
    assert rig.ask("16000600f20025") == "16000600f20025"
    assert rig.bank.words[6] == 0x0017  # the example of the specification
    # 23 writes before it reads
    assert rig.ask("170008000200080001021234") == "170412341009"


def test_checks_come_in_the_specifications_order():
    """Proves: COM-8+"""
    # fmt: off
    table = (
        ("07", 1), ("0b", 1), ("6500", 1), ("18ffff", 1),
        ("0100000000", 3), ("01000007d1", 3), ("0200000000", 3), ("0100000028", 0), ("0100000029", 2), ("01000007d0", 2),
        ("0300000000", 3), ("030000007e", 3), ("030000007d", 2), ("03ffff0001", 2), ("03ffff0002", 2), ("03ffff007e", 3),
        ("0300320001", 4), ("0300330001", 6), ("030000000100", 3), ("03000000", 3),
        ("05000000ff", 3), ("050000ff01", 3), ("050000fe00", 3), ("05ffff1234", 3), ("05ffffff00", 2), ("050000ff", 3),
        ("0600000001ff", 3), ("0600400001", 2), ("06000000", 3),
        ("0f0000000000", 3), ("0f000007b1f7" + "00" * 247, 3), ("0f000007b0f6" + "00" * 246, 2), ("0f0000000901ff", 3),
        ("0f0000000802ffff", 3), ("0f0000000802ff", 3), ("0fffff000801ff", 2), ("0f00000008", 3),
        ("100000000000", 3), ("100000007cf8" + "00" * 247, 3), ("100000007bf6" + "00" * 246, 2), ("100000000103aaaa", 3),
        ("100000000102aa", 3), ("10ffff000204aaaabbbb", 2), ("1000000001", 3),
        ("16ffff00000000", 2), ("16ffff", 2), ("160000ffff", 3), ("160000", 3), ("1600", 3), ("16000000000000ff", 3),
        ("17000000000000000102aaaa", 3), ("170000007e0000000102aaaa", 3), ("170000000100000000" + "00", 3),
        ("17000000010000007af4" + "00" * 242, 3), ("17000000010000000103aaaa", 3), ("17ffff000100000001" + "02aaaa", 2),
        ("1700000001ffff000102aaaa", 2), ("17ffff0002ffff000204aaaabbbb", 2), ("1700000001", 3), ("170032000100000001" + "02aaaa", 4),
        ("2b0d00", 1), ("2b0e0000", 3), ("2b0e0500", 3), ("2b0e04ff", 2), ("2b0e01", 3), ("2b", 3), ("2b0e010000", 3),
        ("0800030000", 1), ("0800050000", 1), ("0800130000", 1), ("0800150000", 1), ("0801000000", 1),
        ("0800020001", 3), ("08000b0001", 3), ("08000a0001", 3), ("0800010001", 3), ("0800040001", 3), ("080000", 3), ("0800", 3),
        ("08000000", 3), ("08000b", 3),
    )
    # fmt: on
    for request, code in table:
        rig = Rig()
        reply = rig.ask(request)
        first = int(request[:2], 16)
        if code:
            assert reply == "%02x%02x" % (first | 0x80, code), (request, reply)
            assert rig.bank.words == Bank().words and rig.bank.coils == Bank().coils, request
        else:
            assert reply[:2] == request[:2], (request, reply)


def test_addresses_end_at_65535_whatever_the_bank_says():
    """Proves: COM-8+"""
    rig = Rig()
    rig.bank.read = lambda function, address, count, out, at: 0
    rig.bank.write = rig.bank.write_bits = lambda address, buffer, at, count: 0
    for request, good in (
        ("03ffff0001", True),
        ("03ffff0002", False),
        ("01fff00010", True),
        ("01fff00011", False),
        ("10ffff0001020000", True),
        ("10ffff00020400000000", False),
        ("0ffff8000801ff", True),
        ("0ffff8000902ff01", False),
        ("17ffff0001ffff0001020000", True),
        ("17ffff000200000001020000", False),
        ("1700000001ffff00020400000000", False),
    ):
        assert (rig.ask(request)[:2] == request[:2]) == good, request


def test_the_longest_frames_fit():
    """Proves: COM-8+"""
    rig = Rig()
    rig.bank.words = [7] * 200
    assert len(rig.ask("17" + "00000001" + "00000079" + "f2" + "0102" * 121)) == 2 * 4
    rig.bank.read = lambda function, address, count, out, at: 0
    assert len(rig.ask("0300000" + "07d")) == 2 * 252
    rig.bank.write = lambda address, buffer, at, count: 0
    assert rig.ask("100000007bf6" + "00" * 246) == "100000007b"
    echo = "080000" + "5a" * 250
    assert rig.ask(echo) == echo
    assert server.intact(bytes(300), 300) is False  # longer than any frame


def test_a_broadcast_is_executed_and_never_answered():
    """Proves: COM-8+"""
    rig = Rig()
    assert rig.ask("060002abcd", "00") == "" and rig.bank.words[2] == 0xABCD
    assert rig.ask("050001ff00", "00") == "" and rig.bank.coils[1]
    assert rig.ask("06ffff0000", "00") == ""  # would be an exception
    assert rig.ask("0300000001", "00") == "" and rig.bank.asked == 0  # makes no sense
    assert rig.ask("0800040000", "00") == "" and not rig.server.diagnostics.listen_only
    assert (rig.count(5), rig.count(3)) == (5, 1)


def test_other_units_and_damaged_frames_are_met_with_silence():
    rig = Rig()
    assert rig.ask("0300000001", "02") == ""
    good = frame("010300000001")
    for i in range(len(good)):
        for k in range(8):
            bad = bytearray(good)
            bad[i] ^= 1 << k
            assert rig.server.answer(bad, len(bad), rig.out) == 0
    for n in range(len(good)):
        assert rig.server.answer(good, n, rig.out) == 0
    assert rig.count(2) == 64 + 8
    assert rig.bank.asked == 0


def test_the_counters_count_what_the_specification_says():
    """Proves: COM-8+"""
    rig = Rig()
    rig.ask("0300000001")
    rig.ask("0300000001", "09")
    rig.ask("06000000" + "01", "00")
    rig.ask("03ffff0001")
    rig.ask("0300330001")
    rig.server.answer(b"", 0, rig.out)
    # messages, errors, exceptions, addressed, unanswered, NAK, busy, overruns; each question is a message itself
    assert [rig.count(n) for n in range(1, 9)] == [6, 1, 3 - 1, 8, 1, 0, 1, 0]
    assert rig.ask("08000a0000") == "08000a0000"
    assert [rig.count(n) for n in range(1, 9)] == [1, 0, 0, 4, 0, 0, 0, 0]
    rig.server.diagnostics.counts[7] = 5
    assert rig.ask("0800140000") == "0800140000" and rig.count(8) == 0
    rig.server.diagnostics.counts[0] = 0xFFFF
    assert rig.count(1) == 0  # a counter goes round
    rig.server.diagnostics.register = 0x8001
    assert rig.ask("0800020000") == "0800028001"


def test_listen_only_ends_with_a_restart_and_with_nothing_else():
    """Proves: COM-8+"""
    rig = Rig()
    assert rig.ask("0800040000") == ""
    for request in ("0300000001", "060002abcd", "08000b0000", "0800000000", "0800010001", "2b0e0100", "63"):
        assert rig.ask(request) == ""
    assert rig.ask("060003abcd", "00") == ""
    assert rig.bank.words == Bank().words and rig.bank.asked == 0
    assert rig.server.diagnostics.counts[0] == 9 and rig.server.diagnostics.counts[4] == 9  # it still listens
    assert rig.ask("0800010000") == ""  # no reply to the restart that ends it
    assert rig.ask("0300000001") == "03021000"
    assert rig.count(5) == 0
    assert rig.ask("080001ff00") == "080001ff00"
    assert rig.server.diagnostics.restarts == 2 and rig.count(1) == 1


def test_identification_is_paged_and_never_splits_an_object():
    """Proves: COM-8+"""
    rig = Rig()
    basic = "0006" + b"Vendor".hex() + "0101500203312e30"
    assert rig.ask("2b0e0100") == "2b0e0183000003" + basic
    regular = rig.ask("2b0e0200")
    assert regular == "2b0e0283ff0504" + basic + "04c8" + "78" * 200
    assert rig.ask("2b0e0205") == "2b0e0283000001" + "0564" + "79" * 100
    rest = "0564" + "79" * 100 + "8007" + b"private".hex()
    assert rig.ask("2b0e0305") == "2b0e0383000002" + rest
    assert rig.ask("2b0e0303") == rig.ask("2b0e0300")  # an unknown object: from the beginning
    assert rig.ask("2b0e0105") == rig.ask("2b0e0100")  # known, but not basic
    assert rig.ask("2b0e0480") == "2b0e0483000001" + "8007" + b"private".hex()
    assert rig.ask("2b0e0403") == "ab02"


def test_an_object_that_just_fits_is_in_the_page_and_one_byte_more_is_in_the_next():
    head = ((0, b"V"), (1, b"P"), (2, b"1"))
    for size, more in ((253 - 7 - 9 - 2, ""), (253 - 7 - 9 - 1, "ff04")):
        reply = Rig(head + ((4, b"x" * size),)).ask("2b0e0200")
        assert reply[8:12] == (more or "0000") and len(reply) == (2 * 16 if more else 2 * 253)


def test_a_level_that_is_not_supported_is_answered_at_our_own():
    rig = Rig(OBJECTS[:3])
    assert rig.ask("2b0e0300")[:14] == "2b0e0381000003"
    assert Rig(()).ask("2b0e0100") == "ab01"


def test_a_steady_answer_allocates_nothing():
    rig = Rig()
    requests = [frame("01" + r) for r in ("0300000010", "0400000010", "060002abcd", "100004000204aaaabbbb", "08000b0000",
                                          "16000600f20025", "2b0e0100", "03ffff0001", "050001ff00")]  # fmt: skip
    rig.bank.read = lambda function, address, count, out, at: 0
    rig.bank.write = rig.bank.write_bits = lambda address, buffer, at, count: 0
    answer, out = rig.server.answer, rig.out
    micropython.heap_lock()
    try:
        for request in requests:
            answer(request, len(request), out)
    finally:
        micropython.heap_unlock()


def test_the_plain_answer_serves_registers_and_nothing_else():
    bank, out = Bank(), bytearray(256)
    for request, function in (("010300000001", 3), ("010100000001", 0x81), ("010800000000", 0x88)):
        request = frame(request)
        assert server.answer(request, len(request), 1, bank, out) and out[1] == function
    assert rtu.LONGEST == 256
