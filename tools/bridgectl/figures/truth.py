"""Measures whether what is shown is so: values of odd devices, and what a gateway's clients get from a healthy plant.

`python -m bridgectl.figures.truth [SECONDS]`: ten minutes at each, the whole bridge on the virtual clock of the unix port.
"""

import json
import subprocess
import sys

from bridgectl import firmware
from bridgectl.device import build
from bridgectl.figures.say import say

sys.path.append(str(firmware.ROOT / "host_tests" / "rigs"))

from interpreter import UNIX, micropython, unix_environment

_SPAN_S = 600
_TIMEOUT_S = 3600


def _told(function, seconds):
    command = [micropython(), "-X", "heapsize=8m", str(UNIX / "runner.py"), str(UNIX / "truth_hours.py"), function]
    done = subprocess.run(
        [*command, "virtual", str(seconds)],
        env=unix_environment(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        cwd=firmware.ROOT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"truth: {function} failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    """Print the figures."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else _SPAN_S
    for board in ("host", "rp2040"):
        build.build(board, quiet=True, everything=True)
    span = f"whole bridge on the mocked rp2040, virtual time, {seconds} s each after the first minute"
    odd = _told("readings", seconds)
    how = "; ".join(f"{name}: {share:.3f}" for name, share in odd["shares"].items())
    figure = round(min(odd["shares"].values()), 3)
    say("readings_good_share", figure, "", f"{span}; good values of those that a device has, the least of: {how}")
    say("reads_starved", sum(odd["starved"].values()), "", f"{span}; values that were not good for a minute")
    served = _told("gateway", seconds)
    waits = "; ".join(f"{clients}: {ms} ms" for clients, ms in served["longest_ms"].items())
    how = (
        f"of {served['replies']} answers to clients in turn at the plant's port, default settings; longest wait {waits}"
    )
    say("gateway_exceptions", served["exceptions"], "", how)


if __name__ == "__main__":
    main()
