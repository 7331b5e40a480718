"""The emulated chip's own parts: the PL011 model register by register, then under MicroPython's driver.

Times and levels are those of ARM DDI 0183G; one bit at 9600 is 104,166.7 ns.
"""

import itertools

import pytest
from bridgectl.emulator import image, pl011
from bridgectl.emulator.chip import Chip, Stalled
from bridgectl.emulator.wire import Wire
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


def test_files_come_back_from_the_image():
    files = {"/boot.py": b"1", "/a/bridge/tasks/x.mpy": bytes(range(256)) * 40, "/data/settings": b""}
    region = image.pack(files)
    assert len(region) == 868_352
    assert image.unpack(region) == files


class Reverser:
    """A slave that answers with the request backwards, and with nothing to a request of one byte."""

    def answer(self, frame):
        return frame[::-1] if len(frame) > 1 else None


UART_PROGRAM = b"""
import asyncio, machine
from machine import Pin, UART
try:
    with open("starts") as f:
        starts = int(f.read())
except OSError:
    starts = 0
with open("starts", "w") as f:
    f.write(str(starts + 1))
print("start", starts, "cause", machine.reset_cause())
idles = 0
def idle(uart):
    global idles
    idles += 1
async def exchange(uart, de, request):
    de(1); uart.write(request); uart.flush(); de(0)
    await asyncio.sleep_ms(60)
    return uart.read()
async def main():
    led = Pin(18, Pin.OUT, value=0)
    contact = Pin(10, Pin.IN, Pin.PULL_UP)
    contact.irq(lambda pin: led(not pin()), Pin.IRQ_FALLING | Pin.IRQ_RISING)
    a, b = UART(0, 9600, tx=Pin(0), rx=Pin(1)), UART(1, 9600, parity=0, tx=Pin(4), rx=Pin(5))
    a.irq(idle, UART.IRQ_RXIDLE)
    da, db = Pin(2, Pin.OUT, value=0), Pin(6, Pin.OUT, value=0)
    print(await asyncio.gather(exchange(a, da, b"eight"), exchange(b, db, b"even parity")), idles)
    print(await exchange(a, da, bytes(range(40))))
    print("silent", await exchange(a, da, b"?"))
    if not starts:
        machine.WDT(timeout=100)
        print("starving")
        while True:
            await asyncio.sleep(1)
asyncio.run(main())
print("ready")
"""


def run_uart_program():
    chip = Chip(image.pack({"main.py": UART_PROGRAM}))
    wires = Wire(chip, 0, 2, Reverser()), Wire(chip, 1, 6, Reverser(), parity="E")
    return chip, wires


@pytest.fixture(scope="module")
def machine():
    """A machine that has run UART_PROGRAM once, was reset by its watchdog and has run it again."""
    chip, wires = run_uart_program()
    output = chip.edges(18)
    chip.run_until(lambda: "ready" in chip.console.text, 2000, step_ms=5)
    return chip, wires, output


def test_micropython_s_own_driver_sends_and_receives_on_both_uarts(machine):
    chip, (a, b), _ = machine
    assert "[b'thgie', b'ytirap neve'] 1" in chip.console.text
    assert repr(bytes(range(39, -1, -1))) in chip.console.text
    assert "silent None" in chip.console.text
    assert [len(x.request) for x in a.exchanges] == [5, 40, 1] * 2
    assert (a.collisions, a.cut_bytes, a.unheard_bytes, a.misheard) == (0, 0, 0, 0)
    assert (b.collisions, b.cut_bytes, b.unheard_bytes, b.misheard) == (0, 0, 0, 0)


def test_flush_returns_within_microseconds_of_the_last_stop_bit(machine):
    _, (a, b), _ = machine
    assert len(a.release_us) == 6
    assert 0 < min(a.release_us) <= max(a.release_us) < 50
    assert max(b.release_us[1:], default=0) < 50


def test_a_starved_watchdog_starts_the_machine_anew_with_its_files(machine):
    chip, _, _ = machine
    assert [cause for _, cause in chip.resets] == ["watchdog"]
    assert "start 0 cause 1\n" in chip.console.text
    assert "start 1 cause 3\n" in chip.console.text
    assert image.unpack(chip.region())["/starts"] == b"2"


def test_a_contact_reaches_the_program_by_pin_interrupt(machine):
    chip, _, output = machine
    chip.set_input(10, 0)
    closed_ns = chip.now_ns
    chip.run(2)
    assert output[-1][1] == 1
    assert output[-1][0] - closed_ns < 1_000_000
    chip.release_input(10)
    chip.run(2)
    assert output[-1][1] == 0


def test_the_console_takes_what_is_typed(machine):
    chip, _, _ = machine
    chip.console.write(b"print(6 * 7)\r\n")
    chip.run_until(lambda: "\n42\n" in chip.console.text, 200)
    with pytest.raises(Stalled):
        chip.run_until(lambda: "nothing prints this" in chip.console.text, 5)


def test_an_idle_console_keeps_the_guest_out_of_its_interrupts(machine, monkeypatch):
    chip, _, _ = machine
    armed = []
    stock = chip.mcu.usb_ctrl.on_endpoint_read
    monkeypatch.setattr(chip.mcu.usb_ctrl, "on_endpoint_read", lambda *a: (armed.append(a), stock(*a)))
    chip.run(20)
    assert armed == []


def test_two_runs_agree_to_the_nanosecond():
    ends = []
    for _ in range(2):
        chip, (a, _) = run_uart_program()
        chip.run(120)
        ends.append((chip.now_ns, a.release_us, [x.end_ns for x in a.exchanges], bytes(chip.console.received)))
    assert ends[0] == ends[1]
    assert ends[0][1]


COUNTING_PROGRAM = b"""
import os
from machine import Pin
led = Pin(18, Pin.OUT, value=0)
if "n" in os.listdir():
    with open("n") as f:
        print("was", f.read())
for n in range(100):
    with open("n", "w") as f:
        f.write(str(n))
    led.toggle()
"""


def test_a_machine_starts_from_what_a_power_cut_left():
    first = Chip(image.pack({"main.py": COUNTING_PROGRAM}))
    counted = first.edges(18)
    first.run_until(lambda: len(counted) > 3, 2000)
    left = int(image.unpack(first.region())["/n"])
    assert left in (2, 3)
    again = Chip(first.region())
    again.run_until(lambda: "was" in again.console.text, 500)
    assert f"was {left}\n" in again.console.text
