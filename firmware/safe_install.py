"""Takes a whole bundle into a slot in safe mode, by the rules of lib/slots with code of its own (tests hold both together).

Nothing but the slot changes before the last write: the one that the record does not name, so that what stands there is kept
if it is the other that a single bad read keeps from starting. Formats: lib/slots/head.py, bundle.py, blocks.py, trust.py.
"""

import io
import json
import os
import sys
from binascii import a2b_base64, crc32, hexlify
from hashlib import sha256

import boot
import deflate
import vfs

PRODUCT = "sigen-bridge"

_MAGIC = b"\x89SLOT2\r\n\x00\x01"
_FIXED, _HEAD, _ROW, _PIECE = 22, 4096, 14, 1024
_MOST_BLOCKS, _LONGEST_HEAD, _LONGEST_IMAGE = 512, 2048, 1 << 20
_KEY, _ID, _PLACES = 384, 8, 4
_BLOCK, _PROGRAM, _ERASE = 4096, 256, 6
_INFO = b"\x00\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


class Refused(Exception):
    """A bundle breaks a rule; its text says which."""


def install(source, root, board, fed):
    """Install the bundle that source.read(n) gives; return its version. Raises Refused, OSError.

    root: folder of the slots and records; board: what it must be for; fed(): called often.
    """
    fixed = _exactly(source, _FIXED)
    if fixed[: len(_MAGIC)] != _MAGIC:
        raise Refused("bundle: is none, or of another format")
    size, crc = int.from_bytes(fixed[10:14], "big"), int.from_bytes(fixed[14:18], "big")
    made, signed = int.from_bytes(fixed[18:20], "big"), int.from_bytes(fixed[20:22], "big")
    if made + signed > _LONGEST_HEAD or not 0 < size <= _LONGEST_IMAGE:
        raise Refused("bundle: has a head or an image that is too long")
    head = fixed + _exactly(source, made + signed + 4)
    if crc32(head[:-4]) != int.from_bytes(head[-4:], "big"):
        raise Refused("manifest: is damaged")
    raw, block = head[_FIXED : _FIXED + made], head[_FIXED + made : -4]
    state = boot.newest(root + "slot_state", root + "data/slot_state")
    manifest = _checked(raw, size, board, state)
    fed()
    _judge(raw, block, root)
    fed()
    slot = "a" if state.get("slot") == "b" else "b"
    target = _RomSlot(slot) if boot.carrier(root).name == "Rom" else _FileSlot(root, slot)
    try:
        target.begin(head, size)
        _receive(source, size, target, fed)
        digest, total = target.sums(fed)
        if hexlify(digest).decode() != manifest["sha256"] or total != crc:
            raise Refused("image: has other sums than its manifest says")
        target.commit()
    finally:
        target.close()
    kept = {"floor": state.get("floor", "0.0.0"), "failed": state.get("failed", [])}
    kept.update({"slot": slot, "trial": True, "serial": boot.whole(state.get("serial"))})
    _change(root, kept)
    return manifest["version"]


def forgive(root):
    """Forget the starts that were counted, so that both slots have another turn."""
    state = boot.newest(root + "slot_state", root + "data/slot_state")
    state.pop("looped", None)
    _change(root, state)


def _change(root, state):
    state["serial"] = boot.whole(state.get("serial")) + 1
    if boot.save(root + "slot_state", state):
        boot.save(root + "data/slot_state", state)


def _exactly(source, count):
    found = source.read(count)
    if len(found) != count:
        raise Refused("bundle: is cut short")
    return found


def _checked(raw, size, board, state):
    try:
        manifest = json.loads(raw)
        facts = [manifest[name] for name in ("product", "board", "mpy", "size", "version", "sha256")]
    except (ValueError, KeyError, TypeError, RuntimeError):
        raise Refused("manifest: must be a JSON object with all fields") from None
    wanted = [PRODUCT, board, sys.implementation._mpy & 0xFF, size]
    if facts[:4] != wanted:
        raise Refused("manifest: must be for %s, %s, .mpy format %d, %d bytes" % tuple(wanted))
    version, floor = boot.numbers_of(facts[4]), boot.numbers_of(state.get("floor")) or (0, 0, 0)
    if not version or version < floor:
        raise Refused("version: is too old, or none")
    return manifest


def _judge(raw, block, root):
    """Raise Refused unless a key of the device signed the manifest, or it has none, or a setting lets anything in."""
    keys, damaged = {}, False
    for place in range(1, _PLACES + 1):
        paths = [folder + "key_%d" % place for folder in (root + "data/", root)]
        key = boot.newest(*paths)
        damaged = damaged or (not key and any([_there(path) for path in paths]))
        if key:
            keys[key.get("id")] = key
    if (
        not (keys or damaged)
        or boot.newest(root + "data/settings", root + "settings").get("require_signature") is False
    ):
        return
    key = keys.get(hexlify(block[:_ID]).decode(), {})
    active = [key for key in keys.values() if key.get("state") == "active"]
    if key.get("state") != "active" and (key.get("state") != "development" or active):
        raise Refused("signature: is missing, or of no key that this device believes")
    modulus = a2b_base64(key.get("n", ""))
    n, s = int.from_bytes(modulus, "big"), int.from_bytes(block[_ID:], "big")
    good = len(modulus) == _KEY and modulus[0] & 0x80 and len(block) == _ID + _KEY and s < n
    made = b"\x00\x01" + b"\xff" * 330 + _INFO + sha256(raw).digest()
    if not good or pow(s, 65537, n).to_bytes(_KEY, "big") != made:
        raise Refused("signature: is not that of the key which it names")


def _there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _receive(source, size, target, fed):
    """Write the image of a bundle behind its head."""
    count = int.from_bytes(_exactly(source, 2), "big")
    if not 0 < count <= _MOST_BLOCKS:
        raise Refused("image: has no table")
    table = _exactly(source, count * _ROW)
    if crc32(table) != int.from_bytes(_exactly(source, 4), "big"):
        raise Refused("image: has a table that is damaged")
    for at in range(_ID, len(table), _ROW):
        left, packed = int.from_bytes(table[at : at + 3], "big"), int.from_bytes(table[at + 3 : at + 6], "big")
        if left > size or (left and not packed):
            raise Refused("image: lacks a part; safe mode takes whole bundles")
        size -= left
        while left:
            length = int.from_bytes(_exactly(source, 2), "big")
            want = min(left, _PIECE)
            piece = _unpacked(_exactly(source, length) if length <= _PIECE + 32 else b"", want)
            target.write(piece)
            left -= want
            fed()
    if size:
        raise Refused("image: is not as long as its manifest says")


def _unpacked(packed, size):
    try:
        piece = deflate.DeflateIO(io.BytesIO(packed), deflate.RAW, 10).read(size + 1)
    except (OSError, EOFError):
        piece = b""
    if len(piece) != size:
        raise Refused("image: has a damaged block")
    return piece


class _FileSlot:
    """A slot as a file; the rename makes it complete."""

    def __init__(self, root, slot):
        self._path, self._new = root + slot + ".slot", root + slot + ".new"
        self._file = None

    def begin(self, head, size):
        for path in (self._path, self._new):
            if _there(path):
                os.remove(path)  # there may be no room for two
        self._file = open(self._new, "w+b")
        self._file.write(head + b"\xff" * (_HEAD - len(head)))

    def write(self, piece):
        self._file.write(piece)

    def sums(self, fed):
        self._file.flush()
        self._file.seek(_HEAD)
        return _sums(lambda: self._file.read(_PIECE), fed)

    def commit(self):
        self.close()
        os.rename(self._new, self._path)

    def close(self):
        if self._file:
            self._file.close()
            self._file = None


class _RomSlot:
    """A half of the ROMFS segment; the head makes it complete."""

    def __init__(self, slot):
        self._segment = vfs.rom_ioctl(2, 0)
        half = len(memoryview(self._segment)) // 2 // _HEAD * _HEAD
        self._start, self._room = half if slot == "b" else 0, half - _HEAD
        self._page, self._at, self._head = b"", 0, b""

    def begin(self, head, size):
        if size > self._room:
            raise Refused("image: is too large")
        self._segment.ioctl(_ERASE, self._start // _BLOCK)
        self._head, self._at = head, self._start + _HEAD

    def write(self, piece):
        self._page += piece
        while len(self._page) >= _PROGRAM:
            self._put(self._page[:_PROGRAM])
            self._page = self._page[_PROGRAM:]

    def _put(self, page):
        if self._at % _BLOCK == 0:
            self._segment.ioctl(_ERASE, self._at // _BLOCK)
        self._segment.writeblocks(self._at // _BLOCK, page + b"\xff" * (-len(page) % _PROGRAM), self._at % _BLOCK)
        self._at += len(page)

    def sums(self, fed):
        if self._page:
            self._put(self._page)
            self._page = b""
        image = memoryview(self._segment)[self._start + _HEAD : self._at]
        pieces = iter([image[at : at + _PIECE] for at in range(0, len(image), _PIECE)])
        return _sums(lambda: next(pieces, b""), fed)

    def commit(self):
        head = self._head + b"\xff" * (-len(self._head) % _PROGRAM)
        self._segment.writeblocks(self._start // _BLOCK, head, 0)

    def close(self):
        pass


def _sums(read, fed):
    """Return (SHA-256, CRC-32) of what read() gives."""
    digest, total = sha256(), 0
    piece = read()
    while piece:
        digest.update(piece)
        total = crc32(piece, total)
        fed()
        piece = read()
    return digest.digest(), total
