"""Makes a slot as a board holds it: the head of lib/slots/head.py and one ROMFS image, made by mpremote's own writer.

`python -m bridgectl.device.slot BOARD` builds, makes the slot and says what it takes of the flash.

Where a slot lies on a board, firmware/boot.py decides by what the image of MicroPython has:
    Files  /a.slot and /b.slot on the file system, the bytes of `blob`
    Rom    the segment of vfs.rom_ioctl(2, 0) in two halves: a at 0, b at half(bytes of the segment); each again the blob
"""

import hashlib
import json
import sys
import zlib
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from bridgectl import firmware
from bridgectl.device import beside, build

firmware.load()

from slots import bundle as rules  # noqa: E402 (importable only now)
from slots import head as heads  # noqa: E402
from slots.version import Refused  # noqa: E402

PRODUCT = "sigen-bridge"
_MPY = 6  # version of the format of .mpy files where none says it
_LONGEST_NAME = 64  # characters; firmware/slot_file.py reads no longer one
_BLOCK = 4096


class SlotError(Exception):
    """A folder cannot be made a slot; the text says why."""


def image(folder):
    """Return the ROMFS image of the files in a folder as bytes; the same files always give the same. Raises SlotError."""
    writer = VfsRomWriter()
    _add(writer, Path(folder))
    keys = {}
    for path in sorted(Path(folder).rglob("*")):
        name = path.relative_to(folder).as_posix()
        other = keys.setdefault(zlib.crc32(name.encode()) & 0xFFFFFF, name)
        if other != name:
            raise SlotError(f"{name} has the same key as {other}; rename it")
    return bytes(writer.finalise())


def _add(writer, folder):
    for path in sorted(folder.iterdir()):
        if len(path.name) > _LONGEST_NAME or not path.name.isascii():
            raise SlotError(f"{path.name} must be at most {_LONGEST_NAME} ASCII characters")
        if path.is_dir():
            writer.opendir(path.name)
            _add(writer, path)
            writer.closedir()
        else:
            writer.mkfile(path.name, path.read_bytes())


def head(folder, content, board, version, minimum="0.0.0", *, sign=None, release=False, keys=None):
    """Return the head of an image (`content`, made of `folder`) as bytes. Raises SlotError: a rule of bundles is broken.

    sign: function that makes the signature of a manifest, see signing.signer; release, keys: see lib/slots/bundle.py.
    """
    begun = [path.read_bytes()[:2] for path in Path(folder).rglob("*.mpy")]
    versions = {two[1] for two in begun if two[:1] == b"M" and len(two) > 1} or {_MPY}
    made = {
        "product": PRODUCT,
        "board": board,
        "version": version,
        "minimum": minimum,
        "mpy": max(versions),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if len(versions) > 1:
        raise SlotError("its .mpy files are of several formats")
    made.update({"release": True} if release else {})
    made.update({"keys": keys} if keys else {})
    raw = json.dumps(made, separators=(",", ":")).encode()
    found = heads.make(raw, sign(raw) if sign else b"", len(content), zlib.crc32(content))
    try:
        rules.checked(made, PRODUCT, board, len(content))
        heads.lengths(found[: heads.FIXED_BYTES])
    except Refused as problem:
        raise SlotError(str(problem)) from problem
    return found


def blob(folder, board, version, minimum="0.0.0"):
    """Return a slot as bytes: its head, filled up to a block, and its image. Raises SlotError."""
    content = image(folder)
    return head(folder, content, board, version, minimum).ljust(heads.HEAD_BYTES, b"\xff") + content


def built(board):
    """Build a board's modules and return its slot as bytes. Raises build.BuildError or SlotError."""
    return blob(build.build(board, quiet=True), board, build.version())


def half(segment_bytes):
    """Return where slot b begins in a ROMFS segment of so many bytes; slot a begins at 0."""
    return segment_bytes // 2 // heads.HEAD_BYTES * heads.HEAD_BYTES


def root_files(board):
    """Return what lies beside the slots of a board, as {name: bytes}."""
    paths = [beside.folder(board) / name for name in beside.NAMES]
    return {path.name: path.read_bytes() for path in paths if path.exists()}  # a PC has no pins


def main():
    """Say how large a slot is."""
    board = sys.argv[1] if len(sys.argv) > 1 else "rp2040"
    size = len(built(board))
    print(f"{size} bytes, {-(-size // _BLOCK)} blocks of {_BLOCK} bytes a slot")


if __name__ == "__main__":
    main()
