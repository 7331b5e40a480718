"""Roles in which others are the master, of the shipped slot on the emulated RP2040 under the official image: RS485-2
listens, RS485-1 serves.
"""

import pytest
from bridgectl.emulator.rig import PLANT_UART, SENSOR_DRIVER, SENSOR_UART, Rig, slot_files, with_probe
from bridgectl.emulator.talker import Deaf, Talker
from bridgectl.emulator.wire import FAULTS
from modbus.wire import crc

_SETTINGS = {"rs485_1_role": "server", "server_unit": 5, "rs485_2_role": "listen"}
_STARTED_MS = 2000  # then all tasks live
_SETTINGS |= {"server_outputs": True, "do_safe_mask": 2}


@pytest.fixture(scope="module")
def rig():
    rig = Rig(with_probe(slot_files()), {"settings": _SETTINGS})
    rig.driver = rig.chip.edges(SENSOR_DRIVER)
    rig.plant_wire.slave = Deaf()
    rig.run_until(lambda: "rs485-2: role listen" in rig.console.text, 6000)
    rig.run(_STARTED_MS)
    return rig


@pytest.mark.forked
@pytest.mark.slow
def test_the_driver_of_a_listening_port_stays_off_on_the_chip_from_power_on_whatever_is_said(rig):
    """Exchanges, noise with framing errors, a flood, requests to every unit: the pin is never high, no bit is sent.

    Proves: COM-8+
    """
    others = Talker(rig, SENSOR_UART)
    for _ in range(4):
        others.exchange(rig.sensor, 0, 38)
        others.pause(60)
    others.wait()
    assert "rs485-2: listen: link ok" in rig.console.text
    assert rig.told("reading")  # a good value in the state
    others.say(bytes(range(60)), broken=True)
    others.say(b"\xa5" * 300)
    for unit in range(0, 248, 31):
        others.ask(unit, 3, 0, 1)
        others.pause(5)
    others.wait()
    assert {level for _, level in rig.driver} == {0}
    assert rig.sensor_wire.exchanges == []
    assert rig.sensor_wire.unheard_bytes == 0
    assert "Traceback" not in rig.console.text


@pytest.mark.forked
@pytest.mark.slow
def test_a_long_answer_holds_up_nothing_and_noise_at_the_other_port_neither(rig):
    """120 registers take 255 ms on the wire; a contact that closes meanwhile is seen before the answer's end, although
    RS485-2 hears noise without a pause.

    Proves: COM-8+, COM-9+
    """
    noise, ems, wire = Talker(rig, SENSOR_UART), Talker(rig, PLANT_UART), rig.plant_wire
    noise.say(bytes((37 * i + i // 7) & 0xFF for i in range(960)))  # a second
    ems.pause(100)
    ems.ask(5, 3, 40000, 120)
    rig.run_until(lambda: wire._frame, 500)
    rig.contact(2, True)
    rig.run_until(lambda: "contacts closed: DI2" in rig.console.text, 240)
    assert wire.exchanges == []  # the answer is still leaving
    noise.wait(300)
    (answer,) = wire.exchanges
    assert len(answer.request) == 5 + 240 and answer.request[3:7] == b"SunS"
    assert crc.intact(answer.request, 0, 245)
    assert len(wire.releases) == 1 and wire.release_us[0] < wire.character_ns / 1000
    assert [getattr(wire, kind) for kind in FAULTS] == [0, 0, 0, 0]
    assert "Traceback" not in rig.console.text


@pytest.mark.forked
@pytest.mark.slow
def test_relays_take_their_safe_state_at_power_on_and_at_a_crash_and_click_no_more_than_that(rig):
    """DO2's safe state is closed. DO1 is closed by another master; then the program stops, and the watchdog bites.

    Each is driven open while the chip starts, because a pin without a driver is.

    Proves: CTL-7+
    """
    ems = Talker(rig, PLANT_UART)
    ems.ask(5, 5, 0, 0xFF00)
    rig.run_until(lambda: rig.outputs[0][-1:] and rig.outputs[0][-1][1] == 1, 2000)
    rig.console.write(b"\x03")
    rig.run_until(lambda: "start by watchdog" in rig.console.text, 14000)
    rig.run_until(lambda: "rs485-2: role listen" in rig.console.text.rpartition("start by watchdog")[2], 6000)
    assert rig.clicks() == [[1, 0], [1, 0, 1]]
