"""Puts the bridge onto a board that runs MicroPython: the built slot as /a, boot.py and main.py, by mpremote.

One call of mpremote does it all, so that the board is not started in between. Order: what is running is never touched
before the chip is known to be the right one; /a counts as complete only when its manifest, the last file, is there;
only then are the records removed that may name slot /b. Settings and identity in /data stay.
"""

import os
import shlex
import subprocess
import sys

from bridgectl import firmware
from bridgectl.device import build, bundle, pack, which_board

firmware.load()
from known import BOARDS as _ROWS  # noqa: E402

_TIMERS = {"esp32": 0, "rp2": -1}  # number of one that is free, by sys.platform
BOARDS = {name: (port, _TIMERS[port]) for name, shared, port, *_ in _ROWS if shared}
_OLDEST = (1, 27)
_TIMEOUT_S = 900

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
top = os.listdir('/')
if 'a' in top:
    if 'manifest.json' in os.listdir('/a'):
        os.remove('/a/manifest.json')
    clear('/a')
if 'data' not in top:
    os.mkdir('/data')
"""
_CHOOSE = "import os; [os.remove('/' + n) for n in ('slot_state', 'slot_boots') if n in os.listdir('/')]"


class FlashError(Exception):
    """A board cannot be flashed; the text says why and what to do."""


def command(port, board, slot, manifest):
    """Return the mpremote command as a list. slot: folder of the built slot; manifest: path of its manifest."""
    platform, timer = BOARDS[board]
    steps = [
        ["connect", port],
        ["exec", _CHECK.format(platform=platform, oldest=_OLDEST)],
        ["exec", which_board.check(board)],
        ["exec", _FEED.format(timer=timer)],
        ["exec", _CLEAR],
        ["fs", "cp", "-r", str(slot), ":/a"],
        ["fs", "cp", str(build.ROOT / "firmware" / "main.py"), ":/main.py"],
        ["fs", "cp", str(build.ROOT / "firmware" / "boot.py"), ":/boot.py"],
        ["fs", "cp", str(manifest), ":/a/manifest.json"],
        ["exec", _CHOOSE],
        ["reset"],
    ]
    words = [sys.executable, "-m", "mpremote", *steps[0]]
    for n, step in enumerate(steps[1:]):
        words += (["+"] if n else []) + step
    return words


def flash(port, board, dry_run=False):
    """Build the slot and copy it to the board at `port`; return the command. With dry_run the command is only printed.

    Raises FlashError, build.BuildError or bundle.BundleError.
    """
    if board not in BOARDS:
        raise FlashError(f"board {board!r} cannot be flashed; known: {', '.join(BOARDS)}")
    slot = pack.packed(board)
    made, _ = bundle.manifest(slot, board, build.version())
    manifest = build.ROOT / "build" / f"manifest-{board}.json"
    content = bundle.manifest_bytes(made)
    if not manifest.exists() or manifest.read_bytes() != content:
        manifest.write_bytes(content)
    words = command(port, board, slot, manifest)
    if dry_run:
        print(shlex.join(words))
        return words
    if os.name == "posix" and not os.access(port, os.R_OK | os.W_OK):
        from bridgectl.bench import port as ports

        missing = not os.path.exists(port)
        raise FlashError(ports.explain(port, 2 if missing else 13, ""))
    print(f"Copying {len(made['files'])} files, {build.device_bytes(board)} bytes of .mpy, to {port}.", flush=True)
    try:
        code = subprocess.run(words, timeout=_TIMEOUT_S, check=False).returncode
    except subprocess.TimeoutExpired:
        code = None
    if code:
        raise FlashError(
            f"mpremote failed at {port}; it says why above. Nothing was started from slot /a: run the command again. "
            f"Is MicroPython {_OLDEST[0]}.{_OLDEST[1]} or later on the board, and no other program at the port?"
        )
    if code is None:
        raise FlashError(f"the board at {port} did not finish in {_TIMEOUT_S} s: press its reset button and try again")
    return words
