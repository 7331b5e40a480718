"""Safe mode on the emulated Pico W under the official image: its radio has no access point, so nobody can join; a bundle is
given to its installer at the prompt. All times are emulated."""

import re

from bridgectl import firmware
from bridgectl.device import beside, build, bundle, signing, slot
from bridgectl.emulator.rig import BUTTON, OUTPUTS, Rig

_SAID = 'safe: no version runs; SN SN1, "rp2040"'
_RECORDS = {"device": {"sn": "SN1", "hotspot_password": "only-for-tests"}, "key_1": None}
_WATCHDOG_MS = 8000
_INSTALL = """
import {module}, gc
gc.collect()
print("INSTALLED", {module}.{name}(open("/x.bundle", "rb"), "/", "rp2040", lambda: None))
"""


def board(files):
    records = {**_RECORDS, "key_1": signing.held(signing.DEVELOPMENT)}
    return Rig({**{f"/{name}": content for name, content in slot.root_files("rp2040").items()}, **files}, records)


def spelled(module, name):
    """Return how a function of a file beside the slots is spelled on the board."""
    source = (firmware.ROOT / "firmware" / f"{module}.py").read_text().splitlines()
    line = next(n for n, text in enumerate(source) if text.startswith(f"def {name}("))
    return re.match(r"def (\w+)\(", (beside.folder("rp2040") / f"{module}.py").read_text().splitlines()[line])[1]


def test_a_board_without_a_slot_waits_in_safe_mode_with_open_outputs_and_takes_a_bundle(tmp_path):
    """Two watchdog times long: somebody feeds it. What is installed starts, on trial.

    Proves: OTA-3+
    """
    made = bundle.make(
        build.build("rp2040", quiet=True), "rp2040", "9.9.9", tmp_path / "x", sign=signing.signer(signing.DEVELOPMENT)
    )
    rig = board({"/x.bundle": made.read_bytes()})
    rig.run_until(lambda: _SAID in rig.console.text, 20000)
    rig.run(2 * _WATCHDOG_MS)
    assert rig.chip.resets == []
    assert rig.clicks() == [[], []] and len(OUTPUTS) == 2
    assert rig.sensor_wire.exchanges == rig.plant_wire.exchanges == []

    rig.console.write(b"\x03")
    rig.run_until(lambda: ">>> " in rig.console.text, 5000)
    program = _INSTALL.format(module="safe_install", name=spelled("safe_install", "install")).strip()
    rig.console.write(b"\r\x05" + program.replace("\n", "\r").encode() + b"\r\x04")
    rig.run_until(lambda: "INSTALLED 9.9.9" in rig.console.text, 60000)
    rig.run(2 * _WATCHDOG_MS)  # a person at the prompt has time
    assert rig.chip.resets == []
    rig.console.write(b"\rimport machine; machine.reset()\r")
    rig.run_until(lambda: "app: version" in rig.console.text, 20000)  # there is no other slot


def test_a_button_held_down_at_power_up_leads_there_and_a_short_press_does_not():
    """Proves: OTA-3+"""
    rig = board({"/a.slot": slot.built("rp2040")})
    rig.chip.set_input(BUTTON, 0)
    rig.run_until(lambda: _SAID in rig.console.text, 20000)
    assert "app: version" not in rig.console.text
    rig.console.write(b"\x03")
    rig.run_until(lambda: ">>> " in rig.console.text, 5000)
    rig.console.write(b"\rimport machine; machine.reset()\r")  # a stuck button: the bridge starts the next time
    rig.run_until(lambda: "app: version" in rig.console.text, 20000)
    rig = board({"/a.slot": slot.built("rp2040")})
    rig.chip.set_input(BUTTON, 0)
    rig.run(2000)
    rig.chip.release_input(BUTTON)
    rig.run_until(lambda: "app: version" in rig.console.text, 20000)
    assert _SAID not in rig.console.text
