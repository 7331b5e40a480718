"""The emulator's C code compiled for this Python: it is in use where it can be made, and a wheel's builds are where not."""

import pathlib
import shutil
import sys
import sysconfig

from bridgectl.emulator import chip, faster, image
from rp2040py.execute_batch import execute_batch as wheels


def test_the_core_that_runs_is_the_one_compiled_for_this_python_wherever_that_can_be_done():
    can = bool(shutil.which("cc")) and pathlib.Path(sysconfig.get_path("include"), "Python.h").exists()
    assert faster.make() is can
    place = str(faster.folder())
    for name in ("_cortex_m0_core", "_rp2040", "_simulator", "_simulation_clock"):
        assert sys.modules[f"rp2040py.native.{name}"].__file__.startswith(place) is can, name
    assert type(chip.Chip().mcu.core).__module__ == "rp2040py.native._cortex_m0_core"


_BLINKS = b"""
import machine, rp2
@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)
def blink():
    set(pins, 1) [31]
    set(pins, 0) [30]
rp2.StateMachine(0, blink, freq=200000, set_base=machine.Pin(2)).active(1)
while True:
    pass
"""


def test_both_loops_run_the_same_instructions_at_the_same_times(monkeypatch):
    """To the nanosecond, with a state machine of the PIO that sets a pin."""

    def ended():
        machine = chip.Chip(image.pack({"/main.py": _BLINKS}))
        edges = machine.edges(2)
        machine.run(500)
        return machine.now_ns, machine.mcu.core.cycles, edges, bytes(machine.mcu.sram)

    ours = ended()
    assert len(ours[2]) > 100
    assert (faster.execute_batch() is wheels) is not bool(shutil.which("cc"))
    monkeypatch.setattr(faster, "execute_batch", lambda: wheels)
    assert ended() == ours


def test_without_a_compiler_the_builds_of_the_wheel_are_used(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert faster.make() is False


def test_without_the_compiled_modules_nothing_is_put_in_their_place(tmp_path):
    finder = faster._Finder(tmp_path)
    assert finder.find_spec("rp2040py.native._simulator") is None
    (tmp_path / ("_simulator" + faster._SUFFIX)).write_bytes(b"")
    assert finder.find_spec("rp2040py.native._simulator").origin.startswith(str(tmp_path))
    assert finder.find_spec("rp2040py.simulator") is None
