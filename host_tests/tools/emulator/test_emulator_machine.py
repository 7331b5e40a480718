"""The emulated machine with small programs of its own under the official image: UARTs, watchdog, flash, console."""

import pytest
from bridgectl.emulator import image
from bridgectl.emulator.chip import Chip, Stalled
from bridgectl.emulator.wire import Wire


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
