"""Runs a rig of host_tests/rigs/unix under the MicroPython unix port and takes the JSON that it prints last."""

import json
import subprocess
import sys

from bridgectl import firmware
from bridgectl.device import build

sys.path.append(str(firmware.ROOT / "host_tests" / "rigs"))

from interpreter import UNIX, micropython, unix_environment

_TIMEOUT_S = 600


def told(rig, function, clock="real"):
    """Return what `function` of a rig prints, as a dict; the program ends if it fails. clock: real or virtual."""
    build.build("host", quiet=True, everything=True)
    done = subprocess.run(
        [micropython(), "-X", "heapsize=8m", str(UNIX / "runner.py"), str(UNIX / rig), function, clock],
        env=unix_environment(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        cwd=firmware.ROOT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{rig}: failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
