"""The model of the PL011, register by register; under MicroPython's own driver it is in test_emulator_machine.py.

Times and levels are those of ARM DDI 0183G; one bit at 9600 is 104,166.7 ns.
"""

import itertools

import pytest
from bridgectl.emulator import pl011
from hypothesis import given, settings
from hypothesis import strategies as st
from rp2040py.rp2040 import RP2040

DR, RSR, FR, IBRD, FBRD, LCR_H, CR, IFLS, IMSC, RIS, ICR = 0, 4, 0x18, 0x24, 0x28, 0x2C, 0x30, 0x34, 0x38, 0x3C, 0x44
TXFE, RXFF, TXFF, RXFE, BUSY = 0x80, 0x40, 0x20, 0x10, 0x08
TX, RX, TIMEOUT, OVERRUN = 0x20, 0x10, 0x40, 0x400
BIT_NS = 104_166.7
CHARACTER_NS = 10 * BIT_NS
EIGHT_BITS_FIFO = 0x70


@pytest.fixture(scope="module")
def mcu():
    chip = RP2040()
    pl011.install(chip)
    return chip


@pytest.fixture
def uart(mcu):
    """UART 0 at 9600 8N1 with FIFOs, levels 1/8 (4 bytes), as MicroPython sets it up; list `.sent` of (byte, ns)."""
    return fresh_uart(mcu)


def fresh_uart(mcu):
    uart = mcu.uart[0]
    uart.reset()
    uart._arriving.clear()
    for register, value in ((IBRD, 312), (FBRD, 32), (LCR_H, EIGHT_BITS_FIFO), (CR, 0x301), (IFLS, 0)):
        uart.write_uint32_atomic(register, value, 0)
    uart.sent = []
    uart.on_sent = lambda byte, ns: uart.sent.append((byte, ns))
    uart.overruns = 0
    return uart


def write(uart, register, value):
    uart.write_uint32_atomic(register, value, 0)


def arrive(uart, content, errors=0):
    """Let bytes arrive back to back, starting now."""
    start_ns = uart.rp2040.clock.nanos
    for i, byte in enumerate(content):
        uart.arrive(byte, start_ns + (i + 1) * CHARACTER_NS, errors)
    uart.rp2040.clock.tick(len(content) * CHARACTER_NS + 1)


def test_a_character_takes_ten_bit_times_and_eleven_with_parity(uart):
    start_ns = uart.rp2040.clock.nanos
    write(uart, DR, 0x41)
    uart.rp2040.clock.tick(2_000_000)
    assert uart.sent[0][1] - start_ns == pytest.approx(1_041_667, abs=2)
    write(uart, LCR_H, EIGHT_BITS_FIFO | 0x06)
    start_ns = uart.rp2040.clock.nanos
    write(uart, DR, 0x42)
    uart.rp2040.clock.tick(2_000_000)
    assert uart.sent[1][1] - start_ns == pytest.approx(1_145_833, abs=2)
    assert uart.parity == "E"


def test_busy_lasts_to_the_end_of_the_last_stop_bit(uart):
    for byte in b"ab":
        write(uart, DR, byte)
    assert uart.read_uint32(FR) & BUSY
    uart.rp2040.clock.tick(2 * CHARACTER_NS - 100)
    assert uart.read_uint32(FR) & (BUSY | TXFE) == BUSY | TXFE
    uart.rp2040.clock.tick(200)
    assert uart.read_uint32(FR) & (BUSY | TXFE) == TXFE
    assert bytes(byte for byte, _ in uart.sent) == b"ab"


def test_the_fifo_holds_32_bytes_behind_the_one_in_the_shifter(uart):
    for byte in range(33):
        assert not uart.read_uint32(FR) & TXFF
        write(uart, DR, byte)
    assert uart.read_uint32(FR) & TXFF
    write(uart, DR, 99)  # nobody looked: lost
    uart.rp2040.clock.tick(40 * CHARACTER_NS)
    assert [byte for byte, _ in uart.sent] == list(range(33))


def test_the_transmit_interrupt_belongs_to_the_passing_of_the_level(uart):
    write(uart, IMSC, TX)
    assert not uart.read_uint32(RIS) & TX  # an empty FIFO that was never fuller asks for nothing
    for byte in range(6):  # 1 in the shifter, 5 in the FIFO
        write(uart, DR, byte)
    uart.rp2040.clock.tick(0.5 * CHARACTER_NS)
    assert not uart.read_uint32(RIS) & TX
    uart.rp2040.clock.tick(CHARACTER_NS)
    assert uart.read_uint32(RIS) & TX
    write(uart, ICR, TX)
    uart.rp2040.clock.tick(10 * CHARACTER_NS)
    assert not uart.read_uint32(RIS) & TX


def test_the_receive_interrupt_comes_at_the_level_and_goes_below_it(uart):
    arrive(uart, b"abc")
    assert not uart.read_uint32(RIS) & RX
    arrive(uart, b"d")
    assert uart.read_uint32(RIS) & RX
    assert uart.read_uint32(DR) == ord("a")
    assert not uart.read_uint32(RIS) & RX


def test_the_receive_timeout_comes_32_bit_times_after_the_last_byte(uart):
    arrive(uart, b"a")
    uart.rp2040.clock.tick(31 * BIT_NS)
    assert not uart.read_uint32(RIS) & TIMEOUT
    uart.rp2040.clock.tick(2 * BIT_NS)
    assert uart.read_uint32(RIS) & TIMEOUT
    assert uart.read_uint32(DR) == ord("a")
    assert not uart.read_uint32(RIS) & TIMEOUT
    assert uart.read_uint32(FR) & RXFE


def test_a_full_receive_fifo_keeps_the_old_bytes_and_tells_of_the_loss(uart):
    arrive(uart, bytes(range(32)))
    assert uart.read_uint32(FR) & RXFF
    arrive(uart, b"\x77")
    assert uart.read_uint32(RIS) & OVERRUN
    assert uart.overruns == 1
    assert [uart.read_uint32(DR) for _ in range(32)] == list(range(32))
    arrive(uart, b"\x55")
    assert uart.read_uint32(DR) == 0x855


@pytest.mark.parametrize(
    ("error", "data_bit", "interrupt"),
    [(pl011.FRAMING_ERROR, 0x100, 0x80), (pl011.PARITY_ERROR, 0x200, 0x100), (pl011.BREAK, 0x400, 0x200)],
)
def test_a_line_error_comes_with_its_byte(uart, error, data_bit, interrupt):
    arrive(uart, b"\x12", error)
    assert uart.read_uint32(RIS) & 0x380 == interrupt
    assert uart.read_uint32(DR) == data_bit | 0x12
    assert uart.read_uint32(RSR) == data_bit >> 8
    write(uart, ICR, interrupt)
    assert not uart.read_uint32(RIS) & 0x380


def test_bytes_are_not_heard_while_the_receiver_is_off(uart):
    write(uart, CR, 0x101)
    arrive(uart, b"a")
    assert uart.read_uint32(FR) & RXFE


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 20_000_000)), max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_driver_that_heeds_the_full_flag_loses_no_byte(mcu, steps):
    uart = fresh_uart(mcu)
    for content, pause_ns in steps:
        for byte in content:
            while uart.read_uint32(FR) & TXFF:
                mcu.clock.tick(BIT_NS)
            write(uart, DR, byte)
        mcu.clock.tick(pause_ns)
    mcu.clock.tick(40 * CHARACTER_NS)
    assert bytes(byte for byte, _ in uart.sent) == b"".join(content for content, _ in steps)
    ends_ns = [ns for _, ns in uart.sent]
    assert all(late - early > 0.999 * CHARACTER_NS for early, late in itertools.pairwise(ends_ns))
