"""The format of a bundle, and the rules that it must keep: pure, so that the PC's builder uses the same file.

    8  magic
    4  bytes of the manifest, big-endian
   32  SHA-256 of the manifest
    .  manifest: JSON, see `checked`
    2  bytes of the signature, big-endian; 0 = unsigned
    .  signature: over everything before its own length (no scheme is defined yet)
    .  the files, in the order of the manifest, each as blocks:
         2  bytes of the compressed block, big-endian
         .  raw deflate of exactly BLOCK bytes of the file (its last block: of the rest), window 2 ** WINDOW_BITS

Blocks stand alone: a receiver needs one block and one window of memory, and does one bounded piece of work at a time.
"""

from micropython import const
from slots.version import MANIFEST, Refused, only, version_key

MAGIC = b"\x89SLOT1\r\n"  # first and last bytes show a transfer that took it for text
BLOCK = 4096
WINDOW_BITS = 12  # 4096 = BLOCK: a longer window has nothing to look at
LONGEST_BLOCK = BLOCK + 32  # what deflate makes of noise, with room
DIGEST_BYTES = 32

_MAX_MANIFEST = const(12288)  # bytes
_MAX_SIGNATURE = const(1024)  # bytes
_MAX_FILES = const(96)
_MAX_PATH = const(64)  # characters
_MAX_DEPTH = const(4)  # folders and the name
_MAX_FILE = const(1 << 20)  # bytes
_MAX_TEXT = const(40)  # bytes of product, board and version
_MARK = const(63)  # ?
_PATH_CHARACTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"
_HEX = b"0123456789abcdef"


def manifest_length(count):
    """Return count if a manifest may have so many bytes, else raise Refused."""
    if not 2 <= count <= _MAX_MANIFEST:
        raise Refused("manifest", "must be 2 to %d bytes, not %d" % (_MAX_MANIFEST, count))
    return count


def signature_length(count):
    """Return count if a signature may have so many bytes, else raise Refused."""
    if count > _MAX_SIGNATURE:
        raise Refused("signature", "must be at most %d bytes, not %d" % (_MAX_SIGNATURE, count))
    return count


def checked(manifest, product, board, floor="0.0.0"):
    """Return the files of a manifest as its list of [path, size, bytes in the bundle, SHA-256 in hex].

    manifest: {"product", "board", "version", "minimum", "files"}, parsed from JSON, from outside.
    minimum: no version below it may ever be installed again once this one has proved itself.
    floor: what an earlier bundle set as minimum. Raises Refused, naming the field and the rule.
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
    files = manifest.get("files")
    if not isinstance(files, list) or not 1 <= len(files) <= _MAX_FILES:
        raise Refused("files", "must be a list of 1 to %d files" % _MAX_FILES)
    names = set()
    for row in files:
        _check_row(row)
        if row[0] in names:
            raise Refused(_shown(row[0]), "must be named once")
        names.add(row[0])
    for folder in folders(files):
        if folder in names:
            raise Refused(folder, "must not be a file and a folder")
    return files


def folders(files):
    """Return the folders that the files need, as a set of paths."""
    found = set()
    for row in files:
        parts = row[0].split("/")
        for count in range(1, len(parts)):
            found.add("/".join(parts[:count]))
    return found


def space(files, block):
    """Return the bytes of flash that the files need on a file system with blocks of `block` bytes, folders included."""
    blocks = sum([(row[1] + block - 1) // block for row in files])
    return (blocks + 2 * len(folders(files)) + 2) * block  # littlefs gives each folder a pair of blocks


def _same(manifest, field, wanted):
    if manifest.get(field) != wanted:
        raise Refused(field, "must be %s, not %s" % (wanted, _shown(manifest.get(field))))


def _shown(value):
    """Return something from outside so that it does no harm in a log or on a page."""
    text = value if isinstance(value, str) else str(type(value))
    # By bytes: each new character that a loop over a text meets stays in memory for ever.
    shown = text.encode()[:_MAX_TEXT]
    return bytes([c if c in _PATH_CHARACTERS else _MARK for c in shown if c & 0xC0 != 0x80]).decode()


def _check_row(row):
    if not isinstance(row, list) or len(row) != 4:
        raise Refused("files", "each must be [path, size, bytes in the bundle, SHA-256]")
    path, size, packed, digest = row
    _check_path(path)
    if not _whole(size, 0, _MAX_FILE):
        raise Refused(path, "size must be 0 to %d bytes" % _MAX_FILE)
    blocks = (size + BLOCK - 1) // BLOCK
    if not _whole(packed, 3 * blocks, (LONGEST_BLOCK + 2) * blocks):
        raise Refused(path, "bytes in the bundle must fit the size")
    if not isinstance(digest, str) or len(digest) != 64 or not only(digest, _HEX):
        raise Refused(path, "SHA-256 must be 64 lower-case hex digits")


def _check_path(path):
    if not isinstance(path, str) or not 1 <= len(path) <= _MAX_PATH:
        raise Refused("path", "must be a text of 1 to %d characters" % _MAX_PATH)
    if not only(path, _PATH_CHARACTERS):
        raise Refused("path " + _shown(path), "may hold only letters, digits and _ - . /")
    parts = path.split("/")
    if len(parts) > _MAX_DEPTH:
        raise Refused("path " + _shown(path), "must have at most %d parts" % _MAX_DEPTH)
    for part in parts:
        if not part or part[0] == ".":
            raise Refused("path " + _shown(path), "must be relative, with no part empty or beginning with a dot")
    if path == MANIFEST or path == MANIFEST + ".new":
        raise Refused("path " + path, "is the slot's own")


def _whole(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
