"""Takes a bundle in pieces of any size into the idle slot, and makes that slot the next to start.

    installer = Installer(slots, product, board)
    while chunk:
        chunk = chunk[installer.feed(chunk):]      # for every chunk that comes
    while not installer.finish():
        pass

Each call does one bounded piece of work (at most one block of 1 kB unpacked and written, or 4 kB read back), so that the
caller can let others run in between. Order, for the power cut that comes at any point: manifest judged > idle slot made
incomplete > image written > read back > slot made complete by one write > one record says what starts next. Before the
last step nothing has changed. What is large is taken once, when it begins: a MemoryError comes before anything is erased.
"""

import io
import json
import sys
from binascii import crc32, hexlify
from hashlib import sha256

import deflate
from micropython import const
from slots import bundle, head, trust
from slots.bundle import BLOCK, LONGEST_BLOCK, WINDOW_BITS
from slots.version import Refused

_PIECE = const(512)  # bytes unpacked or read at once

# What the work waits for, beside a count of bytes.
_NOTHING = const(0)  # wants no bytes, wants to be called again
_END = const(-1)  # all bytes are there
_DONE = const(-2)
_FAILED = const(-3)


class Installer:
    """One installation. After an exception (Refused: the bundle breaks a rule, OSError: the flash) it takes no more."""

    def __init__(self, slots, product, board, require_signature=False, note=None, unsigned=True):
        """slots: Slots; product, board: what the bundle must be for; note: see Slots.commit.

        unsigned: somebody knows that the bundle has no signature that was verified, and wants it all the same; who has
        the cable says trust.CABLE.
        """
        self._slots = slots
        self._product = product
        self._board = board
        self._require_signature = require_signature
        self._note = note
        self._unsigned = unsigned
        self.version = ""  # of the bundle, once its manifest is accepted
        self.signed = False  # its signature was verified
        self._size = 0  # bytes of the image
        self._left = 0  # bytes of it that are missing
        self._buffer = io.BytesIO(bytearray(LONGEST_BLOCK))
        self._piece = memoryview(bytearray(_PIECE))
        self._have = 0
        self._work = self._install()
        self._need = next(self._work)

    def percent(self):
        """Return how much of the image has come in, 0..100."""
        return (self._size - self._left) * 100 // self._size if self._size else 0

    def feed(self, chunk):
        """Return how many bytes of chunk were taken, 0 included; call again with the rest."""
        if self._need == _NOTHING:
            self._advance()
            return 0
        if not chunk:
            return 0
        if self._need < 0:
            rule = "has failed before" if self._need == _FAILED else "must end after its image"
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
        count = len(head.MAGIC)
        yield count
        raw = bytearray(self._buffer.read(count))
        head.begins(raw)
        count = head.FIXED_BYTES - count
        yield count
        raw.extend(self._buffer.read(count))
        size, crc, manifest, signature = head.lengths(raw)
        missing = manifest + signature + head.SUM_BYTES
        while missing:
            count = min(missing, BLOCK)
            yield count
            raw.extend(self._buffer.read(count))
            missing -= count
        if not head.whole(raw):
            raise Refused("manifest", "is damaged: its sum is another")
        signed_at = head.FIXED_BYTES + manifest
        message = bytes(memoryview(raw)[head.FIXED_BYTES : signed_at])
        made = self._judge(message, size)
        yield from self._judge_signature(message, bytes(memoryview(raw)[signed_at : signed_at + signature]))

        slot = self._slots.idle()
        carrier = self._slots.carrier()
        self._size = self._left = size
        try:
            carrier.erase(slot)
            carrier.begin(slot, raw)
            yield _NOTHING
            yield from self._receive(carrier)
            yield _END

            yield from self._read_back(carrier, crc, made["sha256"])
            carrier.commit(slot)
        finally:
            carrier.close()
        yield _NOTHING
        self._slots.commit(slot, self._note, self.signed)
        yield _DONE

    def _judge(self, raw, size):
        """Return the manifest of a bundle that may be installed here, or raise Refused."""
        try:
            manifest = json.loads(raw)
        except (ValueError, RuntimeError):  # RuntimeError: nested deeper than the interpreter goes
            manifest = None
        slots = self._slots
        mpy = sys.implementation._mpy & 0xFF
        bundle.checked(manifest, self._product, self._board, size, slots.floor(), slots.failed(), mpy)
        if slots.on_trial():
            raise Refused("bundle", "must wait until the running version has proved itself")
        room = slots.carrier().room(slots.idle())
        if size > room:
            raise Refused("image", "is too large: %d bytes of flash needed, %d free" % (size, room))
        self.version = manifest["version"]
        return manifest

    def _judge_signature(self, message, block):
        """Generator: verifies the signature of the manifest, a tenth of a second's work in small turns."""
        slots = self._slots
        folder = trust.folder(slots.root)
        found = yield from trust.judged(folder, message, block)
        running = slots.manifest(slots.running) if found == "development" else None
        released = bool(running and running.get("release"))
        rule = trust.refusal(found, self._require_signature, trust.has_keys(folder), released, self._unsigned)
        if rule:
            raise Refused("signature", rule)
        self.signed = found in trust.BELIEVED

    def _receive(self, carrier):
        """Generator: writes the image, a block a turn."""
        while self._left:
            yield 2
            packed = int.from_bytes(self._buffer.read(2), "big")
            if not 0 < packed <= LONGEST_BLOCK:
                raise Refused("image", "has a block of a wrong length")
            yield packed
            self._unpack(packed, min(self._left, BLOCK), carrier)
        yield _NOTHING

    def _unpack(self, packed, size, carrier):
        """Unpack the block in the buffer; more than `size` bytes are never made of it."""
        source = deflate.DeflateIO(self._buffer, deflate.RAW, WINDOW_BITS)
        piece = self._piece
        while size:
            want = min(size, _PIECE)
            have = 0
            while have < want:
                count = _inflate(source, piece[have:want])
                if count <= 0:
                    raise Refused("image", "has a block that is damaged or unpacks to too little")
                have += count
            carrier.write(piece[:want])
            size -= want
            self._left -= want
        if _inflate(source, piece[:1]) != 0 or self._buffer.tell() != packed:
            raise Refused("image", "has a block that unpacks to too much")

    def _read_back(self, carrier, crc, wanted):
        """Generator: compares what the flash holds with both sums, 4 kB a turn."""
        digest = sha256()
        total = turns = 0
        for piece in carrier.written():
            digest.update(piece)
            total = crc32(piece, total)
            turns += 1
            if turns % 8 == 0:
                yield _NOTHING
        if hexlify(digest.digest()).decode() != wanted or total != crc:
            raise Refused("image", "must have the sums that its manifest says, and has others in the flash")
        yield _NOTHING


def _inflate(source, piece):
    """Return the count of bytes unpacked into piece, -1 if the block is rubbish."""
    try:
        return source.readinto(piece)
    except (OSError, EOFError):  # of deflate itself: what it reads is memory
        return -1
