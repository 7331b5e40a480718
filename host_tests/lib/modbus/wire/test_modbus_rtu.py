"""lib/modbus/wire/rtu.py and server.py against pymodbus as an independent peer, and against rubbish."""

import sys

import pytest
from bridgectl import firmware
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu import register_message as pdu

firmware.load()
sys.path.append(str(firmware.ROOT / "host_tests" / "rigs" / "unix"))

from modbus.server import server  # noqa: E402
from modbus.wire import crc, functions, rtu  # noqa: E402
from registers import Registers  # noqa: E402

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")

units = st.integers(1, 247)
words = st.integers(0, 0xFFFF)
reads = st.sampled_from((3, 4))
to_server = FramerRTU(DecodePDU(True))
to_client = FramerRTU(DecodePDU(False))


def sealed(*content):
    """Return a frame with its CRC, made by pymodbus."""
    body = bytes(content)
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


class Bank(Registers):
    """Registers 0..999 that hold their own address until they are written; register 500 fails."""

    def __init__(self):
        super().__init__(range(1000))

    def read(self, function, address, count, out, at):
        if address <= 500 < address + count <= 1000:
            return 4
        return super().read(function, address, count, out, at)


def answer(request, unit=1, bank=None):
    out = bytearray(rtu.LONGEST)
    return bytes(out[: server.answer(request, len(request), unit, bank or Bank(), out)])


@given(st.binary(max_size=256))
def test_the_crc_is_that_of_pymodbus(content):
    out = bytearray(content) + bytearray(2)
    assert crc.seal(out, len(content)) == len(content) + 2
    assert bytes(out) == sealed(*content)


def test_the_worked_example_of_the_meters_document():
    """Proves: SEN-1"""
    out = bytearray(8)
    assert rtu.request(out, 1, functions.READ_INPUT, 0, 2) == 8
    assert out.hex(" ") == "01 04 00 00 00 02 71 cb"


@given(units, reads, words, st.integers(1, 125))
def test_pymodbus_reads_our_requests_as_they_are_meant(unit, function, address, count):
    out = bytearray(8)
    rtu.request(out, unit, function, address, count)
    used, device, _, content = to_server.decode(bytes(out))
    message = to_server.decoder.decode(content)
    assert (used, device, message.function_code) == (8, unit, function)
    assert (message.address, message.count) == (address, count)


@given(units, words, st.lists(words, min_size=1, max_size=123))
def test_our_write_of_many_registers_is_that_of_pymodbus(unit, address, values):
    out = bytearray(rtu.LONGEST)
    length = rtu.write_many(out, unit, address, values)
    message = pdu.WriteMultipleRegistersRequest(dev_id=unit, address=address, registers=values)
    assert bytes(out[:length]) == to_client.buildFrame(message)


@pytest.mark.parametrize("count", [0, 124])
def test_a_write_of_too_few_or_too_many_registers_is_refused(count):
    with pytest.raises(ValueError, match="1 to 123"):
        rtu.write_many(bytearray(300), 1, 0, [0] * count)


@given(units, reads, st.lists(words, min_size=1, max_size=125))
def test_replies_of_pymodbus_are_good(unit, function, values):
    kind = pdu.ReadHoldingRegistersResponse if function == 3 else pdu.ReadInputRegistersResponse
    frame = to_server.buildFrame(kind(dev_id=unit, registers=values))
    assert len(frame) == rtu.reply_length(function, len(values))
    assert rtu.check(frame, 0, len(frame), unit, function, len(values)) == rtu.OK
    assert [frame[i] << 8 | frame[i + 1] for i in range(3, len(frame) - 2, 2)] == values


@given(units, reads, st.integers(1, 63))
def test_an_exception_of_pymodbus_is_told_by_its_code(unit, function, code):
    frame = to_server.buildFrame(ExceptionResponse(function, code, device_id=unit))
    assert rtu.frame_length(frame, 0, len(frame), 99) == len(frame) == 5
    assert rtu.check(frame, 0, 5, unit, function, 2) == code


@given(units, st.lists(words, min_size=1, max_size=30), st.integers(1, 0xFFFF), st.data())
def test_a_reply_with_a_burst_of_up_to_16_wrong_bits_is_never_good(unit, values, burst, data):
    """Proves: SEN-4+"""
    frame = to_server.buildFrame(pdu.ReadInputRegistersResponse(dev_id=unit, registers=values))
    shift = data.draw(st.integers(0, 8 * len(frame) - burst.bit_length()))
    spoilt = (int.from_bytes(frame, "little") ^ burst << shift).to_bytes(len(frame), "little")
    assert rtu.check(spoilt, 0, len(spoilt), unit, 4, len(values)) < 0


@given(st.binary(max_size=40), units, reads, st.integers(1, 125))
def test_rubbish_is_judged_without_an_error(rubbish, unit, function, count):
    """Proves: REL-1+"""
    status = rtu.check(rubbish, 0, len(rubbish), unit, function, count)
    assert status < 0 or rubbish[:1] == bytes([unit])
    assert rtu.describe(status)


@pytest.mark.parametrize(
    ("frame", "status", "words_"),
    [
        (b"", rtu.SILENT, "silent"),
        (b"\x01\x04\x04", rtu.SHORT, "short"),
        (b"\x01\x04\x02\x00\x00\x00\x00", rtu.BAD_CRC, "bad CRC"),
        (sealed(2, 4, 2, 0, 7), rtu.WRONG_UNIT, "wrong unit"),
        (sealed(1, 3, 2, 0, 7), rtu.WRONG_FUNCTION, "wrong function"),
        (sealed(1, 4, 4, 0, 7, 0, 7), rtu.WRONG_COUNT, "wrong count"),
        (sealed(1, 4, 2, 0, 7, 0, 7), rtu.WRONG_COUNT, "wrong count"),
        (sealed(1, 4, 3, 0, 7), rtu.WRONG_COUNT, "wrong count"),
        (sealed(1, 0x84, 2), 2, "exception 2, illegal data address"),
        (sealed(1, 0x84, 0), 4, "exception 4, device failure"),
        (sealed(1, 0x84, 99), 35, "exception 35"),
    ],
)
def test_what_is_wrong_with_a_reply_is_named(frame, status, words_):
    assert rtu.check(frame, 0, len(frame), 1, 4, 1) == status
    assert rtu.describe(status) == words_


@pytest.mark.parametrize(
    ("baud", "parity", "character", "silence"),
    [(9600, "N", 1041, 3644), (9600, "E", 1145, 4008), (2400, "N", 4166, 14581), (38400, "N", 260, 1750)],
)
def test_characters_and_the_silence_after_a_frame_in_us(baud, parity, character, silence):
    assert (rtu.character_us(baud, parity), rtu.silence_us(baud, parity)) == (character, silence)


@given(units, reads, st.integers(0, 400), st.integers(1, 100))
def test_pymodbus_gets_from_our_server_what_the_bank_holds(unit, function, address, count):
    kind = pdu.ReadHoldingRegistersRequest if function == 3 else pdu.ReadInputRegistersRequest
    reply = answer(to_client.buildFrame(kind(dev_id=unit, address=address, count=count)), unit)
    used, device, _, content = to_client.decode(reply)
    message = to_client.decoder.decode(content)
    assert (used, device) == (len(reply), unit)
    assert message.registers == list(range(address, address + count))


@given(st.integers(0, 877), st.lists(words, min_size=1, max_size=123))
def test_pymodbus_writes_to_our_server(address, values):
    bank = Bank()
    request = pdu.WriteMultipleRegistersRequest(dev_id=1, address=address, registers=values)
    _, _, _, content = to_client.decode(answer(to_client.buildFrame(request), bank=bank))
    message = to_client.decoder.decode(content)
    assert (message.address, message.count) == (address, len(values))
    assert bank.words[address : address + len(values)] == values


def test_a_write_of_one_register_is_repeated_as_its_reply():
    bank = Bank()
    request = sealed(1, 6, 0, 9, 0x12, 0x34)
    assert answer(request, bank=bank) == request
    assert bank.words[9] == 0x1234


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (sealed(1, 7), 1),
        (sealed(1, 0x2B, 14, 1, 0), 1),
        (sealed(1, 4, 0, 0, 0, 0), 3),
        (sealed(1, 4, 0, 0, 0, 126), 3),
        (sealed(1, 4, 0, 0, 0, 1, 0), 3),
        (sealed(1, 4, 0, 0), 3),
        (sealed(1, 16, 0, 0, 0, 2, 3, 0, 1, 0, 1), 3),
        (sealed(1, 16, 0, 0, 0, 0, 0), 3),
        (sealed(1, 4, 0xFF, 0xFF, 0, 2), 2),
        (sealed(1, 16, 0xFF, 0xFF, 0, 2, 4, 0, 1, 0, 1), 2),
        (sealed(1, 3, 3, 0xE8, 0, 1), 2),
        (sealed(1, 4, 1, 0xF4, 0, 1), 4),
    ],
)
def test_a_request_is_refused_in_the_order_of_the_specification(request_, code):
    assert answer(request_) == sealed(1, request_[1] | 0x80, code)


class Boundless:
    """Takes every address."""

    def read(self, function, address, count, out, at):
        return 0

    def write(self, address, buffer, at, count):
        return 0


@pytest.mark.parametrize("request_", [sealed(1, 4, 0xFF, 0xFF, 0, 2), sealed(1, 16, 0xFF, 0xFF, 0, 2, 4, 0, 1, 0, 1)])
def test_no_register_lies_beyond_65535(request_):
    assert answer(request_, bank=Boundless()) == sealed(1, request_[1] | 0x80, 2)


def test_a_request_for_another_unit_is_not_answered_nor_executed():
    bank = Bank()
    assert answer(sealed(2, 6, 0, 9, 0x12, 0x34), bank=bank) == b""
    assert bank.words[9] == 9


def test_a_broadcast_is_executed_and_not_answered():
    bank = Bank()
    assert answer(sealed(0, 6, 0, 9, 0x12, 0x34), bank=bank) == b""
    assert bank.words[9] == 0x1234


@given(st.binary(max_size=256))
def test_our_server_says_nothing_to_rubbish(rubbish):
    """Proves: REL-1+"""
    good = len(rubbish) >= 4 and rubbish == sealed(*rubbish[:-2])
    reply = answer(rubbish)
    assert reply == b"" or (good and rubbish[0] == 1)


@given(st.binary(min_size=1, max_size=250))
def test_our_server_survives_any_content_with_a_good_crc(content):
    """Proves: REL-1+"""
    reply = answer(sealed(1, *content))
    assert reply == sealed(*reply[:-2])
    assert reply[0] == 1
    assert reply[1] & 0x7F == content[0] & 0x7F
