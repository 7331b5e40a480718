"""Puts the bridge onto a board that runs MicroPython: the built slot as slot a, and the files beside it, by mpremote.

One call of mpremote does it all, so that the board is not started in between. Order: nothing is touched before the chip is
known to be the right one; slot a is complete only when it has arrived whole, as a file or, where the image of MicroPython
has the room, in its half of the ROMFS segment; only then are the records removed that may name slot b. Settings and
identity in /data stay.
"""

import shlex
import subprocess
import sys
from binascii import crc32
from pathlib import Path

from bridgectl import firmware
from bridgectl.device import beside, slot, which_board

firmware.load()
from known import BOARDS as _ROWS  # noqa: E402

_TIMERS = {"esp32": 0, "rp2": -1}  # number of one that is free, by sys.platform
BOARDS = {name: (port, _TIMERS[port]) for name, shared, port, *_ in _ROWS if shared}
_OLDEST = (1, 27)
_TIMEOUT_S = 900
_BLOCK = 4096

_CHECK = (
    "import sys; i = sys.implementation; "
    "assert sys.platform == {platform!r}, 'this board is ' + sys.platform + ', not {platform}'; "
    "assert i.version[:2] >= {oldest!r}, 'MicroPython is too old'"
)
# A watchdog that the bridge has started cannot be stopped, and copying takes longer than its 8 s. The names are long
# because mpremote uses short ones, such as w, for itself.
_FEED = (
    "from machine import Timer, WDT; flash_dog = WDT(timeout=8000); flash_feeder = Timer({timer}); "
    "flash_feeder.init(mode=Timer.PERIODIC, period=1000, callback=lambda _: flash_dog.feed())"
)
_CLEAR = """\
import os
def clear(p):
    for row in list(os.ilistdir(p)):
        (clear if row[1] & 0x4000 else os.remove)(p + '/' + row[0])
    os.rmdir(p)
for name in os.listdir('/'):
    if name in ('a', 'b'):
        clear('/' + name)
    elif name in ('a.slot', 'a.new', 'b.new'):
        os.remove('/' + name)
if 'data' not in os.listdir('/'):
    os.mkdir('/data')
"""
# The slot has come as a file. Rom: its half is erased first and its head written last, as boot.py wants it.
_SETTLE = """\
import os, vfs
from binascii import crc32
buffer = bytearray(4096)
whole = open('/a.new', 'rb')
crc = 0
count = whole.readinto(buffer)
while count:
    crc = crc32(memoryview(buffer)[:count], crc)
    count = whole.readinto(buffer)
assert crc == {crc}, 'the slot did not arrive whole'
ask = getattr(vfs, 'rom_ioctl', None)
segment = ask(2, 0) if ask and hasattr(vfs, 'VfsRom') else 0
if isinstance(segment, int) or len(memoryview(segment)) < {least}:
    whole.close()
    os.rename('/a.new', '/a.slot')
else:
    def put(block):
        whole.seek(4096 * block)
        count = whole.readinto(buffer)
        for i in range(count, 4096):
            buffer[i] = 255
        segment.ioctl(6, block)
        segment.writeblocks(block, buffer, 0)
    segment.ioctl(6, 0)
    for block in range(1, {blocks}):
        put(block)
    put(0)
    whole.close()
    os.remove('/a.new')
for name in ('/slot_state', '/data/slot_state', '/slot_boots'):
    try:
        os.remove(name)
    except OSError:
        pass
"""
_LEAST_SEGMENT = 2 * 196608  # as in boot.py


class FlashError(Exception):
    """A board cannot be flashed; the text says why and what to do."""


def command(port, board, path):
    """Return the mpremote command as a list. path: of the slot as a file, see slot.blob."""
    platform, timer = BOARDS[board]
    content = Path(path).read_bytes()
    blocks = -(-len(content) // _BLOCK)
    steps = [
        ["connect", port],
        ["exec", _CHECK.format(platform=platform, oldest=_OLDEST)],
        ["exec", which_board.check(board)],
        ["exec", _FEED.format(timer=timer)],
        ["exec", _CLEAR],
        ["fs", "cp", str(path), ":/a.new"],
        *(["fs", "cp", str(beside.folder(board) / name), f":/{name}"] for name in beside.NAMES),
        ["exec", _SETTLE.format(crc=crc32(content), blocks=blocks, least=_LEAST_SEGMENT)],
        ["reset"],
    ]
    words = [sys.executable, "-m", "mpremote", *steps[0]]
    for n, step in enumerate(steps[1:]):
        words += (["+"] if n else []) + step
    return words


def flash(port, board, dry_run=False):
    """Build the slot and copy it to the board at `port`; return the command. With dry_run the command is only printed.

    Raises FlashError, build.BuildError or slot.SlotError.
    """
    if board not in BOARDS:
        raise FlashError(f"board {board!r} cannot be flashed; known: {', '.join(BOARDS)}")
    from bridgectl.bench import port as ports

    why = "" if dry_run else ports.refusal(port)
    if why:
        raise ports.PortError(why)
    content = slot.built(board)
    path = firmware.BUILD / f"{board}.slot"
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
    words = command(port, board, path)
    if dry_run:
        print(shlex.join(words))
        return words
    print(f"Copying a slot of {len(content)} bytes to {port}.", flush=True)
    try:
        code = subprocess.run(words, timeout=_TIMEOUT_S, check=False).returncode
    except subprocess.TimeoutExpired:
        code = None
    if code:
        raise FlashError(
            f"mpremote failed at {port}; it says why above. Nothing was started from slot a: run the command again. "
            f"Is MicroPython {_OLDEST[0]}.{_OLDEST[1]} or later on the board, and no other program at the port?"
        )
    if code is None:
        raise FlashError(f"the board at {port} did not finish in {_TIMEOUT_S} s: press its reset button and try again")
    return words
