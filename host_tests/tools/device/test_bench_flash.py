"""`bridgectl flash`: the exact commands, refusals, and the real mpremote against the emulated RP2040."""

import json
import os
import select
import shlex
import subprocess
import sys
import time
import tty

import pytest
from bridgectl.cli import app
from bridgectl.device import build, bundle, flash
from bridgectl.emulator import chip as emulator
from bridgectl.emulator import image
from typer.testing import CliRunner

_LIMIT_S = 120
# A bridge whose watchdog runs, and the slots that it left.
_BOARD = {
    "/main.py": b"import machine, time\nw = machine.WDT(timeout=8000)\nwhile True:\n w.feed()\n time.sleep_ms(100)\n",
    "/a/manifest.json": b"old",
    "/a/old.mpy": b"old",
    "/a/folder/old.mpy": b"old",
    "/b/manifest.json": b"other",
    "/slot_state": b"b is chosen",
    "/data/settings": b"kept",
}


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
    connect, check, which, feed, clear, slot, main, boot, manifest, choose, reset = steps(done.stdout)
    assert connect == ["connect", "/dev/no-such-port"]
    assert f"sys.platform == {platform}" in check[1]
    assert f"refusal({board!r}, " in which[1]
    assert "WDT(timeout=8000)" in feed[1]
    assert "os.remove('/a/manifest.json')" in clear[1]
    assert slot == ["fs", "cp", "-r", str(root / "build" / "packed" / board), ":/a"]
    assert main == ["fs", "cp", str(root / "firmware" / "main.py"), ":/main.py"]
    assert boot == ["fs", "cp", str(root / "firmware" / "boot.py"), ":/boot.py"]
    assert manifest == ["fs", "cp", str(root / "build" / f"manifest-{board}.json"), ":/a/manifest.json"]
    assert "slot_state" in choose[1]
    assert reset == ["reset"]


def test_the_manifest_names_every_file_of_the_slot_and_the_board():
    """Proves: BEN-2"""
    bridgectl("flash", "/dev/no-such-port", "--board", "rp2040", "--dry-run")
    made = json.loads((build.ROOT / "build" / "manifest-rp2040.json").read_bytes())
    slot = build.ROOT / "build" / "packed" / "rp2040"
    files = {p.relative_to(slot).as_posix(): p.stat().st_size for p in slot.rglob("*") if p.is_file()}
    assert made["board"] == "rp2040"
    assert {row[0]: row[1] for row in made["files"]} == files


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("/dev/no-such-port", "--board", "rp2040"), "There is no port /dev/no-such-port."),
        (
            ("/dev/no-such-port", "--board", "host"),
            "board 'host' cannot be flashed; known: rp2040, rp2350, esp32, esp32s3",
        ),
        (("/dev/no-such-port", "--board", "avr"), "board 'avr' cannot be flashed"),
    ],
)
def test_what_cannot_be_flashed_is_refused_with_the_reason(words, said):
    """Proves: BEN-2"""
    done = bridgectl("flash", *words)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.fixture
def chip():
    """An emulated Pico W that has been running a bridge for a second."""
    machine = emulator.Chip(image.pack(_BOARD))
    machine.run_until(lambda: machine.console.connected, 5000, 10)
    machine.run(1000)
    return machine


@pytest.fixture
def small_slot(tmp_path):
    """A slot of three files, because the emulated chip is slow; and its manifest."""
    slot = tmp_path / "slot"
    built = build.build("rp2040", quiet=True)
    for name in ("version.mpy", "clock.mpy", "bridge/settings.mpy"):
        target = slot / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((built / name).read_bytes())
    made, _ = bundle.manifest(slot, "rp2040", "0.1.0")
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(bundle.manifest_bytes(made))
    return slot, manifest


def mpremote(machine, board, slot, manifest):
    """Run the flash command, with the chip's console as a pseudo-terminal; return (exit code, what it said)."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    command = flash.command(os.ttyname(theirs), board, slot, manifest)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = len(machine.console.received)
    until = time.monotonic() + _LIMIT_S
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
        said, _ = process.communicate(timeout=10)
        os.close(ours)
        os.close(theirs)
    return process.returncode, said


@pytest.mark.slow
def test_a_running_bridge_is_flashed_on_the_emulated_chip(chip, small_slot):
    """Proves: BEN-2"""
    slot, manifest = small_slot
    before_ms = chip.now_ms
    code, said = mpremote(chip, "rp2040", slot, manifest)
    assert code == 0, said
    files = image.unpack(chip.region())
    shipped = {f"/a/{p.relative_to(slot)}": p.read_bytes() for p in slot.rglob("*") if p.is_file()}
    assert {k: v for k, v in files.items() if k.startswith("/a/")} == {
        **shipped,
        "/a/manifest.json": manifest.read_bytes(),
    }
    assert files["/boot.py"] == (build.ROOT / "firmware" / "boot.py").read_bytes()
    assert files["/main.py"] == (build.ROOT / "firmware" / "main.py").read_bytes()
    assert files["/data/settings"] == b"kept"
    assert "/slot_state" not in files
    # Copying took longer than the watchdog's patience; the only reset is the one at the end.
    assert chip.now_ms - before_ms > 8000
    chip.run_until(lambda: chip.resets, 5000, 10)
    assert [cause for _, cause in chip.resets] == ["restart"]
    chip.run_until(lambda: "no module named 'board'" in chip.console.text, 5000, 10)  # the new main.py runs


@pytest.mark.slow
def test_the_image_for_another_chip_is_refused_before_anything_is_written(chip, small_slot):
    """Proves: BEN-2"""
    slot, manifest = small_slot
    code, said = mpremote(chip, "esp32", slot, manifest)
    assert code != 0
    assert "this board is rp2, not esp32" in said
    assert image.unpack(chip.region()) == _BOARD
