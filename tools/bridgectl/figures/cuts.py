"""Cuts the power at every flash operation of records, installations and slot changes, and counts.

`python -m bridgectl.figures.cuts` prints the figures cut_points, third_states, boot_faults_tried and boot_faults_survived,
one JSON object a line.
"""

import json
import os
import subprocess
import sys

from bridgectl.device import build

_TIMEOUT_S = 600


def rig(name):
    """Return what a rig of host_tests/rigs/unix tells on the unix port: its last line, JSON."""
    build.build("host", quiet=True, everything=True)
    tests = build.ROOT / "host_tests"
    path = [tests / "rigs" / "unix", tests / "mocks", build.ROOT / "build" / "all" / "host"]
    done = subprocess.run(
        [build.micropython(), "-X", "heapsize=16m", str(tests / "rigs" / "unix" / name)],
        env={**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"])},
        cwd=build.ROOT,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name} failed\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def count():
    """Return {"cut_points", "third_states", "breaches", "scenarios"}: every cut of every scenario, both carriers."""
    return rig("cut_scenarios.py")


def boot_faults():
    """Return {"tried", "survived", "lost"}: single read errors and flipped bits in what a start reads, both carriers."""
    return rig("boot_faults.py")


def main():
    """Print the figures; exit with 1 if there is a third state."""
    found = count()
    how = "littlefs on a simulated NOR flash, cut at every program and erase: " + ", ".join(
        f"{name} {points}" for name, points in sorted(found["scenarios"].items())
    )
    print(json.dumps({"figure": "cut_points", "value": found["cut_points"], "unit": "cuts", "how": how}))
    how = "states after a cut that are neither old nor new" + "".join(f"; {x}" for x in found["third_states"][:5])
    print(json.dumps({"figure": "third_states", "value": len(found["third_states"]), "unit": "states", "how": how}))
    faults = boot_faults()
    how = "starts with one failed read, or one flipped bit in a block that boot.py reads, both carriers"
    print(json.dumps({"figure": "boot_faults_tried", "value": faults["tried"], "unit": "faults", "how": how}))
    how = "a whole version not below the floor starts" + "".join(f"; lost: {x}" for x in faults["lost"][:5])
    print(json.dumps({"figure": "boot_faults_survived", "value": faults["survived"], "unit": "faults", "how": how}))
    sys.exit(1 if found["third_states"] or found["breaches"] else 0)


if __name__ == "__main__":
    main()
