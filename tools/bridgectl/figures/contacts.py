"""Counts the combinations of contacts, and the changes between two, that every table was walked through as its source says.

`python -m bridgectl.figures.contacts`. The tables are written out in host_tests/rigs/unix/contact_walk.py.
"""

import json
import subprocess
import sys

from bridgectl import firmware
from bridgectl.device import build
from bridgectl.figures.say import say

sys.path.append(str(firmware.ROOT / "host_tests" / "rigs"))

from interpreter import UNIX, micropython, unix_environment

_TIMEOUT_S = 600


def main():
    """Print the figures."""
    build.build("host", quiet=True, everything=True)
    rig = [str(UNIX / "runner.py"), str(UNIX / "contact_walk.py"), "covered", "real"]
    done = subprocess.run(
        [micropython(), "-X", "heapsize=4m", *rig],
        env=unix_environment(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        cwd=firmware.ROOT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"contacts: failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    how = f"in each of {told['tables']} tables as its source says, contacts that bounce, relays 100 ms apart"
    say("contact_states_covered", told["states"], "", how)
    say("contact_transitions_covered", told["transitions"], "", how)


if __name__ == "__main__":
    main()
