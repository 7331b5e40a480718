"""`bridgectl flash`: the exact commands, refusals, and the real mpremote against the emulated RP2040."""

import os
import select
import shlex
import subprocess
import sys
import time
import tty
from binascii import crc32

import pytest
from bridgectl.cli import app
from bridgectl.device import beside, build, flash, slot
from bridgectl.emulator import chip as emulator
from bridgectl.emulator import image
from interpreter import UNIX
from patience import HANG_S
from typer.testing import CliRunner

# A bridge whose watchdog runs, and the slots that it left.
_BOARD = {
    "/main.py": b"import machine, time\nw = machine.WDT(timeout=8000)\nwhile True:\n w.feed()\n time.sleep_ms(100)\n",
    "/a/manifest.json": b"old",
    "/a/old.mpy": b"old",
    "/a/folder/old.mpy": b"old",
    "/b/manifest.json": b"other",
    "/slot_state": b"b is chosen",
    "/data/slot_state": b"b is chosen",
    "/data/settings": b"kept",
}

_SEGMENT = """
import sys, flash, os
from binascii import crc32
class vfs:
    VfsRom = None
    rom_ioctl = lambda operation, number: segment
nor = flash.Flash(160)
segment = flash.Segment.of(nor, 0)
sys.modules["vfs"] = vfs
"""
_TELL = """
from binascii import hexlify
size = 4096 + int.from_bytes(segment[10:14], "big")
print(hexlify(segment[:4096]).decode(), crc32(segment[:size]), nor.breaches, set(segment[size:]) == {255})
"""


def bridgectl(*words):
    return CliRunner().invoke(app, [str(w) for w in words])


def steps(said):
    """Return the steps of a printed mpremote command, each a list of words."""
    words = shlex.split(said)
    assert words[:3] == [sys.executable, "-m", "mpremote"]
    found = [words[3:5], []]
    for word in words[5:]:
        if word == "+":
            found.append([])
        else:
            found[-1].append(word)
    return found


@pytest.mark.parametrize(
    ("board", "platform"),
    [("rp2040", "'rp2'"), ("rp2350", "'rp2'"), ("esp32", "'esp32'"), ("esp32s3", "'esp32'")],
)
def test_a_dry_run_prints_the_whole_command_and_touches_no_port(board, platform):
    """Proves: BEN-2"""
    done = bridgectl("flash", "/dev/no-such-port", "--board", board, "--dry-run")
    assert done.exit_code == 0, done.output
    root = build.ROOT
    connect, check, which, feed, clear, copy, *files, settle, reset = steps(done.stdout)
    assert connect == ["connect", "/dev/no-such-port"]
    assert f"sys.platform == {platform}" in check[1]
    assert f"refusal({board!r}, " in which[1]
    assert "WDT(timeout=8000)" in feed[1]
    assert "('a.slot', 'a.new', 'b.new')" in clear[1]
    path = root / "build" / f"{board}.slot"
    assert copy == ["fs", "cp", str(path), ":/a.new"]
    names = ("boot.py", "main.py", "slot_file.py", "safe.py", "safe_install.py", "safe_board.py")
    assert files == [["fs", "cp", str(beside.folder(board) / name), f":/{name}"] for name in names]
    assert f"crc == {crc32(path.read_bytes())}" in settle[1]
    assert "os.rename('/a.new', '/a.slot')" in settle[1]
    assert "slot_state" in settle[1]
    assert reset == ["reset"]


def test_where_the_image_has_the_room_the_slot_goes_into_its_half_of_the_segment(tmp_path):
    """Proves: BEN-2"""
    blob = slot.built("host")
    (tmp_path / "a.new").write_bytes(blob)
    settle = flash.command("/dev/x", "rp2040", tmp_path / "a.new")[-3]
    program = _SEGMENT + settle.replace("'/a.new'", f"{str(tmp_path / 'a.new')!r}") + _TELL
    done = subprocess.run(
        [build.micropython(), "-X", "heapsize=4m", "-c", program],
        env={**os.environ, "MICROPYPATH": f"{UNIX}:.frozen"},
        capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == [blob[:4096].hex(), str(crc32(blob)), "0", "True"]
    assert not (tmp_path / "a.new").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("/dev/no-such-port", "--board", "rp2040"), 3, "There is no port /dev/no-such-port."),
        (
            ("/dev/no-such-port", "--board", "host"),
            2,
            "board 'host' cannot be flashed; known: rp2040, rp2350, esp32, esp32s3",
        ),
        (("/dev/no-such-port", "--board", "avr"), 2, "board 'avr' cannot be flashed"),
    ],
)
def test_what_cannot_be_flashed_is_refused_with_the_reason(words, code, said):
    """Proves: BEN-2"""
    done = bridgectl("flash", *words)
    assert done.exit_code == code
    assert said in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("settings", "/dev/no-such-port"),
        ("record", "/dev/no-such-port", "recording.txt"),
        ("provision", "/dev/no-such-port", "SN-1"),
        ("ota", "/dev/no-such-port", "--board", "rp2040"),
        ("log", "/dev/no-such-port"),
        ("read", "/dev/no-such-port", "--model", "sdm230"),
    ],
)
def test_a_port_that_is_not_there_has_one_exit_code_whatever_the_command(words):
    """Proves: BEN-2"""
    done = bridgectl(*words)
    assert done.exit_code == 3, done.output
    assert "There is no port /dev/no-such-port." in done.stderr


@pytest.fixture
def chip():
    """An emulated Pico W that has been running a bridge for a second."""
    machine = emulator.Chip(image.pack(_BOARD))
    machine.run_until(lambda: machine.console.connected, 5000, 10)
    machine.run(1000)
    return machine


@pytest.fixture
def small_slot(tmp_path):
    """A slot of three files, because the emulated chip is slow."""
    folder = tmp_path / "slot"
    built = build.build("rp2040", quiet=True)
    for name in ("version.mpy", "utf8.mpy", "bridge/settings.mpy"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((built / name).read_bytes())
    path = tmp_path / "a.slot"
    path.write_bytes(slot.blob(folder, "rp2040", "0.1.0"))
    return path


def mpremote(machine, board, path):
    """Run the flash command, with the chip's console as a pseudo-terminal; return (exit code, what it said)."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    command = flash.command(os.ttyname(theirs), board, path)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = len(machine.console.received)
    until = time.monotonic() + HANG_S
    try:
        while process.poll() is None and time.monotonic() < until:
            if select.select([ours], [], [], 0)[0]:
                machine.console.write(os.read(ours, 4096))
            machine.run(1)
            news = bytes(machine.console.received[seen:])
            if news:
                seen += os.write(ours, news)
    finally:
        process.kill()
        said, _ = process.communicate(timeout=HANG_S)
        os.close(ours)
        os.close(theirs)
    return process.returncode, said


@pytest.mark.slow
def test_a_running_bridge_is_flashed_on_the_emulated_chip(chip, small_slot):
    """Proves: BEN-2"""
    before_ms = chip.now_ms
    code, said = mpremote(chip, "rp2040", small_slot)
    assert code == 0, said
    files = image.unpack(chip.region())
    assert files["/a.slot"] == small_slot.read_bytes()
    assert not [name for name in files if name.startswith(("/a/", "/b/", "/a.new"))]
    assert {name: files[f"/{name}"] for name in beside.NAMES} == slot.root_files("rp2040")
    assert files["/data/settings"] == b"kept"
    assert "/slot_state" not in files
    assert "/data/slot_state" not in files
    # Copying took longer than the watchdog's patience; the only reset is the one at the end.
    assert chip.now_ms - before_ms > 8000
    chip.run_until(lambda: chip.resets, 5000, 10)
    assert [cause for _, cause in chip.resets] == ["restart"]
    chip.run_until(lambda: "no module named 'board'" in chip.console.text, 5000, 10)  # the new main.py runs


@pytest.mark.slow
def test_the_image_for_another_chip_is_refused_before_anything_is_written(chip, small_slot):
    """Proves: BEN-2"""
    code, said = mpremote(chip, "esp32", small_slot)
    assert code != 0
    assert "this board is rp2, not esp32" in said
    assert image.unpack(chip.region()) == _BOARD
