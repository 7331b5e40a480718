"""The built rp2040 bundle under the official, unmodified MicroPython image on an emulated RP2040: the chip's own UART
driver, float width, heap and scheduler. All times are emulated.

Each profile is booted once, and its memory is held to bridgectl.emulator.budget, read from outside. The tests of the wired
one run in copies of it; the ticks of its MicroPython wrap five seconds after power on.

Not proved here, because the emulator has none of it: the second core, the ADC, the flash cache's timing, a hotspot with
phones in it (its radio has no access-point mode: the portal is loaded and listens, nobody can join), a wrong WLAN
password (its radio takes any).
"""

import functools
import io
import json
import re

import pytest
from bridgectl.device import log
from bridgectl.emulator import profiles, scenario
from bridgectl.emulator.rig import Rig, slot_files
from bridgectl.emulator.wire import FAULTS
from bridgectl.replay import report
from budgets import check_budget

_TICKS_MS = 1 << 30  # where MicroPython's ticks begin again
_WRAP_MS = 5000  # after power on
_FAULT = b"""
import asyncio
_sleep_ms, _due = asyncio.sleep_ms, [125]  # as only leds.py does
def _failing(ms):
    if ms in _due:
        raise ValueError("made to fail")
    return _sleep_ms(ms)
asyncio.sleep_ms = _failing
"""


@pytest.fixture(scope="module")
def rig():
    """The board with the shipped files, nothing else, from power on until the plant holds no limit."""
    return profiles.wired(profiles.Setup(timer_ms=_TICKS_MS - _WRAP_MS))


@pytest.mark.forked
def test_the_built_firmware_reads_the_sensor_within_three_seconds_of_power_on(rig):
    """The answer's end on the wire, and the firmware's own word that the link is ok.

    Proves: SEN-1
    """
    first = rig.sensor_wire.exchanges[0]
    assert first.request[:2] == b"\x01\x04"
    assert first.answer_end_ns - rig.chip.started_ns < 3e9
    # A link is ok when all required values are good, which takes some reads more.
    rig.run_until(lambda: all(f"rs485-{n}: master: link ok" in rig.console.text for n in (1, 2)), 10000)
    assert "Traceback" not in rig.console.text
    assert rig.chip.resets == []


@pytest.mark.forked
def test_the_driver_lets_go_of_the_bus_long_before_a_slave_may_answer(rig):
    """No byte cut, none sent with the driver off, none garbled, no answer run into, on both buses.

    Proves: COM-9+
    """
    for wire in (rig.sensor_wire, rig.plant_wire):
        rig.run_until(lambda wire=wire: len(wire.releases) == len(wire.exchanges) >= 3, 5000)
        assert max(wire.release_us) < 0.1 * wire.t35_us
        assert [getattr(wire, kind) for kind in FAULTS] == [0, 0, 0, 0]


@pytest.mark.forked
def test_both_buses_run_at_9600_and_the_plant_is_never_asked_twice_in_a_second(rig):
    """Proves: COM-7"""
    assert [round(uart.baud) for uart in rig.chip.uarts] == [9600, 9600]
    assert rig.plant.too_fast == 0
    assert rig.plant.shortest_period_ms >= 1000


@pytest.mark.forked
def test_a_contact_reaches_the_plant_as_a_written_limit(rig):
    """From the edge to the write's last stop bit at most 1.5 s, the plant's 1000 ms rule included.

    Proves: DRM-2+, PLA-2+
    """
    written_ms, _ = scenario.flip(rig, 2, True)
    assert written_ms < 1500
    assert rig.plant.limit_w == 3600  # 60 % of 6000 W
    rig.run_until(lambda: "plant: limit 3600 W: held" in rig.console.text, 1000)
    assert "field_io: contacts closed: DI2" in rig.console.text


@pytest.mark.forked
def test_the_strip_shows_what_the_plant_does(rig):
    """Eight LEDs, two per segment: DC running and AC on-grid are steady green."""
    rig.run_until(lambda: rig.strip.pixels[:2] and rig.strip.pixels[0][1] > 0, 2000)
    assert len(rig.strip.pixels) == 8
    for red, green, blue in rig.strip.pixels[:4]:
        assert green > 0 == red == blue


@pytest.mark.forked
def test_the_ticks_begin_again_and_nothing_happens(rig):
    """Twelve days after power on, as it were: both buses are read on, a contact is seen and reaches the plant in time.

    Proves: REL-1+
    """
    rig.run_until(lambda: all(f"rs485-{n}: master: link ok" in rig.console.text for n in (1, 2)), 10000)
    rig.run_until(lambda: rig.now_ms > _TICKS_MS + 1000, 10000)
    reads = [len(wire.exchanges) for wire in (rig.sensor_wire, rig.plant_wire)]
    written_ms, _ = scenario.flip(rig, 2, True)
    assert written_ms < 1500
    rig.run(2000)
    assert [len(wire.exchanges) - n for wire, n in zip((rig.sensor_wire, rig.plant_wire), reads)] > [5, 1]
    assert "link silent" not in rig.console.text and "Traceback" not in rig.console.text
    assert rig.chip.resets == []


@pytest.mark.forked
def test_a_wired_bridge_keeps_to_its_memory(rig):
    """After contacts, writes and their read back. Also: the official image loads what it runs, so it is a slot of files.

    Proves: REL-2+
    """
    scenario.flip(rig, 2, True)
    scenario.flip(rig, 2, False)
    check_budget("wired", rig.least.free_bytes, rig.look().largest_bytes)
    assert rig.where() == "MicroPython 1.27.0 for Raspberry Pi Pico W with RP2040, carrier Files"


@pytest.mark.forked
def test_a_program_at_the_console_sets_up_the_bridge_while_it_runs(rig):
    """Over the chip's own USB, as `bridgectl settings` does: who is there, a change, what is in force."""
    ask = functools.partial(_ask, rig)
    reads = len(rig.sensor_wire.exchanges)
    assert ask(b"")["console"] == 1
    assert ask(b'{"id": 1, "set": {"mqtt_port": 1884}}') == {"id": 1, "ok": True}
    assert ask(b'{"id": 2, "set": {"mqtt_password": "p"}}') == {
        "id": 2,
        "ok": False,
        "errors": {"mqtt_password": "needs a user name: set mqtt_user with it"},
    }
    shown = ask(b'{"id": 3, "get": true}')["settings"]
    assert (shown["mqtt_port"], shown["mqtt_password"]) == (1884, False)
    assert len(rig.sensor_wire.exchanges) > reads
    assert "Traceback" not in rig.console.text
    assert rig.chip.resets == []


@pytest.mark.forked
def test_what_the_flight_recorder_of_the_chip_kept_is_decided_the_same_on_the_pc(rig):
    """Switched on, a contact, and taken out over USB: its numbers, floats and dicts are those of the chip.

    Proves: DIA-1+
    """
    assert _ask(rig, b'{"id": 1, "set": {"recorder": "on", "limit_user_w": 5000}}') == {"id": 1, "ok": True}
    rig.run(2000)
    scenario.flip(rig, 2, True)
    scenario.flip(rig, 2, False)
    rig.run_until(lambda: rig.plant.limit_w == 5000, 5000)
    rig.run(2000)
    told = io.StringIO()
    assert report.run_text("".join(_ask(rig, b'{"recording": true}')["recording"]), told), told.getvalue()
    for text in (
        "limit: 60 % and 5000 W (generation: 3600 W ripple control 60 % (DI2), then 5000 W user)\n",
        "plant: 3600 W held\n",
        "contacts closed: none\n",
        "plant: 5000 W held\n",
    ):
        assert text in told.getvalue(), told.getvalue()
    assert "Traceback" not in rig.console.text and rig.chip.resets == []


def _ask(rig, line):
    """Return the answer to a marked line at the console."""
    before = len(rig.console.text)
    rig.console.write(b"\x1e" + line + b"\n")
    rig.run_until(lambda: "\n" in rig.console.text[before:].partition("\x1e")[2], 5000)
    return json.loads(rig.console.text[before:].partition("\x1e")[2].split("\n")[0])


@pytest.mark.slow
def test_a_fault_in_a_task_is_told_by_bridgectl_log_with_our_own_names(tmp_path):
    """The chip's tracebacks name files and functions with words of its image; which ones changes from build to build."""
    files = slot_files()
    files["/boot.py"] += _FAULT
    rig = Rig(files, {"settings": profiles.CREATED})
    rig.run_until(lambda: "ValueError: made to fail < File" in rig.console.text, 5000)
    (tmp_path / "console").write_text(rig.console.text)
    told = io.StringIO()
    log.show(str(tmp_path / "console"), "rp2040", told)
    trace = told.getvalue().partition("Traceback (most recent call last):\n")[2].splitlines()
    assert re.match(r'  File ".*\bsupervisor\b.*", line 1, in .*\b_live\b', trace[0]), trace
    assert trace[1] == '  File "bridge.tasks.leds", line 1, in run', trace
    assert trace[3] == "ValueError: made to fail"
    assert '"bridge.tasks.leds"' not in rig.console.text


@pytest.mark.forked
def test_a_stopped_program_starves_the_watchdog_and_the_bridge_comes_back(rig):
    """A person stops the program at the console and walks away; no relay clicks from power on to the second start.

    Proves: REL-1+, CTL-7+
    """
    rig.console.write(b"\x03")
    stopped_ms = rig.now_ms
    rig.run_until(lambda: rig.chip.resets, 9000)
    assert rig.chip.resets[0][1] == "watchdog"
    assert rig.now_ms - stopped_ms > 6000
    rig.run_until(lambda: "start by watchdog" in rig.console.text, 4000)
    assert [level for edges in rig.outputs for _, level in edges if level] == []
