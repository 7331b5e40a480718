"""Makes a bundle of a built slot, reads one for people, and hands one to a device over USB.

The format and its rules are those of the firmware's own lib/slots: head.py and bundle.py.
"""

import hashlib
import json
import shlex
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from bridgectl import firmware
from bridgectl.device import holdings, slot

firmware.load()

from slots import blocks as cutting  # noqa: E402 (importable only now)
from slots import bundle as rules  # noqa: E402
from slots import head as heads  # noqa: E402
from slots.version import Refused  # noqa: E402

PRODUCT = slot.PRODUCT
UNSIGNED = "THIS RELEASE IS NOT SIGNED. A bridge that has keys refuses it; sign it with --key NAME."

# A watchdog that the bridge has started cannot be stopped, and copying may take longer than its 8 s.
# Long names: mpremote itself uses short ones in the same namespace.
_FEED = (
    "import sys; from machine import Timer, WDT; ota_dog = WDT(timeout=8000); "
    "ota_feeder = Timer(-1 if sys.platform == 'rp2' else 0); "
    "ota_feeder.init(mode=Timer.PERIODIC, period=1000, callback=lambda _: ota_dog.feed())"
)
_SUM_BYTES = 4
_ID_BYTES = 8  # of a key, in front of the signature
_RENAME = "import os; os.rename('/update.part', '/update.bundle')"


class BundleError(Exception):
    """A bundle cannot be made, read or sent; the text says why."""


def make(build_dir, board, version, out_path, *, minimum="0.0.0", release=False, sign=None, keys=None):
    """Write the bundle of a built slot and return its Path. The same slot and key always give the same bytes.

    minimum: no version below it can be installed any more once this one has proved itself.
    sign: makes the signature of a manifest (signing.signer). release: the bundle is for everybody, and what runs from it
    does not believe the development key; without `sign` that is said loudly on stderr. keys: see signing.changes.
    Raises BundleError.
    """
    try:
        content = slot.image(build_dir)
        head = slot.head(build_dir, content, board, version, minimum, sign=sign, release=release, keys=keys)
    except slot.SlotError as problem:
        raise BundleError(str(problem)) from problem
    out = Path(out_path)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(head + _packed(content))
    if release and not sign:
        print("\n".join(("*" * len(UNSIGNED), UNSIGNED, "*" * len(UNSIGNED))), file=sys.stderr)
    return out


def _packed(content, held=()):
    """Return the table and the content of an image's blocks; of those whose hash is in `held` no content."""
    cuts = [*cutting.borders(lambda at, count: content[at : at + count], len(content)), len(content)]
    table, out = bytearray(), bytearray()
    for start, end in zip(cuts, cuts[1:]):
        block = content[start:end]
        digest = hashlib.sha256(block).digest()
        made = b"" if digest[: cutting.HASH_BYTES] in held else squeezed(block)
        table += cutting.row_of(digest, len(block), len(made))
        out += made
    return len(cuts[1:]).to_bytes(2, "big") + table + zlib.crc32(table).to_bytes(_SUM_BYTES, "big") + out


def squeezed(block):
    """Return a block as a bundle holds it."""
    out = bytearray()
    for at in range(0, len(block), rules.BLOCK):
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -rules.WINDOW_BITS)
        piece = squeeze.compress(block[at : at + rules.BLOCK]) + squeeze.flush()
        out += len(piece).to_bytes(2, "big") + piece
    return bytes(out)


def read(path):
    """Return the manifest of a bundle with "signature" (bytes of it), "key" (id of the one that made it, "" without),
    "bytes" (of the bundle), "image" (bytes: what is there of it) and "left_out" (bytes that are not there) added.

    Every sum is checked that can be. Raises BundleError.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise BundleError(f"there is no file {path}") from None
    except OSError as problem:
        raise BundleError(f"{path}: cannot be read: {problem.strerror}") from None
    try:
        size, crc, length, signature = heads.lengths(content[: heads.FIXED_BYTES])
        at = heads.FIXED_BYTES + length + signature + heads.SUM_BYTES
        if not heads.whole(content[:at]):
            raise BundleError(f"{path}: its manifest is damaged")
        made = json.loads(content[heads.FIXED_BYTES : heads.FIXED_BYTES + length])
        rules.checked(made, made["product"], made["board"], size)
    except (Refused, ValueError, TypeError, KeyError) as problem:
        raise BundleError(f"{path}: {problem}") from problem
    blocks, end = _blocks(content, at, size, path)
    image = b"".join(block for _, block in blocks)
    left_out = size - len(image)
    if not left_out and (hashlib.sha256(image).hexdigest() != made["sha256"] or zlib.crc32(image) != crc):
        raise BundleError(f"{path}: its image is damaged")
    if end != len(content):
        raise BundleError(f"{path}: must end after its image")
    signed_at = heads.FIXED_BYTES + length
    key = content[signed_at : signed_at + _ID_BYTES].hex() if signature else ""
    return {**made, "signature": signature, "key": key, "bytes": len(content), "image": image, "left_out": left_out}


def _blocks(content, at, size, path):
    """Return ([(beginning of its SHA-256, block or b"" if it is left out)], where they end). Raises BundleError."""
    count = int.from_bytes(content[at : at + 2], "big")
    table = content[at + 2 : at + 2 + count * cutting.ROW]
    at += 2 + len(table) + _SUM_BYTES
    sums = int.from_bytes(content[at - _SUM_BYTES : at], "big")
    if len(table) != count * cutting.ROW or sums != zlib.crc32(table) or cutting.fault(table, size):
        raise BundleError(f"{path}: its table is damaged")
    found = []
    for n in range(count):
        length, packed = cutting.lengths(table, n)
        name = table[n * cutting.ROW :][: cutting.HASH_BYTES]
        block = _opened(content[at : at + packed], length)
        if packed and hashlib.sha256(block).digest()[: cutting.HASH_BYTES] != name:
            raise BundleError(f"{path}: its image is damaged")
        found.append((name, block))
        at += packed
    return found, at


def _opened(packed, size):
    """Return a block, as far as its pieces are good."""
    block = bytearray()
    at = 0
    while at < len(packed):
        length = int.from_bytes(packed[at : at + 2], "big")
        squeezed = zlib.decompressobj(-rules.WINDOW_BITS)
        try:
            piece = squeezed.decompress(packed[at + 2 : at + 2 + length], rules.BLOCK + 1)
        except zlib.error:
            break
        if len(piece) != min(rules.BLOCK, size - len(block)) or not squeezed.eof or squeezed.unused_data:
            break
        block += piece
        at += 2 + length
    return bytes(block)


def held_by(path):
    """Return the hashes of the blocks that a device holds which runs the version of a whole bundle. Raises BundleError."""
    return set(hashes(read(path)["image"]))


def hashes(image):
    """Return the beginning of the SHA-256 of each block of an image."""
    cuts = [*cutting.borders(lambda at, count: image[at : at + count], len(image)), len(image)]
    return [hashlib.sha256(image[a:b]).digest()[: cutting.HASH_BYTES] for a, b in zip(cuts, cuts[1:])]


def thin(path, held, out_path):
    """Write the bundle at path without the blocks whose hashes are in `held`; return its Path. Raises BundleError.

    The head stays as it is, and so does its signature: it is that of the whole image.
    """
    made = read(path)
    if made["left_out"]:
        raise BundleError(f"{path}: parts of it are left out already")
    content = Path(path).read_bytes()
    _, _, length, signature = heads.lengths(content[: heads.FIXED_BYTES])
    head = content[: heads.FIXED_BYTES + length + signature + heads.SUM_BYTES]
    out = Path(out_path)
    out.write_bytes(head + _packed(made["image"], held))
    return out


def ota_command(port, path):
    """Return the mpremote command that hands a bundle to the device at a serial port, as a list.

    `resume` keeps mpremote from a soft reset, which would count as a start of the slot. The rename comes last, so the
    bridge never sees half a bundle; it installs the file at its next start, which the reset brings.
    """
    copy = ["fs", "cp", str(path), ":/update.part"]
    words = [sys.executable, "-m", "mpremote", "connect", port, "resume"]
    return [*words, "exec", _FEED, "+", *copy, "+", "exec", _RENAME, "+", "reset"]


def check_port(port, dry_run=False):
    """Raise BundleError if the port cannot be used, as far as a look tells; a dry run needs none."""
    from bridgectl.bench import port as ports

    why = "" if dry_run else ports.refusal(port)
    if why:
        raise ports.PortError(why)


def ota(port, path, dry_run=False):
    """Hand a bundle to the device at a serial port, without what it holds; return the command. Raises BundleError."""
    made = read(path)  # a damaged file is not worth the way
    check_port(port, dry_run)
    if dry_run:
        command = ota_command(port, path)
        print(shlex.join(command))
        return command
    with tempfile.TemporaryDirectory(prefix="bridge-") as folder:
        held = set() if made["left_out"] else holdings.ask(port, _FEED)
        if held:
            path = thin(path, held, Path(folder) / "thin.bundle")
            print(f"{path.stat().st_size} of {made['bytes']} bytes travel; the board holds the rest.", flush=True)
        command = ota_command(port, path)
        if subprocess.run(command, timeout=600, check=False).returncode:
            raise BundleError(f"mpremote failed at {port}")
    return command


def show(path):
    """Print what a bundle holds."""
    made = read(path)
    signed = f"signed with the key {made['key']}" if made["signature"] else "NOT SIGNED"
    print(f"{made['product']} {made['version']} for {made['board']}, minimum {made['minimum']}, {signed}")
    less = f"; {made['left_out']} bytes are left out, the device has to hold them" if made["left_out"] else ""
    print(f"an image of {made['size']} bytes, {made['bytes']} as a bundle{less}")
