"""Bundles of a few small files, made on the interpreter itself; a mutable parts list lets tests break any part."""

import json
from binascii import hexlify
from hashlib import sha256

PRODUCT = "sigen-bridge"
BOARD = "host"

# path, bytes; the content differs from version to version
FILES = (
    ("main.mpy", 300),
    ("bridge/app.mpy", 5000),
    ("bridge/tasks/leds.mpy", 40),
    ("bridge/tasks/buses.mpy", 4096),
    ("web/status.html.gz", 700),
    ("empty.txt", 0),
)
_BLOCK = 4096


def content_of(version, path, size):
    """Return the content of a file of a version."""
    unit = (version + " " + path + "\n").encode()
    return (unit * (size // len(unit) + 1))[:size]


def stored(block):
    """Return a block as raw deflate without compression: the interpreter cannot compress."""
    size = len(block)
    return b"\x01" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + block


def packed(content):
    """Return a file's content as in a bundle."""
    out = b""
    for at in range(0, len(content), _BLOCK):
        block = stored(content[at : at + _BLOCK])
        out += len(block).to_bytes(2, "big") + block
    return out


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


def manifest_of(version, files=FILES, minimum="0.0.0"):
    """Return the manifest of the tiny bundle."""
    rows = []
    for path, size in files:
        content = content_of(version, path, size)
        rows.append([path, size, len(packed(content)), hex_digest(content)])
    return {"product": PRODUCT, "board": BOARD, "version": version, "minimum": minimum, "files": rows}


def joined(manifest, contents, signature=b"", magic=b"\x89SLOT1\r\n"):
    """Return a bundle from its parts; manifest: dict or bytes."""
    raw = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    head = magic + len(raw).to_bytes(4, "big") + sha256(raw).digest() + raw
    return head + len(signature).to_bytes(2, "big") + signature + contents


def contents_of(version, files=FILES):
    """Return all files' packed content."""
    return b"".join([packed(content_of(version, path, size)) for path, size in files])


def bundle(version, files=FILES, minimum="0.0.0", signature=b""):
    """Return a good bundle of a version."""
    return joined(manifest_of(version, files, minimum), contents_of(version, files), signature)
