"""The format of a bundle, and the rules that its manifest must keep: pure, so that the PC's builder uses the same file.

    .  head: as the slot will hold it (head.py)
    2  count of blocks, big-endian as all numbers
    .  table of the blocks (blocks.py)
    4  CRC-32 of the table
    .  the content of each block that is not left out, in pieces:
         2  bytes of the compressed piece
         .  raw deflate of exactly BLOCK bytes of the block (its last piece: of the rest), window 2 ** WINDOW_BITS

Pieces stand alone: a receiver needs one piece and one window of memory, and does one bounded piece of work at a time. They
are small, because a board that has been running for long may have plenty of memory and no large piece of it.
"""

from micropython import const
from slots.version import Refused, only, version_key

BLOCK = 1024
WINDOW_BITS = 10  # 1024 = BLOCK: a longer window has nothing to look at
LONGEST_BLOCK = BLOCK + 32  # what deflate makes of noise, with room
NOTHING = 0  # what the work of an installer wants, beside a count of bytes: to be called again

# Who says that a bundle is wanted although no signature of it was verified.
NOBODY, ASKED, CABLE = (
    0,
    1,
    2,
)  # ASKED: a person on the page, who was warned; CABLE: who could replace everything anyway

_MAX_TEXT = const(40)  # bytes of product, board and version
_MARK = const(63)  # ?
_SHOWN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"
_HEX = b"0123456789abcdef"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_MODULUS = const(512)  # characters of a key's modulus
_ID = const(16)  # characters of a key's id
_MOST_RETIRED = const(4)


def checked(manifest, product, board, size, floor="0.0.0", failed=(), mpy=None):
    """Return a manifest that may be installed.

    manifest: {"product", "board", "version", "minimum", "mpy", "size", "sha256"}, parsed from JSON, from outside; may
    have "release" (true: made for everybody) and "keys" (which keys count once it has proved itself, see keys.adopt).
    minimum: no version below it may ever be installed again once this one has proved itself.
    mpy: version of the format of .mpy files that this interpreter reads, None = any; size: bytes of the image.
    floor: what an earlier bundle set as minimum; failed: SHA-256 of images that have failed their trial.
    Raises Refused, naming the field and the rule.
    """
    if not isinstance(manifest, dict):
        raise Refused("manifest", "must be a JSON object")
    _same(manifest, "product", product)
    _same(manifest, "board", board)
    version = version_key(manifest.get("version"))
    if version < version_key(floor):
        raise Refused("version", "%s is too old, this device takes %s or later" % (manifest["version"], floor))
    if version < version_key(manifest.get("minimum")):
        raise Refused("minimum", "must not be above the version of the bundle")
    if not _whole(manifest.get("mpy")) or mpy not in (None, manifest["mpy"]):
        raise Refused("mpy", "must be the version that this MicroPython reads" + (", %d" % mpy if mpy else ""))
    if not _whole(manifest.get("size")) or manifest["size"] != size:
        raise Refused("size", "must be that of the image, %d bytes" % size)
    digest = manifest.get("sha256")
    if not isinstance(digest, str) or len(digest) != 64 or not only(digest, _HEX):
        raise Refused("sha256", "must be 64 lower-case hex digits")
    _check_keys(manifest.get("keys"))
    if digest in failed:
        raise Refused("version", "%s has failed its trial on this device" % manifest["version"])
    return manifest


def _check_keys(changes):
    """Raise Refused unless the keys that a manifest brings are none, or a modulus in base64 and a few ids."""
    if changes is None:
        return
    good = isinstance(changes, dict)
    if good:
        new, old = changes.get("add", ""), changes.get("retire", [])
        good = isinstance(new, str) and len(new) in (0, _MODULUS) and only(new, _BASE64)
        good = good and isinstance(old, list) and len(old) <= _MOST_RETIRED
        good = good and all([isinstance(id, str) and len(id) == _ID and only(id, _HEX) for id in old])
    if not good:
        raise Refused("keys", "must be {add: modulus of 3072 bits in base64, retire: up to %d ids}" % _MOST_RETIRED)


def _same(manifest, field, wanted):
    if manifest.get(field) != wanted:
        raise Refused(field, "must be %s, not %s" % (wanted, _shown(manifest.get(field))))


def _shown(value):
    """Return something from outside so that it does no harm in a log or on a page."""
    text = value if isinstance(value, str) else str(type(value))
    # By bytes: each new character that a loop over a text meets stays in memory for ever.
    shown = text.encode()[:_MAX_TEXT]
    return bytes([c if c in _SHOWN else _MARK for c in shown if c & 0xC0 != 0x80]).decode()


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
