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

from micropython import const
from parts import Part
from slots import bundle, head
from slots.bundle import BLOCK, LONGEST_BLOCK, NOTHING
from slots.version import Refused

# What the work waits for, beside a count of bytes and NOTHING.
_END = const(-1)  # all bytes are there
_DONE = const(-2)
_FAILED = const(-3)


class Installer:
    """One installation. After an exception (Refused: the bundle breaks a rule, OSError: the flash) it takes no more."""

    def __init__(self, slots, product, board, require_signature=False, note=None, unsigned=True, sparse=False):
        """slots: Slots; product, board: what the bundle must be for; note: see Slots.commit.

        unsigned: somebody knows that the bundle has no signature that was verified, and wants it all the same; who has
        the cable says bundle.CABLE. sparse: the sender leaves out what `wanted` passes over.
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
        self._buffer = io.BytesIO(bytearray(LONGEST_BLOCK))
        self._sparse = sparse
        self._image = None  # Receiver, once it is wanted
        self._at = 0  # of the bundle: where the next byte stands that is wanted
        self._have = 0
        self._work = self._install()
        self._need = next(self._work)

    def percent(self):
        """Return how much of the image has come in, 0..100."""
        return (self._size - self._image.left) * 100 // self._size if self._size else 0

    def wanted(self):
        """Return (where the next wanted byte of the bundle stands, how many are wanted from there on without a break).

        0 bytes: not known yet, or none. What is passed over the device holds; with `sparse` alone it must not be fed.
        """
        return self._at, self._image.run if self._image else 0

    def busy(self):
        """Return True while it wants to be called again, with or without bytes."""
        return self._need == NOTHING

    def complete(self):
        """Return True once the last byte of the bundle has come."""
        return self._need in (_END, _DONE)

    def feed(self, chunk):
        """Return how many bytes of chunk were taken, 0 included; call again with the rest."""
        if self._need == NOTHING:
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
        self._at += count
        if self._image:
            self._image.run = max(self._image.run - count, 0)
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
        wanted = yield from self._trusted(raw, head.FIXED_BYTES + manifest, signature, size)
        yield NOTHING
        with Part("slots.receiver") as receiver:
            self._image = receiver.Receiver(self._buffer, self._sparse)
            yield from self._fill(receiver, raw, size, crc, wanted)
        yield NOTHING
        self._slots.commit(self._slots.idle(), self._note, self.signed)
        yield _DONE

    def _trusted(self, raw, signed_at, signature, size):
        """Generator: returns the SHA-256 that the image must have, by a manifest that may be installed and is trusted.

        Apart from what comes next: less memory at a time, for a generator holds what it names, a part that went too.
        """
        message = bytes(memoryview(raw)[head.FIXED_BYTES : signed_at])
        made = self._judge(message, size)
        yield NOTHING
        with Part("slots.trust") as trust:
            yield from self._judge_signature(trust, message, bytes(memoryview(raw)[signed_at : signed_at + signature]))
        return made["sha256"]

    def _fill(self, receiver, raw, size, crc, wanted):
        """Generator: makes the idle slot. raw: the head; size, crc, wanted: bytes of the image and its two sums."""
        slots, image = self._slots, self._image
        slot, running = slots.idle(), slots.running
        carrier = slots.carrier()
        yield from image.read_table(size)
        held = (slots.manifest(running) or {}) if running else {}
        yield from image.find(carrier, running, held.get("size", 0))
        self._size = size
        try:
            carrier.erase(slot)
            carrier.begin(slot, raw)
            yield NOTHING
            for need in image.receive(carrier, running):
                self._at += image.skipped
                image.skipped = 0
                yield need
            yield _END

            yield from receiver.read_back(carrier, crc, wanted)
            yield from receiver.check_modules(carrier.reader(slot), size, sys.implementation._mpy & 0xFF)
            carrier.commit(slot)
        finally:
            carrier.close()

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

    def _judge_signature(self, trust, message, block):
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
