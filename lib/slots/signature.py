"""Whether a signature was made with a key: RSASSA-PKCS1-v1_5, SHA-256, 3072 bits, e = 65537, and nothing else. Pure.

The block that a good signature gives is built here, of constants and the digest, and compared whole, so there is nothing
in it to be parsed: no length, no algorithm, no padding that somebody else chose. e is no part of a key.
Source: RFC 8017 8.2.2 and 9.2 (which names this comparison in its note).
"""

from micropython import const

KEY_BYTES = 384

_SQUARINGS = const(16)  # e = 2 ** 16 + 1
# 00 01 FF ... FF 00, then the DigestInfo of SHA-256 with its digest as the last 32 bytes
_INFO = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
_FILLER = const(330)  # bytes FF: KEY_BYTES - 3 - 19 - 32


def verified(modulus, digest, signature):
    """Generator: yields 0 between pieces of work (a multiplication, 20 ms on RP2040), returns True for a good signature.

    modulus: of the key, big-endian; digest: SHA-256 of what was signed; signature: all bytes. Takes 4 kB meanwhile.
    """
    if len(modulus) != KEY_BYTES or len(signature) != KEY_BYTES or not modulus[0] & 0x80 or not modulus[-1] & 1:
        return False
    n = int.from_bytes(modulus, "big")
    s = int.from_bytes(signature, "big")
    if s >= n:
        return False
    power = s
    for _ in range(_SQUARINGS):
        power = power * power % n
        yield 0
    power = power * s % n
    return power.to_bytes(KEY_BYTES, "big") == b"\x00\x01" + b"\xff" * _FILLER + b"\x00" + _INFO + digest
