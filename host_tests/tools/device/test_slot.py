"""A slot as the builder makes it: the boot.py that ships finds it whole, whatever carries it; two fit into a flash."""

import json
import shutil
import subprocess
import zlib

import pytest
from bridgectl.device import build, bundle, slot
from bridgectl.emulator import image
from bridgectl.emulator.rig import Rig, slot_files
from patience import HANG_S
from slots import head

_FLASH_BLOCKS = 212  # 848 KiB of a Pico W's flash are the file system
_OTHERS_BLOCKS = 30  # boot.py, main.py, records with their old versions, the superblock, room to move

# Mounts a slot as boot.py does with either carrier and reads every path of it; then one module is imported from it.
_READ = """
import sys
from binascii import crc32
sys.path.insert(0, "firmware")
import boot, vfs
root, name, module = sys.argv[1:]
class Vfs:
    mount = vfs.mount
    if name == "Rom":
        VfsRom = vfs.VfsRom
        def rom_ioctl(operation, number):
            half = open(root + "/a.slot", "rb").read()
            return half + bytes(458752 - len(half)) + bytes(458752)
boot.vfs = Vfs
boot.machine = None
assert boot.start(root) == "a"
import os
for line in sys.stdin.read().splitlines():
    path, known = line.split()
    place = "/a/" + path
    size = os.stat(place)[6]
    if os.stat(place)[0] & 0x4000:
        print(path, "folder")
    else:
        with open(place, "rb") as file:
            content = file.read(int(known))  # a module is the image itself from there on
            assert path.endswith(".mpy") or file.read(1) == b""
        print(path, size, crc32(content))
for path in ("bridge/none.mpy", "bridge/app.py"):
    try:
        os.stat("/a/" + path)
        print("found", path)
    except OSError as e:
        assert e.errno == 2
__import__(module)
print("imported", sys.modules[module].__file__)
"""


def _modules():
    """Return {board: (folders in its slot, a module of it that needs no chip)}: many files, and few with many modules."""
    return {
        "host": (("bridge", "bridge/ports", "modbus"), "modbus.wire.rtu"),
        "rp2040": (("bridge", "bridge/devices", "store"), build.joined_slot("rp2040").place["mqtt/packet"]),
    }


@pytest.mark.parametrize("carrier", ["Files", "Rom"])
@pytest.mark.parametrize("board", ["host", "rp2040"])
def test_every_file_is_found_in_the_slot_with_its_size_and_nothing_else_is(board, carrier, tmp_path):
    """Proves: OTA-3+"""
    (tmp_path / "a.slot").write_bytes(slot.built(board))
    folders, module = _modules()[board]
    built = build.ROOT / "build" / board
    files = sorted(p for p in built.rglob("*") if p.is_file())
    paths = [p.relative_to(built).as_posix() for p in files]
    done = subprocess.run(
        [build.micropython(), "-X", "heapsize=4m", "-c", _READ, str(tmp_path), carrier, module],
        input="\n".join(
            [*(f"{p} {q.stat().st_size}" for p, q in zip(paths, files)), *(f"{folder} 0" for folder in folders)]
        ),
        cwd=build.ROOT, capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()
    assert told[0].startswith(f"boot: slot a, version {build.version()}, carrier {carrier}, ")
    unknown = ".mpy" if carrier == "Files" else None  # each import would open the image once more only to know a size
    sizes = [0 if p.endswith(unknown or "\0") else q.stat().st_size for p, q in zip(paths, files)]
    wanted = [f"{p} {size} {zlib.crc32(q.read_bytes())}" for p, size, q in zip(paths, sizes, files)]
    assert told[1:] == [
        *wanted,
        *(f"{folder} folder" for folder in folders),
        f"imported /a/{module.replace('.', '/')}.mpy",
    ]


@pytest.mark.parametrize("board", [b for b in build.BOARDS if b != "host"])
def test_two_slots_fit_into_the_flash_of_a_board(board):
    """Proves: OTA-3+"""
    assert 2 * -(-len(slot.built(board)) // 4096) + _OTHERS_BLOCKS <= _FLASH_BLOCKS


def test_the_same_files_make_the_same_slot_and_its_head_says_what_it_is(tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "x.gz").write_bytes(b"x" * 300)
    (tmp_path / "a.mpy").write_bytes(b"M\x06\x00\x1f")
    one = slot.blob(tmp_path, "host", "1.2.3", "1.0.0")
    assert slot.blob(tmp_path, "host", "1.2.3", "1.0.0") == one
    assert one[:10] == b"\x89SLOT2\r\n\x00\x01"
    size, crc, manifest, signature = head.lengths(one[:22])
    assert (size, crc, signature) == (len(one) - 4096, zlib.crc32(one[4096:]), 0)
    assert one[22 : 22 + manifest].startswith(
        b'{"product":"sigen-bridge","board":"host","version":"1.2.3","minimum":"1.0.0","mpy":6,"size":338,"sha256":"'
    )
    assert head.whole(one[: 22 + manifest + 4])
    assert set(one[22 + manifest + 4 : 4096]) == {0xFF}
    assert one[4096:4099] == b"\xd2\xcd\x31"  # a ROMFS


def test_what_cannot_be_a_slot_is_refused(tmp_path):
    (tmp_path / "a.mpy").write_bytes(b"M\x06")
    (tmp_path / "b.mpy").write_bytes(b"M\x05")
    with pytest.raises(slot.SlotError, match="several formats"):
        slot.blob(tmp_path, "host", "1.2.3")
    (tmp_path / "b.mpy").rename(tmp_path / ("b" * 65))
    with pytest.raises(slot.SlotError, match="64 ASCII characters"):
        slot.blob(tmp_path, "host", "1.2.3")


def test_the_second_half_of_a_segment_begins_at_whole_blocks():
    assert [slot.half(x) for x in (655360, 655360 + 4096, 393216)] == [327680, 327680, 196608]


@pytest.mark.slow
def test_a_bundle_is_installed_beside_the_running_slot_on_the_emulated_chip(tmp_path):
    """DO2, whose safe state is closed, opens for the restart alone. Proves: OTA-3+, CTL-7+"""
    # The code itself tells its version: boot.py's line is lost where the USB host is slower than the start.
    path, folder = tmp_path / "next.bundle", tmp_path / "rp2040"
    shutil.copytree(build.build("rp2040", quiet=True), folder)
    (folder / "version.mpy").write_bytes(build.version_module("rp2040", "9.8.7"))
    whole = bundle.make(folder, "rp2040", "9.8.7", tmp_path / "whole.bundle")
    bundle.thin(
        whole, set(bundle.hashes(slot.image(build.build("rp2040", quiet=True)))), path
    )  # as `make ota` sends it
    rig = Rig(
        {**slot_files(), "/update.bundle": path.read_bytes()}, {"settings": {"system_name": "Test", "do_safe_mask": 2}}
    )
    rig.run_until(lambda: "restart into the new version" in rig.console.text, 40000, 50)
    assert "version 9.8.7 starts next, on trial" in rig.console.text
    rig.run_until(lambda: "I app: version 9.8.7 on rp2040" in rig.console.text, 10000, 50)
    rig.run_until(lambda: "start by restart" in rig.console.text, 1000, 50)  # the line may have come in part only
    rig.run_until(lambda: rig.console.text.count("rs485-2: master: link ok") == 2, 10000, 50)
    assert "Traceback" not in rig.console.text
    assert rig.clicks() == [[], [1, 0, 1]]
    slots = json.loads(image.unpack(rig.chip.region())["/slot_state"][17:])
    assert (slots["slot"], slots["trial"]) == ("b", True)
