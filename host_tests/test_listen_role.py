"""The listen role of the shipped slot on the emulated RP2040, under the official image: the chip's UART hears others."""

import pytest
from bridgectl.emulator.pl011 import FRAMING_ERROR
from bridgectl.emulator.rig import SENSOR_DRIVER, SENSOR_UART, Rig, slot_files, with_probe
from modbus import rtu

CHARACTER_NS = 10 * 1e9 / 9600
MS = 1e6
_SETTINGS = {"rs485_1_role": "off", "rs485_2_role": "listen"}


class Others:
    """A master and the true meter that talk to each other at the chip's ear."""

    def __init__(self, rig):
        self._rig = rig
        self._uart = rig.chip.uarts[SENSOR_UART]
        self.at_ns = rig.chip.now_ns + 5 * MS

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

    def wait(self, ms=600):
        """Let everything that was said arrive and be told."""
        self._rig.run((self.at_ns - self._rig.chip.now_ns) / MS + ms)
        self.at_ns = max(self.at_ns, self._rig.chip.now_ns)


@pytest.fixture(scope="module")
def rig():
    rig = Rig(with_probe(slot_files()), {"settings": _SETTINGS})
    rig.driver = rig.chip.edges(SENSOR_DRIVER)
    rig.run_until(lambda: "rs485-2: role listen" in rig.console.text, 6000)
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
    assert "rs485-2: listen: link ok" in rig.console.text
    assert rig.told("reading")  # a good value in the state
    others.say(bytes(range(60)), FRAMING_ERROR)
    others.say(b"\xa5" * 300)
    for unit in range(0, 248, 31):
        out = bytearray(8)
        rtu.request(out, unit, 3, 0, 1)
        others.say(out)
        others.at_ns += 5 * MS
    others.wait()
    assert {level for _, level in rig.driver} == {0}
    assert rig.sensor_wire.exchanges == []
    assert rig.sensor_wire.unheard_bytes == 0
    assert "Traceback" not in rig.console.text
