"""Makes a bundle of a built slot, reads one for people, and hands one to a device over USB.

The format and its rules are those of the firmware's own lib/slots/bundle.py.
"""

import hashlib
import json
import shlex
import subprocess
import sys
import zlib
from pathlib import Path

from bridgectl import firmware

firmware.load()

from slots import bundle as rules  # noqa: E402 (importable only now)

PRODUCT = "sigen-bridge"
UNSIGNED = "THIS RELEASE IS NOT SIGNED. Anyone can make a bundle that a bridge will take; do not hand it out as safe."

# A watchdog that the bridge has started cannot be stopped, and copying may take longer than its 8 s.
# Long names: mpremote itself uses short ones in the same namespace.
_FEED = (
    "import sys; from machine import Timer, WDT; ota_dog = WDT(timeout=8000); "
    "ota_feeder = Timer(-1 if sys.platform == 'rp2' else 0); "
    "ota_feeder.init(mode=Timer.PERIODIC, period=1000, callback=lambda _: ota_dog.feed())"
)
_RENAME = "import os; os.rename('/update.part', '/update.bundle')"


class BundleError(Exception):
    """A bundle cannot be made, read or sent; the text says why."""


def manifest(build_dir, board, version, minimum="0.0.0"):
    """Return (manifest, contents) of a slot: the dict as the device keeps it, and the files' bytes as in a bundle.

    `make flash` writes the manifest as manifest.json beside the files: boot.py starts only a slot that has one.
    """
    folder = Path(build_dir)
    rows, contents = [], []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / rules.MANIFEST):
        content = path.read_bytes()
        packed = _packed(content)
        digest = hashlib.sha256(content).hexdigest()
        rows.append([path.relative_to(folder).as_posix(), len(content), len(packed), digest])
        contents.append(packed)
    made = {"product": PRODUCT, "board": board, "version": version, "minimum": minimum, "files": rows}
    try:
        rules.checked(made, PRODUCT, board)
    except rules.Refused as problem:
        raise BundleError(str(problem)) from problem
    return made, contents


def manifest_bytes(made):
    """Return a manifest as it lies in a bundle and in a slot."""
    return json.dumps(made, separators=(",", ":")).encode()


def _packed(content):
    out = bytearray()
    for at in range(0, len(content), rules.BLOCK):
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -rules.WINDOW_BITS)
        block = squeeze.compress(content[at : at + rules.BLOCK]) + squeeze.flush()
        out += len(block).to_bytes(2, "big") + block
    return bytes(out)


def make(build_dir, board, version, out_path, *, minimum="0.0.0", release=False):
    """Write the bundle of a built slot and return its Path. The same slot always gives the same bytes.

    minimum: no version below it can be installed any more once this one has proved itself.
    release: says loudly on stderr that there is no signature yet. Raises BundleError.
    """
    made, contents = manifest(build_dir, board, version, minimum)
    head = manifest_bytes(made)
    try:
        rules.manifest_length(len(head))
    except rules.Refused as problem:
        raise BundleError(str(problem)) from problem
    signature = b""
    out = Path(out_path)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(
        rules.MAGIC
        + len(head).to_bytes(4, "big")
        + hashlib.sha256(head).digest()
        + head
        + len(signature).to_bytes(2, "big")
        + signature
        + b"".join(contents)
    )
    if release and not signature:
        print("\n".join(("*" * len(UNSIGNED), UNSIGNED, "*" * len(UNSIGNED))), file=sys.stderr)
    return out


def read(path):
    """Return the manifest of a bundle with "signed" and "bytes" added; every hash is checked. Raises BundleError."""
    content = Path(path).read_bytes()
    at = len(rules.MAGIC)
    if content[:at] != rules.MAGIC:
        raise BundleError(f"{path} is no bundle: its first bytes are wrong")
    length = int.from_bytes(content[at : at + 4], "big")
    digest, at = content[at + 4 : at + 4 + rules.DIGEST_BYTES], at + 4 + rules.DIGEST_BYTES
    if hashlib.sha256(content[at : at + length]).digest() != digest:
        raise BundleError(f"{path}: its manifest is damaged")
    try:
        rules.manifest_length(length)
        made = json.loads(content[at : at + length])
        files = rules.checked(made, made["product"], made["board"])
    except (rules.Refused, ValueError, TypeError, KeyError) as problem:
        raise BundleError(f"{path}: {problem}") from problem
    at += length
    signature = int.from_bytes(content[at : at + 2], "big")
    at += 2 + signature
    for name, size, packed, digest in files:
        if _unpacked(content[at : at + packed], size) != digest:
            raise BundleError(f"{path}: {name} is damaged")
        at += packed
    if at != len(content):
        raise BundleError(f"{path}: must end after its last file")
    return {**made, "signed": signature > 0, "bytes": len(content)}


def _unpacked(packed, size):
    """Return the SHA-256 in hex of a file's content, "" if its blocks are rubbish."""
    digest, at = hashlib.sha256(), 0
    while size > 0:
        length = int.from_bytes(packed[at : at + 2], "big")
        squeezed = zlib.decompressobj(-rules.WINDOW_BITS)
        try:
            block = squeezed.decompress(packed[at + 2 : at + 2 + length], rules.BLOCK)
        except zlib.error:
            return ""
        if len(block) != min(size, rules.BLOCK):
            return ""
        digest.update(block)
        size -= len(block)
        at += 2 + length
    return digest.hexdigest() if at == len(packed) else ""


def ota_command(port, path):
    """Return the mpremote command that hands a bundle to the device at a serial port, as a list.

    `resume` keeps mpremote from a soft reset, which would count as a start of the slot. The rename comes last, so the
    bridge never sees half a bundle; it installs the file at its next start, which the reset brings.
    """
    copy = ["fs", "cp", str(path), ":/update.part"]
    words = [sys.executable, "-m", "mpremote", "connect", port, "resume"]
    return [*words, "exec", _FEED, "+", *copy, "+", "exec", _RENAME, "+", "reset"]


def ota(port, path, dry_run=False):
    """Hand a bundle to the device at a serial port; return the command. Raises BundleError."""
    read(path)  # a damaged file is not worth the way
    command = ota_command(port, path)
    if dry_run:
        print(shlex.join(command))
    elif subprocess.run(command, timeout=600, check=False).returncode:
        raise BundleError(f"mpremote failed at {port}")
    return command


def show(path):
    """Print what a bundle holds."""
    made = read(path)
    signed = "signed" if made["signed"] else "NOT SIGNED"
    print(f"{made['product']} {made['version']} for {made['board']}, minimum {made['minimum']}, {signed}")
    print(f"{len(made['files'])} files, {sum(row[1] for row in made['files'])} bytes, {made['bytes']} as a bundle")
