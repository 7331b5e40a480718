"""The head of a slot and of a bundle: what the image behind it is, and the sums that say whether it is whole. Pure.

    0   8  MAGIC
    8   2  FORMAT
   10   4  bytes of the image
   14   4  CRC-32 of the image
   18   2  bytes of the manifest
   20   2  bytes of the signature, 0 = unsigned
   22   .  manifest: JSON, see bundle.checked
    .   .  signature: of the manifest, which holds the SHA-256 of the image (trust.py)
    .   4  CRC-32 of everything before it

All numbers big-endian. A slot is the head, filled up to HEAD_BYTES, and the image: MicroPython's own ROMFS.
firmware/boot.py reads it too, with code of its own (a test holds both together).
"""

from binascii import crc32

from micropython import const
from slots.version import Refused

MAGIC = b"\x89SLOT2\r\n"  # first and last bytes show a transfer that took it for text
HEAD_BYTES = 4096  # of a slot: one block that the flash erases
FIXED_BYTES = 22
SUM_BYTES = 4

_FORMAT = const(1)
_MAX_MANIFEST = const(1024)  # bytes
_MAX_SIGNATURE = const(1024)  # bytes
_MAX_IMAGE = const(1 << 20)  # bytes


def make(manifest, signature, size, crc):
    """Return a head as bytes. manifest, signature: bytes; size, crc: of the image."""
    fixed = MAGIC + _FORMAT.to_bytes(2, "big") + size.to_bytes(4, "big") + crc.to_bytes(4, "big")
    head = fixed + len(manifest).to_bytes(2, "big") + len(signature).to_bytes(2, "big") + manifest + signature
    return head + crc32(head).to_bytes(SUM_BYTES, "big")


def begins(start):
    """Raise Refused if the first bytes, as many as MAGIC has, are not those of a head."""
    if start != MAGIC:
        raise Refused("bundle", "is none: its first bytes are wrong")


def lengths(fixed):
    """Return (bytes of the image, its CRC-32, bytes of the manifest, bytes of the signature) from the first FIXED_BYTES.

    Raises Refused: the field that breaks a rule, and the rule.
    """
    begins(fixed[: len(MAGIC)])
    if len(fixed) != FIXED_BYTES:
        raise Refused("bundle", "is cut short")
    form = int.from_bytes(fixed[8:10], "big")
    if form != _FORMAT:
        raise Refused("bundle", "is of format %d, this device takes %d" % (form, _FORMAT))
    size = int.from_bytes(fixed[10:14], "big")
    manifest = int.from_bytes(fixed[18:20], "big")
    signature = int.from_bytes(fixed[20:22], "big")
    if not 1 <= size <= _MAX_IMAGE:
        raise Refused("image", "must be 1 to %d bytes, not %d" % (_MAX_IMAGE, size))
    if not 2 <= manifest <= _MAX_MANIFEST:
        raise Refused("manifest", "must be 2 to %d bytes, not %d" % (_MAX_MANIFEST, manifest))
    if signature > _MAX_SIGNATURE:
        raise Refused("signature", "must be at most %d bytes, not %d" % (_MAX_SIGNATURE, signature))
    return size, int.from_bytes(fixed[14:18], "big"), manifest, signature


def whole(head):
    """Return True if the sum at the end of a head is right. head: bytes or memoryview."""
    return crc32(head[:-SUM_BYTES]) == int.from_bytes(head[-SUM_BYTES:], "big")
