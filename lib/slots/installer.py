"""Takes a bundle in pieces of any size into the idle slot, and makes that slot the next to start.

    installer = Installer(slots, product, board)
    while chunk:
        chunk = chunk[installer.feed(chunk):]      # for every chunk that comes
    while not installer.finish():
        pass

Each call does one bounded piece of work (at most one block of 4 kB unpacked and written, one file removed, or 4 kB read
back), so that the caller can let others run in between. Order, for the power cut that comes at any point:
manifest judged > manifest.json of the idle slot removed > its files removed > new files written > all read back >
manifest.json renamed into place > one record says what starts next. Before the last step nothing has changed.
"""

import io
import json
import os
from binascii import hexlify
from hashlib import sha256

import deflate
from micropython import const
from slots import bundle
from slots.bundle import BLOCK, LONGEST_BLOCK, WINDOW_BITS
from slots.slots import entries
from slots.version import MANIFEST, Refused

_PIECE = const(512)  # bytes unpacked or read at once
_RESERVE = const(16384)  # bytes of flash that stay free for records

# What the work waits for, beside a count of bytes.
_NOTHING = const(0)  # wants no bytes, wants to be called again
_END = const(-1)  # all bytes are there
_DONE = const(-2)
_FAILED = const(-3)


class Installer:
    """One installation. After an exception (Refused: the bundle breaks a rule, OSError: the flash) it takes no more."""

    def __init__(self, slots, product, board, require_signature=False):
        """slots: Slots; product, board: what the bundle must be for."""
        self._slots = slots
        self._product = product
        self._board = board
        self._require_signature = require_signature
        self.version = ""  # of the bundle, once its manifest is accepted
        self.signed = False  # it carries a signature (which no one checks yet)
        self._packed = 0  # bytes of the files so far, as in the bundle
        self._packed_sum = 0
        self._buffer = io.BytesIO()
        self._have = 0
        self._work = self._install()
        self._need = next(self._work)

    def percent(self):
        """Return how much of the files has come in, 0..100."""
        return self._packed * 100 // self._packed_sum if self._packed_sum else 0

    def feed(self, chunk):
        """Return how many bytes of chunk were taken, 0 included; call again with the rest."""
        if self._need == _NOTHING:
            self._advance()
            return 0
        if not chunk:
            return 0
        if self._need < 0:
            rule = "has failed before" if self._need == _FAILED else "must end after its last file"
            self.close()
            raise Refused("bundle", rule)
        count = min(len(chunk), self._need - self._have)
        self._buffer.write(memoryview(chunk)[:count])
        self._have += count
        if self._have == self._need:
            self._advance()
        return count

    def finish(self):
        """Return True once the bundle is installed and starts next, on trial. Call after the last byte, until True."""
        if self._need == _DONE:
            return True
        if self._need > 0 or self._need == _FAILED:
            rule = "is cut short" if self._need > 0 else "has failed before"
            self.close()
            raise Refused("bundle", rule)
        self._advance()
        return self._need == _DONE

    def close(self):
        """Give up, if it is not done. The idle slot stays incomplete and never starts."""
        if self._need != _DONE:
            self._need = _FAILED
            self._work.close()

    def _advance(self):
        self._need = _FAILED  # stays, if the work raises
        self._buffer.seek(0)
        need = next(self._work)
        self._buffer.seek(0)
        self._have = 0
        self._need = need

    def _install(self):
        """Generator of the whole work: yields how many bytes it needs in the buffer, or one of the marks above."""
        yield len(bundle.MAGIC)
        if self._buffer.read(len(bundle.MAGIC)) != bundle.MAGIC:
            raise Refused("bundle", "is none: its first bytes are wrong")
        yield 4
        count = bundle.manifest_length(int.from_bytes(self._buffer.read(4), "big"))
        yield bundle.DIGEST_BYTES
        digest = hexlify(self._buffer.read(bundle.DIGEST_BYTES)).decode()
        yield count
        raw = self._buffer.read(count)
        if _hex(sha256(raw)) != digest:
            raise Refused("manifest", "is damaged: its SHA-256 is another")
        files = self._judge(raw)
        yield 2
        count = bundle.signature_length(int.from_bytes(self._buffer.read(2), "big"))
        if count:
            yield count
        self._judge_signature(count)

        slot = self._slots.idle()
        folder = self._slots.path(slot)
        yield from _wipe(folder)
        _make_folders(folder, files)
        with open(folder + "/" + MANIFEST + ".new", "wb") as file:
            file.write(raw)
        raw = None  # several kB
        self._buffer = io.BytesIO(bytearray(LONGEST_BLOCK))
        yield _NOTHING

        for row in files:
            yield from self._receive(folder, row)
        yield _END

        for row in files:
            yield from _read_back(folder + "/" + row[0], row[0], row[3])
        yield from _read_back(folder + "/" + MANIFEST + ".new", MANIFEST, digest)
        os.rename(folder + "/" + MANIFEST + ".new", folder + "/" + MANIFEST)
        yield _NOTHING
        self._slots.commit(slot)
        yield _DONE

    def _judge(self, raw):
        """Return the list of files of a manifest that may be installed here, or raise Refused."""
        try:
            manifest = json.loads(raw)
        except (ValueError, RuntimeError):  # RuntimeError: nested deeper than the interpreter goes
            manifest = None
        files = bundle.checked(manifest, self._product, self._board, self._slots.floor())
        if self._slots.on_trial():
            raise Refused("bundle", "must wait until the running version has proved itself")
        free, block = self._slots.free_bytes()
        needed = bundle.space(files, block) + len(raw) + _RESERVE
        if needed > free:
            raise Refused("files", "are too large: %d bytes of flash needed, %d free" % (needed, free))
        self.version = manifest["version"]
        self._packed_sum = sum([row[2] for row in files])
        return files

    def _judge_signature(self, count):
        self.signed = count > 0
        if self._require_signature:
            rule = "cannot be checked by this version" if count else "is missing, and require_signature is on"
            raise Refused("signature", rule)

    def _receive(self, folder, row):
        """Generator: writes one file of the bundle, a block a turn."""
        path, size, packed_left, wanted = row
        digest = sha256()
        with open(folder + "/" + path, "wb") as file:
            while size:
                yield 2
                packed = int.from_bytes(self._buffer.read(2), "big")
                packed_left -= 2 + packed
                if not 0 < packed <= LONGEST_BLOCK or packed_left < 0:
                    raise Refused(path, "has a block of a wrong length")
                yield packed
                self._unpack(path, packed, min(size, BLOCK), file, digest)
                size -= min(size, BLOCK)
                self._packed += 2 + packed
        if packed_left:
            raise Refused(path, "must have as many bytes in the bundle as the manifest says")
        if _hex(digest) != wanted:
            raise Refused(path, "must have the SHA-256 that the manifest says")
        yield _NOTHING

    def _unpack(self, path, packed, size, file, digest):
        """Unpack the block in the buffer; more than `size` bytes are never made of it."""
        source = deflate.DeflateIO(self._buffer, deflate.RAW, WINDOW_BITS)
        piece = memoryview(bytearray(_PIECE))
        while size:
            count = _inflate(source, piece[: min(size, _PIECE)])
            if count <= 0:
                raise Refused(path, "has a block that is damaged or unpacks to too little")
            size -= count
            digest.update(piece[:count])
            file.write(piece[:count])
        if _inflate(source, piece[:1]) != 0 or self._buffer.tell() != packed:
            raise Refused(path, "has a block that unpacks to too much")


def _inflate(source, piece):
    """Return the count of bytes unpacked into piece, -1 if the block is rubbish."""
    try:
        return source.readinto(piece)
    except (OSError, EOFError):  # of deflate itself: what it reads is memory
        return -1


def _hex(digest):
    return hexlify(digest.digest()).decode()


def _wipe(folder):
    """Generator: empties a slot, its manifest first, one entry a turn."""
    for name in (MANIFEST, MANIFEST + ".new"):
        if (folder + "/" + name, False) in entries(folder):
            os.remove(folder + "/" + name)
            yield _NOTHING
    for path, is_folder in entries(folder):
        if is_folder:
            yield from _wipe(path)
            os.rmdir(path)
        else:
            os.remove(path)
        yield _NOTHING


def _make_folders(folder, files):
    if not entries(folder):
        try:
            os.mkdir(folder)
        except OSError:  # it is there and empty, or the first file says what is wrong
            pass
    for name in sorted(bundle.folders(files)):  # a folder sorts before what is in it
        os.mkdir(folder + "/" + name)


def _read_back(path, name, wanted):
    """Generator: compares what the flash holds with its SHA-256, 4 kB a turn."""
    digest = sha256()
    piece = memoryview(bytearray(_PIECE))
    turns = 0
    with open(path, "rb") as file:
        count = file.readinto(piece)
        while count:
            digest.update(piece[:count])
            turns += 1
            if turns % 8 == 0:
                yield _NOTHING
            count = file.readinto(piece)
    if _hex(digest) != wanted:
        raise Refused(name, "reads back damaged from the flash")
    yield _NOTHING
