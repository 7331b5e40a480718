"""The listen role on the emulated RP2040, under the official image: the chip's own UART driver hears others talk."""

import re

import pytest
from bridgectl import build
from bridgectl.emulator import image
from bridgectl.emulator.pl011 import FRAMING_ERROR
from bridgectl.emulator.rig import SENSOR_DRIVER, SENSOR_UART, Rig, slot_files
from modbus import rtu

CHARACTER_NS = 10 * 1e9 / 9600
MS = 1e6

# In place of the whole bridge: only the board and the role.
MAIN = b"""
import asyncio
import gc
import time
import board
from bridge.devices import sdm230
from bridge.state import State
from bridge.ports import listen

async def show(role, readings):
    while True:
        await asyncio.sleep_ms(250)
        role.report(time.ticks_ms())
        print("HEARD", role.bus.counts[0], role.bus.counts[7], readings.value(2), role.slave.link())
        gc.collect()

async def main():
    this = board.Board()
    state = State()
    role = listen.Listen(this.rs485(2, 9600, "N"), 9600, "N", state, ((1, sdm230, b"\\x04"),))
    print("READY")
    await asyncio.gather(role.bus.run(lambda: None), show(role, state.readings))

asyncio.run(main())
"""


class Others:
    """A master and the true meter that talk to each other at the chip's ear."""

    def __init__(self, rig):
        self._rig = rig
        self._uart = rig.chip.uarts[SENSOR_UART]
        self.at_ns = rig.chip.now_ns + 5 * MS
        self.exchanges = 0

    def say(self, octets, errors=0):
        for octet in octets:
            self.at_ns += CHARACTER_NS
            self._uart.arrive(octet, self.at_ns, errors)

    def exchange(self, address, count, think_ms=15):
        asked = bytearray(8)
        rtu.request(asked, 1, 4, address, count)
        self.say(asked)
        self.at_ns += think_ms * MS
        self.say(self._rig.sensor.answer(bytes(asked)))
        self.exchanges += 1

    def heard(self):
        """Return (pairs, bytes of rubbish, power, link) as the role tells them."""
        lines = re.findall(r"HEARD (\d+) (\d+) (\S+) (\w+)", self._rig.console.text)
        pairs, rubbish, power, link = lines[-1] if lines else (0, 0, "None", "")
        return int(pairs), int(rubbish), power, link

    def wait(self):
        """Let everything that was said arrive and be told."""
        self._rig.run((self.at_ns - self._rig.chip.now_ns) / MS + 600)
        self.at_ns = max(self.at_ns, self._rig.chip.now_ns)


@pytest.fixture(scope="module")
def rig():
    rig = Rig(
        {
            **image.folder_files(build.build("rp2040", quiet=True, everything=True), "/a"),
            **slot_files(),
            "/main.py": MAIN,
        }
    )
    rig.driver = rig.chip.edges(SENSOR_DRIVER)
    rig.run_until(lambda: "READY" in rig.console.text, 4000)
    return rig


@pytest.mark.slow
def test_the_driver_of_a_listening_port_stays_off_on_the_chip_from_power_on_whatever_is_said(rig):
    """Exchanges, noise with framing errors, a flood, requests to every unit: the pin is never high, no bit is sent.

    Proves: COM-8+
    """
    others = Others(rig)
    for _ in range(4):
        others.exchange(0, 38)
        others.at_ns += 60 * MS
    others.wait()
    pairs, rubbish, power, link = others.heard()
    assert (pairs, rubbish, link) == (4, 0, "ok")
    assert float(power) == pytest.approx(rig.sensor.measure()["sensor_power"], abs=1)
    others.say(bytes(range(60)), FRAMING_ERROR)
    others.say(b"\xa5" * 300)
    for unit in range(0, 248, 31):
        out = bytearray(8)
        rtu.request(out, unit, 3, 0, 1)
        others.say(out)
        others.at_ns += 5 * MS
    others.at_ns += 400 * MS
    for _ in range(3):
        others.exchange(0, 38)
        others.exchange(70, 26)
        others.at_ns += 40 * MS
    others.wait()
    pairs, rubbish, power, link = others.heard()
    assert pairs == 4 + 6
    assert rubbish > 300
    assert {level for _, level in rig.driver} == {0}
    assert rig.sensor_wire.exchanges == []
    assert rig.sensor_wire.unheard_bytes == 0
    assert "Traceback" not in rig.console.text
