"""The pack of a slot: every module is found in it by the boot.py that ships, and two slots fit into a board's flash."""

import subprocess
import zlib

import pytest
from bridgectl.device import build, bundle, pack
from bridgectl.emulator.rig import Rig, slot_files

_FLASH_BLOCKS = 212  # 848 KiB of a Pico W's flash are the file system
_OTHERS_BLOCKS = 30  # boot.py, main.py, records with their old versions, the superblock, room to move

# Mounts a pack as boot.py does and reads every path of it; then one module is imported from it.
_READ = """
import sys
from binascii import crc32
sys.path.insert(0, "firmware")
import boot
there = boot._Pack("build/packed/host/code.pack")
for path in sys.stdin.read().split():
    size = there.stat(path)[6]
    print(path, size, crc32(there.open("/" + path, "rb").read(size)) if size else "folder")
for path in ("bridge/none.mpy", "", "bridge/app.py"):
    try:
        there.stat(path)
        print("found", path)
    except OSError as e:
        assert e.errno == 2
import vfs
vfs.mount(there, "/code")
sys.path.insert(0, "/code")
from modbus.wire import rtu
print("imported", rtu.__file__)
"""


def _read(paths):
    done = subprocess.run(
        [build.micropython(), "-X", "heapsize=256k", "-c", _READ],
        input="\n".join(paths), cwd=build.ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_every_module_is_found_in_the_pack_with_its_size_and_nothing_else_is():
    """Proves: OTA-3+"""
    pack.packed("host")
    slot = build.ROOT / "build" / "host"
    files = sorted(p for p in slot.rglob("*.mpy"))
    told = _read([p.relative_to(slot).as_posix() for p in files] + ["bridge", "bridge/ports", "modbus"])
    wanted = [f"{p.relative_to(slot).as_posix()} {p.stat().st_size} {zlib.crc32(p.read_bytes())}" for p in files]
    assert told == [
        *wanted,
        *(f"{f} 0 folder" for f in ("bridge", "bridge/ports", "modbus")),
        "imported /code/modbus/rtu.mpy",
    ]


@pytest.mark.parametrize("board", ["rp2040", "esp32"])
def test_two_slots_fit_into_the_flash_of_a_board(board):
    """Proves: OTA-3+"""
    assert 2 * pack.blocks(pack.packed(board)) + _OTHERS_BLOCKS <= _FLASH_BLOCKS


def test_what_cannot_be_packed_is_refused():
    with pytest.raises(pack.PackError, match="65535"):
        pack.pack({"a.mpy": bytes(1 << 16)})
    with pytest.raises(pack.PackError, match="65535"):
        pack.pack({"a.mpy": b""})


@pytest.mark.slow
def test_a_bundle_is_installed_beside_the_running_slot_on_the_emulated_chip(tmp_path):
    """Proves: OTA-3+"""
    path = tmp_path / "next.bundle"
    bundle.make(pack.packed("rp2040"), "rp2040", "9.8.7", path)
    rig = Rig({**slot_files(), "/update.bundle": path.read_bytes()}, {"settings": {"system_name": "Test"}})
    rig.run_until(lambda: "restart into the new version" in rig.console.text, 30000, 50)
    assert "version 9.8.7 starts next, on trial" in rig.console.text
    rig.run_until(lambda: rig.console.text.count("I app: version") == 2, 10000, 50)
    rig.run_until(lambda: rig.console.text.count("rs485-2: master: link ok") == 2, 5000, 50)
    assert "Traceback" not in rig.console.text
