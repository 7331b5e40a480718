"""The emulator's C code compiled for this Python: it is in use where it can be made, and a wheel's builds are where not."""

import pathlib
import random
import shutil
import sys
import sysconfig

from bridgectl.emulator import chip, faster, image
from rp2040py.execute_batch import execute_batch as wheels
from rp2040py.sio import RPSIO


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
    """To the nanosecond, with a state machine of the PIO that sets a pin; with the wheel's divider, locks and timer too."""

    def ended():
        machine = chip.Chip(image.pack({"/main.py": _BLINKS}))
        edges = machine.edges(2)
        machine.run(500)
        return machine.now_ns, machine.mcu.core.cycles, edges, bytes(machine.mcu.sram)

    ours = ended()
    assert len(ours[2]) > 100
    assert (faster.execute_batch() is wheels) is not bool(shutil.which("cc"))
    monkeypatch.setattr(faster, "execute_batch", lambda: wheels)
    monkeypatch.setattr(faster, "exchange", lambda mcu: None)
    assert ended() == ours


_VALUES = (0, 1, 2, 3, 7, 10, 1000, 1_000_000, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF)
_DIVIDERS = (0x60, 0x64, 0x68, 0x6C, 0x70, 0x74)  # dividend and divisor, unsigned and signed, quotient, remainder
_PINS = (0x10, 0x14, 0x18, 0x20, 0x24, 0x28)  # levels and drivers
_READ = (*_DIVIDERS, 0x78, 0x00, 0x10, 0x20, 0x5C, 0x100, 0x13C, 0x17C)  # status, core, pins, locks
_FREED = (0x100, 0x13C, 0x17C)


def test_our_divider_and_locks_say_what_the_wheel_s_say():
    """Each access of a long row of them, and the cycles that they take; at a division by 0 too."""
    ours, theirs = chip.Chip().mcu, chip.Chip().mcu
    if type(ours.sio) is not RPSIO:
        theirs.sio = theirs.sio.rest
    assert type(theirs.sio) is RPSIO
    chosen = random.Random(0)
    for n in range(30_000):
        written = chosen.choice((*_DIVIDERS * 3, *_PINS, *_FREED)), chosen.choice((*_VALUES, chosen.getrandbits(32)))
        read = chosen.choice(_READ)
        found = []
        for mcu in (ours, theirs):
            mcu.write_uint32(0xD0000000 + written[0], written[1])
            found.append((mcu.read_uint32(0xD0000000 + read), mcu.core.cycles, mcu.sio.gpio_output_enable))
        assert found[0] == found[1], (n, written, read)
    for mcu in (ours, theirs):
        mcu.sio.reset()
        assert [mcu.read_uint32(0xD0000000 + at) for at in (0x60, 0x64, 0x70, 0x78, 0x5C, 0x20)] == [0, 1, 0, 0, 0, 0]


def test_our_timer_says_what_the_wheel_s_says():
    """Where both words of the count change too; what is no count, an alarm, goes to the wheel's."""
    mcu = chip.Chip(timer_ms=4_294_960).mcu  # the low word wraps 7 ms later
    highs = set()
    for _ in range(100):
        mcu.clock.tick(100_000.5)
        found = [mcu.read_uint32(0x40054000 + at) for at in (0x28, 0x24, 0x0C, 0x08, 0x10, 0x20)]
        assert found == [mcu.timer.read_uint32(at) for at in (0x28, 0x24, 0x0C, 0x08, 0x10, 0x20)]
        highs.add(found[1])
    assert highs == {0, 1}
    mcu.write_uint32(0x40054010, 4711)
    assert mcu.timer.read_uint32(0x10) == 4711


def test_a_division_gives_what_the_chip_s_manual_says():
    mcu = chip.Chip().mcu
    for dividend, divisor, signed, quotient, remainder in (
        (100, 7, False, 14, 2),
        (0xFFFFFFFF, 2, False, 0x7FFFFFFF, 1),
        (0xFFFFFF9C, 7, True, 0xFFFFFFF2, 0xFFFFFFFE),  # -100 / 7 = -14, remainder -2
        (0x80000000, 0xFFFFFFFF, True, 0x80000000, 0),
        (5, 0, False, 0xFFFFFFFF, 5),
    ):
        at = 0xD0000068 if signed else 0xD0000060
        mcu.write_uint32(at, dividend)
        mcu.write_uint32(at + 4, divisor)
        assert (mcu.read_uint32(0xD0000074), mcu.read_uint32(0xD0000070)) == (remainder, quotient)


def test_without_a_compiler_the_builds_of_the_wheel_are_used(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert faster.make() is False


def test_without_the_compiled_modules_nothing_is_put_in_their_place(tmp_path):
    finder = faster._Finder(tmp_path)
    assert finder.find_spec("rp2040py.native._simulator") is None
    (tmp_path / ("_simulator" + faster._SUFFIX)).write_bytes(b"")
    assert finder.find_spec("rp2040py.native._simulator").origin.startswith(str(tmp_path))
    assert finder.find_spec("rp2040py.simulator") is None
