"""Packs the code of a slot into one file, as it travels and lies on a board: a file each would take a flash block each.

`python -m bridgectl.device.pack BOARD` builds, packs into build/packed/BOARD and says what that takes of the flash.
Layout of code.pack, read by firmware/boot.py: entries (uint16), then for each 8 bytes: the lower 24 bits of the CRC-32 of
its path, its offset from the end of the table (24 bits), its size (16 bits, 0 = folder); then the contents. Big-endian.
"""

import sys
import zlib

from bridgectl.device import build

NAME = "code.pack"
_BLOCK = 4096


class PackError(Exception):
    """What cannot be packed."""


def packed(board):
    """Build a board's slot; return the folder that holds it as it ships: code.pack and web/. Raises build.BuildError."""
    slot = build.build(board, quiet=True)
    target = build.ROOT / "build" / "packed" / board
    with build.alone():
        files = {p.relative_to(slot).as_posix(): p.read_bytes() for p in sorted(slot.rglob("*")) if p.is_file()}
        code = {path: content for path, content in files.items() if path.endswith(".mpy")}
        ships = {NAME: pack(code), **{path: content for path, content in files.items() if path not in code}}
        for path, content in ships.items():
            _write(target / path, content)
        for left in target.rglob("*"):
            if left.is_file() and left.relative_to(target).as_posix() not in ships:
                left.unlink()
    return target


def _write(target, content):
    """Write a file if it does not hold this already: another process may be reading it."""
    if not target.exists() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def pack(files):
    """Return the pack of files, {path: bytes}. Raises PackError."""
    folders = {path.rsplit("/", 1)[0] for path in files if "/" in path}
    folders |= {"/".join(f.split("/")[:n]) for f in folders for n in range(1, f.count("/") + 1)}
    table, contents = b"", b""
    keys = set()
    for path, content in [*((f, b"") for f in sorted(folders)), *sorted(files.items())]:
        key = zlib.crc32(path.encode()) & 0xFFFFFF
        if key in keys:
            raise PackError(f"{path} has the same key as another path; rename it")
        if path in files and not 0 < len(content) < 1 << 16:
            raise PackError(f"{path} has {len(content)} bytes; 1 to 65535 can be packed")
        keys.add(key)
        table += key.to_bytes(3, "big") + len(contents).to_bytes(3, "big") + len(content).to_bytes(2, "big")
        contents += content
    return (len(table) // 8).to_bytes(2, "big") + table + contents


def blocks(folder):
    """Return how many blocks of the flash the files of a folder take, two for each folder among them."""
    paths = [*folder.rglob("*")]
    return sum(2 if p.is_dir() else -(-p.stat().st_size // _BLOCK) for p in paths) + 2


def main():
    """Say what is packed."""
    board = sys.argv[1] if len(sys.argv) > 1 else "rp2040"
    folder = packed(board)
    plain = build.ROOT / "build" / board
    print(
        f"{folder / NAME}: {(folder / NAME).stat().st_size} bytes, with web/ {blocks(folder)} blocks of {_BLOCK} bytes"
    )
    print(f"as {sum(p.is_file() for p in plain.rglob('*'))} files it would take {blocks(plain)} blocks")


if __name__ == "__main__":
    main()
