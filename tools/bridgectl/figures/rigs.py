"""What the rigs of the tests tell under the MicroPython unix port: figures run the same code that the tests run."""

import concurrent.futures
import json
import os
import subprocess
import sys

from bridgectl import firmware
from bridgectl.device import build

sys.path.append(str(firmware.ROOT / "host_tests" / "rigs"))

from interpreter import UNIX, micropython, unix_environment

_TIMEOUT_S = 3600


def made(*boards):
    """Build what the rigs run: the modules of these boards, and of the host."""
    for board in ("host", *boards):
        build.build(board, quiet=True, everything=True)


def told(rig, function, *arguments, clock="virtual", heap="8m"):
    """Return what a function of a file in host_tests/rigs/unix prints last, JSON. Ends the program if it fails.

    clock: "virtual" or "real"; arguments: its own, from sys.argv[4] on.
    """
    command = [micropython(), "-X", f"heapsize={heap}", str(UNIX / "runner.py"), str(UNIX / rig), function, clock]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        env=unix_environment(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        cwd=firmware.ROOT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{rig}: {function} failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def each_told(rig, function, arguments):
    """Return what the function tells with each of the arguments, in their order; on all cores."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda argument: told(rig, function, argument), arguments))
