"""Makes a bundle of a built slot, reads one for people, and hands one to a device over USB.

The format and its rules are those of the firmware's own lib/slots: head.py and bundle.py.
"""

import hashlib
import json
import shlex
import subprocess
import sys
import zlib
from pathlib import Path

from bridgectl import firmware
from bridgectl.device import slot

firmware.load()

from slots import bundle as rules  # noqa: E402 (importable only now)
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


def _packed(content):
    out = bytearray()
    for at in range(0, len(content), rules.BLOCK):
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -rules.WINDOW_BITS)
        block = squeeze.compress(content[at : at + rules.BLOCK]) + squeeze.flush()
        out += len(block).to_bytes(2, "big") + block
    return bytes(out)


def read(path):
    """Return the manifest of a bundle with "signature" (bytes of it), "key" (id of the one that made it, "" without),
    "bytes" (of the bundle) and "image" (bytes) added.

    Every sum is checked. Raises BundleError.
    """
    content = Path(path).read_bytes()
    try:
        size, crc, length, signature = heads.lengths(content[: heads.FIXED_BYTES])
        at = heads.FIXED_BYTES + length + signature + heads.SUM_BYTES
        if not heads.whole(content[:at]):
            raise BundleError(f"{path}: its manifest is damaged")
        made = json.loads(content[heads.FIXED_BYTES : heads.FIXED_BYTES + length])
        rules.checked(made, made["product"], made["board"], size)
    except (Refused, ValueError, TypeError, KeyError) as problem:
        raise BundleError(f"{path}: {problem}") from problem
    image, end = _unpacked(content, at, size)
    if hashlib.sha256(image).hexdigest() != made["sha256"] or zlib.crc32(image) != crc:
        raise BundleError(f"{path}: its image is damaged")
    if end != len(content):
        raise BundleError(f"{path}: must end after its image")
    signed_at = heads.FIXED_BYTES + length
    key = content[signed_at : signed_at + _ID_BYTES].hex() if signature else ""
    return {**made, "signature": signature, "key": key, "bytes": len(content), "image": image}


def _unpacked(content, at, size):
    """Return (the image, as far as its blocks are good, and where they end)."""
    image = bytearray()
    while len(image) < size:
        length = int.from_bytes(content[at : at + 2], "big")
        squeezed = zlib.decompressobj(-rules.WINDOW_BITS)
        try:
            block = squeezed.decompress(content[at + 2 : at + 2 + length], rules.BLOCK + 1)
        except zlib.error:
            break
        if len(block) != min(rules.BLOCK, size - len(image)) or not squeezed.eof or squeezed.unused_data:
            break
        image += block
        at += 2 + length
    return bytes(image), at


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
        raise BundleError(why)


def ota(port, path, dry_run=False):
    """Hand a bundle to the device at a serial port; return the command. Raises BundleError."""
    read(path)  # a damaged file is not worth the way
    check_port(port, dry_run)
    command = ota_command(port, path)
    if dry_run:
        print(shlex.join(command))
    elif subprocess.run(command, timeout=600, check=False).returncode:
        raise BundleError(f"mpremote failed at {port}")
    return command


def show(path):
    """Print what a bundle holds."""
    made = read(path)
    signed = f"signed with the key {made['key']}" if made["signature"] else "NOT SIGNED"
    print(f"{made['product']} {made['version']} for {made['board']}, minimum {made['minimum']}, {signed}")
    print(f"an image of {made['size']} bytes, {made['bytes']} as a bundle")
