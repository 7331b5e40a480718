"""Frames byte by byte; the vectors stand in the Eastron document and in the Modbus specification."""

from modbus.pace import plan
from modbus.server import server
from modbus.wire import crc, functions, rtu
from registers import Registers
from wire import frame


def test_a_read_request_is_the_one_of_the_meters_document():
    """Proves: SEN-1"""
    out = bytearray(8)
    assert rtu.request(out, 1, functions.READ_INPUT, 0, 2) == 8
    assert out == bytes.fromhex("01 04 00 00 00 02 71 CB".replace(" ", ""))


def test_a_write_of_two_registers_has_function_16_and_a_byte_count():
    out = bytearray(32)
    n = rtu.write_many(out, 247, 40042, (0x0000, 0x0BB8))
    assert bytes(out[: n - 2]) == bytes.fromhex("F7109C6A00020400000BB8")
    assert n == 13


def test_a_good_reply_is_ok_and_every_other_one_is_named():
    good = frame("010404" + "43663334")
    assert rtu.check(good, 0, 9, 1, 4, 2) == rtu.OK
    assert rtu.check(good, 0, 0, 1, 4, 2) == rtu.SILENT
    assert rtu.check(good, 0, 4, 1, 4, 2) == rtu.SHORT
    assert rtu.check(good, 0, 8, 1, 4, 2) == rtu.BAD_CRC
    assert rtu.check(good, 0, 9, 2, 4, 2) == rtu.WRONG_UNIT
    assert rtu.check(good, 0, 9, 1, 3, 2) == rtu.WRONG_FUNCTION
    assert rtu.check(good, 0, 9, 1, 4, 3) == rtu.WRONG_COUNT
    assert rtu.check(frame("018402"), 0, 5, 1, 4, 2) == 2
    assert rtu.describe(2) == "exception 2, illegal data address"


def test_a_frame_is_intact_if_its_crc_is_that_of_the_rest():
    line = bytes.fromhex("ff01040000000271cb00")
    assert crc.crc16(line, 1, 7) == 0xCB71
    assert crc.intact(line, 1, 9) is True
    assert [crc.intact(line, start, end) for start, end in ((0, 9), (1, 8), (2, 9))] == [False] * 3
    assert crc.intact(line, 1, 10) is True  # the CRC does not see a 0x00 behind a frame: the length must tell
    assert crc.intact(bytes.fromhex("01047ee8"), 0, 4) is False
    nothing = bytes.fromhex("ffff")  # the CRC of no bytes at all: no frame
    assert [crc.intact(nothing, 0, end) for end in (0, 1, 2)] == [False] * 3


def test_any_single_bit_error_is_noticed():
    good = frame("010404" + "43663334")
    for bit in range(8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        assert rtu.check(bad, 0, 9, 1, 4, 2) < 0


def test_t3_5_is_3_5_characters_and_1750_us_at_high_rates():
    assert rtu.character_us(9600, "N") == 1041
    assert rtu.silence_us(9600, "N") == 3644
    assert rtu.silence_us(38400, "N") == 1750


def _bank():
    return Registers((0x1111, 0x2222, 0x3333))


def _answer(hexadecimal, bank=None, unit=1):
    out = bytearray(256)
    request = frame(hexadecimal)
    n = server.answer(request, len(request), unit, bank or _bank(), out)
    return out[: n - 2].hex() if n else ""


def test_the_server_answers_and_refuses_in_the_specifications_order():
    assert _answer("010300000002") == "01030411112222"
    assert _answer("010300000004") == "018302"  # address
    assert _answer("010300000000") == "018303"  # quantity before address
    assert _answer("01030000007e") == "018303"
    assert _answer("0103ffff0002") == "018302"  # address plus quantity beyond 0xFFFF
    assert _answer("01070000") == "018701"  # function before all
    assert _answer("01060001abcd") == "01060001abcd"
    assert _answer("01100000000204aaaabbbb") == "011000000002"
    assert _answer("01100000000203aaaabbbb") == "019003"  # byte count does not match


def test_the_server_is_silent_where_it_must_be():
    bank = _bank()
    assert _answer("020300000002") == ""  # another unit
    assert _answer("00060001abcd", bank) == ""  # broadcast: done, not answered
    assert bank.words[1] == 0xABCD
    out = bytearray(256)
    bad = bytearray(frame("010300000002"))
    bad[3] ^= 1
    assert server.answer(bad, 8, 1, bank, out) == 0


def test_neighbours_are_read_together_and_no_read_is_too_long():
    values = [(a, 2) for a in (0, 6, 12, 18, 24, 30, 36, 70, 72, 74, 76, 78, 342, 344)]
    assert plan.reads(values, 60) == [(0, 38), (70, 10), (342, 4)]
    assert plan.reads([(0, 2), (2, 2), (4, 2)], 4) == [(0, 4), (4, 2)]
    assert plan.reads([], 60) == []
