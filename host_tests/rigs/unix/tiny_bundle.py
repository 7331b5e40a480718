"""Bundles of a few small files, made on the interpreter itself; tests break any part of them.

The ROMFS writer here is a second one, so that the builder's (mpremote's) is not compared with itself.
"""

import json
from binascii import crc32, hexlify
from hashlib import sha256

from slots import blocks, head

PRODUCT = "sigen-bridge"
BOARD = "host"
MPY = 6

# path, bytes; the content differs from version to version
FILES = (
    ("main.mpy", 300),
    ("bridge/app.mpy", 5000),
    ("bridge/tasks/leds.mpy", 40),
    ("bridge/tasks/buses.mpy", 4096),
    ("web/status.html.gz", 700),
    ("empty.txt", 0),
)
_BLOCK = 1024


def content_of(version, path, size):
    """Return the content of a file of a version."""
    unit = (version + " " + path + "\n").encode()
    return (unit * (size // len(unit) + 1))[:size]


def stored(block):
    """Return a block as raw deflate without compression: the interpreter cannot compress."""
    size = len(block)
    return b"\x01" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + block


def cuts_of(content):
    """Return where the blocks of an image begin; one that is no ROMFS is one block."""
    try:
        return list(blocks.borders(lambda at, count: content[at : at + count], len(content)))
    except ValueError:
        return [0]


def packed(content, held=(), cuts=None):
    """Return an image as in a bundle. held: beginnings of SHA-256 of the blocks that are left out; cuts: see cuts_of."""
    cuts = (cuts_of(content) if cuts is None else cuts) + [len(content)]
    table = out = b""
    for start, end in zip(cuts, cuts[1:]):
        block, made = content[start:end], b""
        digest = sha256(block).digest()
        for at in range(0, 0 if digest[:8] in held else len(block), _BLOCK):
            piece = stored(block[at : at + _BLOCK])
            made += len(piece).to_bytes(2, "big") + piece
        table += digest[:8] + len(block).to_bytes(3, "big") + len(made).to_bytes(3, "big")
        out += made
    return tabled(table) + out


def tabled(table):
    """Return the rows of a table as a bundle holds them."""
    return (len(table) // blocks.ROW).to_bytes(2, "big") + table + crc32(table).to_bytes(4, "big")


def one_block(image, content):
    """Return an image as one block whose content in the bundle is as given."""
    row = sha256(image).digest()[:8] + len(image).to_bytes(3, "big") + len(content).to_bytes(3, "big")
    return tabled(row) + content


def held_by(content):
    """Return the beginnings of the SHA-256 of the blocks of an image."""
    cuts = cuts_of(content) + [len(content)]
    return [sha256(content[start:end]).digest()[:8] for start, end in zip(cuts, cuts[1:])]


def hex_digest(content):
    """Return the SHA-256 in hex."""
    return hexlify(sha256(content).digest()).decode()


def digest_of(path):
    """Return the SHA-256 of a file in hex, "" if it is not there."""
    try:
        with open(path, "rb") as file:
            return hex_digest(file.read())
    except OSError:
        return ""


def _number(value):
    out = bytes([value & 0x7F])
    while value > 0x7F:
        value >>= 7
        out = bytes([0x80 | value & 0x7F]) + out
    return out


def _row(kind, payload):
    return _number(kind) + _number(len(payload)) + payload


def _folder(tree):
    out = b""
    for name in sorted(tree):
        content = tree[name]
        start = _number(len(name)) + name.encode()
        out += _row(4, start + _folder(content)) if isinstance(content, dict) else _row(5, start + _row(2, content))
    return out


def image_with(files):
    """Return the ROMFS image of {path: content}."""
    tree = {}
    for path in files:
        place = tree
        parts = path.split("/")
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = files[path]
    rows = _folder(tree)
    size = _number(len(rows))
    if (len(size) + len(rows)) % 2 == 0:
        size = b"\x80" + size  # the whole is even
    return b"\xd2\xcd\x31" + size + rows


def image_of(version, files=FILES):
    """Return the image of the tiny bundle; its content tells the version."""
    return image_with({path: content_of(version, path, size) for path, size in files})


def manifest_of(version, image, minimum="0.0.0"):
    """Return the manifest of an image."""
    found = {"product": PRODUCT, "board": BOARD, "version": version, "minimum": minimum, "mpy": MPY}
    found.update({"size": len(image), "sha256": hex_digest(image)})
    return found


def joined(manifest, image, contents=None, signature=b""):
    """Return a bundle from its parts; manifest: dict or bytes; contents: the image as it travels.

    signature: bytes, or a function that makes them of the manifest's.
    """
    raw = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    signature = signature if isinstance(signature, bytes) else signature(raw)
    return head.make(raw, signature, len(image), crc32(image)) + (packed(image) if contents is None else contents)


def bundle(version, files=FILES, minimum="0.0.0", signature=b"", **more):
    """Return a good bundle of a version. more: fields of its manifest."""
    image = image_of(version, files)
    manifest = manifest_of(version, image, minimum)
    manifest.update(more)
    return joined(manifest, image, None, signature)


def slot(version, files=FILES, minimum="0.0.0"):
    """Return a slot as it lies on a device."""
    image = image_of(version, files)
    start = head.make(json.dumps(manifest_of(version, image, minimum)).encode(), b"", len(image), crc32(image))
    return start + b"\xff" * (head.HEAD_BYTES - len(start)) + image
