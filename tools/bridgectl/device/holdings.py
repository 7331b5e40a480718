"""Asks a board over USB which blocks its running slot holds, so that only the others travel (lib/slots/blocks.py).

The program that is asked at its prompt brings the rules along: what runs there may be older, and its names are respelled.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from bridgectl import firmware

_ASK = """
import sys, vfs
from hashlib import sha256
def told(root):
    slot = [name for name in ('a', 'b') if '/' + name in sys.path][0]
    ask = getattr(vfs, 'rom_ioctl', None)
    segment = ask(2, 0) if ask and hasattr(vfs, 'VfsRom') else 0
    if isinstance(segment, int) or len(memoryview(segment)) < {least}:
        file = open(root + slot + '.slot', 'rb')
        def look(at, count):
            file.seek(at)
            return file.read(count)
    else:
        start = len(memoryview(segment)) // 2 // 4096 * 4096 if slot == 'b' else 0
        def look(at, count):
            return bytes(memoryview(segment)[start + at : start + at + count])
    def read(at, count):
        return look(4096 + at, count)
    size = int.from_bytes(look(10, 4), 'big')
    walk = borders(read, size)
    start = next(walk)
    while start < size:
        end = next(walk, size)
        digest = sha256()
        for at in range(start, end, 512):
            digest.update(read(at, min(end - at, 512)))
        print('HELD', ''.join(['%02x' % c for c in digest.digest()[:HASH_BYTES]]))
        start = end
told({root!r})
"""
_LEAST_SEGMENT = 2 * 196608  # as in boot.py
_TIMEOUT_S = 120


def program(root="/"):
    """Return the program, as text, that prints what the running slot holds: HELD and a hash on each line."""
    return (firmware.ROOT / "lib" / "slots" / "blocks.py").read_text() + _ASK.format(root=root, least=_LEAST_SEGMENT)


def read(printed):
    """Return the set of hashes in what the program printed; an empty one if it failed on the way."""
    if "Traceback" in printed:
        return set()
    words = [line.split() for line in printed.splitlines()]
    return {bytes.fromhex(row[1]) for row in words if len(row) == 2 and row[0] == "HELD"}


def ask(port, feed):
    """Return the hashes of what the board at a port holds, an empty set if it cannot say. feed: feeds its watchdog."""
    with tempfile.TemporaryDirectory(prefix="bridge-") as folder:
        path = Path(folder) / "ask.py"
        path.write_text(program())
        words = [sys.executable, "-m", "mpremote", "connect", port, "resume", "exec", feed, "+", "run", str(path)]
        try:
            done = subprocess.run(words, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return set()
    return read(done.stdout.decode("utf-8", "replace")) if not done.returncode else set()
