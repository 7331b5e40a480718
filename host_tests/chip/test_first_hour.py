"""README's first hour on the emulated Pico W: a blank flash under the official image, then nothing but the commands that
README names, run by bridgectl and mpremote themselves at the chip's USB. No broker is there.

What a phone does in the hotspot is proved elsewhere (host_tests/bridge/tasks): the emulated radio has no access-point mode.
"""

import json
import re

import pytest
from bridgectl.emulator import image, scenario
from bridgectl.emulator.rig import Rig
from chip_port import NAME, Cable, Desk

SN = "MY-SERIAL-01"
_TOLD = re.compile(
    r"SN        MY-SERIAL-01\nHotspot   MY-SERIAL-01\nPassword  ((?:[a-z0-9]{4}-){3}[a-z0-9]{4})\n"
    r"Page      http://192\.168\.4\.1/\nWLAN code WIFI:T:WPA;S:MY-SERIAL-01;P:\1;;\n"
)


@pytest.fixture(scope="module")
def rig():
    """A board that was provisioned with its settings, flashed, and has opened its page; `label` is what was printed."""
    rig = Rig({})
    rig.run_until(lambda: rig.console.connected, 20000, 20)
    rig.run(1000)
    with Desk(rig) as desk:
        code, rig.label, said = desk.ask("provision", NAME, SN, "--set", "grid_table=ripple")
        assert (code, said) == (0, "")
        rig.run_until(lambda: rig.chip.resets and rig.console.connected, 5000, 20)  # the end of the first command
        code, rig.told_of_flash, said = desk.ask("flash", NAME, "--board", "rp2040")
        assert (code, said) == (0, "")
    rig.run_until(lambda: "portal: open at" in rig.console.text, 20000, 20)
    return rig


def _state(rig):
    """Return what the firmware says of itself at its console."""
    with Desk(rig):
        cable = Cable(rig)
        cable.write(b'\x1e{"state": true}\n')
        found = b""
        while not found.partition(b"\x1e")[2].endswith(b"\n"):
            found += cable.read(1)
    return json.loads(found.partition(b"\x1e")[2])["state"]


@pytest.mark.forked
@pytest.mark.slow
def test_a_blank_board_becomes_a_bridge_with_a_hotspot_of_its_own_by_two_commands(rig):
    """Proves: PRV-1, PRV-3+, BEN-2"""
    label = _TOLD.fullmatch(rig.label)
    assert label, rig.label
    assert rig.told_of_flash.startswith("Copying a slot of ")
    assert f"hotspot {SN} is open" in rig.console.text
    assert "portal: open at http://192.168.4.1/" in rig.console.text
    files = image.unpack(rig.chip.region())
    assert json.loads(files["/data/device"][17:]) | {"serial": 0} == {
        "sn": SN,
        "hotspot_password": label[1],
        "serial": 0,
    }
    assert json.loads(files["/data/settings"][17:])["grid_table"] == "ripple"
    assert [cause for _, cause in rig.chip.resets] == ["restart"] * 2  # one at the end of each command
    assert "Traceback" not in rig.console.text.partition(SN + ", start by")[2]


@pytest.mark.forked
@pytest.mark.slow
def test_both_devices_are_read_within_three_seconds_of_the_flash_and_a_contact_is_obeyed(rig):
    """grid_table came with the provisioning: nothing else had to be set. Proves: SEN-1, DRM-2+, PLA-2+"""
    started_ns = rig.chip.resets[-1][0]
    assert rig.sensor_wire.exchanges[0].answer_end_ns - started_ns < 3e9
    rig.run_until(lambda: all(f"rs485-{n}: master: link ok" in rig.console.text for n in (1, 2)), 10000, 20)
    written_ms, _ = scenario.flip(rig, 2, True)
    assert written_ms < 1500 and rig.plant.limit_w == 3600  # 60 % of 6000 W
    rig.run(3000)  # a plant answers once a second: the next fast poll reads what it holds
    state = _state(rig)
    assert (state["limit"], state["limit_state"], state["uplink"]) == (60, "held", "no broker set")
    assert (state["plant_running_state"], state["sensor_power"] is not None) == ("running", True)


@pytest.mark.forked
@pytest.mark.slow
def test_settings_are_shown_refused_and_changed_over_the_cable_and_the_house_network_is_joined(rig):
    """Proves: PRV-5, PRV-9+"""
    with Desk(rig) as desk:
        code, shown, said = desk.ask("settings", NAME)
        assert (code, said) == (0, "")
        assert "* grid_table           ripple" in shown.splitlines()
        assert "  mqtt_password        not set" in shown.splitlines()
        assert desk.ask("settings", NAME, "set", "mqtt_password=p") == (
            2,
            "",
            "mqtt_password needs a user name: set mqtt_user with it\n",
        )
        assert desk.ask("settings", NAME, "set", "system_name=Garden Street 12", "wlan_ssid=emulated") == (
            0,
            "In force and stored: system_name, wlan_ssid\n",
            "",
        )
        assert desk.ask("settings", NAME, "get", "system_name")[1] == "* system_name          Garden Street 12\n"
    rig.run_until(lambda: "network: joined the house network as 10.0.0.2" in rig.console.text, 30000, 20)
    assert len(rig.chip.resets) == 2  # the running firmware obeyed; nothing was stopped for it
    assert "Traceback" not in rig.console.text.partition(SN + ", start by")[2]
