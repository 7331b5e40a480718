"""Cuts the power at every flash operation of records, journal, installations and slot changes, and counts.

`python -m bridgectl.figures.cuts [PAIRS]` prints the figures cut_points, cut_pairs, third_states, dead_boards,
boot_faults_tried and boot_faults_survived, one JSON object a line. PAIRS: about so many second cuts.
"""

import concurrent.futures
import json
import os
import subprocess
import sys

from bridgectl.device import build
from bridgectl.figures.say import say

_TIMEOUT_S = 6000
_SHARES = 5  # processes, one after the other on each core: every so many-th scenario
_FEW = 3000  # pairs in `make figures`


def rig(name):
    """Return what a rig of host_tests/rigs/unix tells on the unix port: its last line, JSON."""
    build.build("host", quiet=True, everything=True)
    return _told(name)


def _told(name, *words):
    tests = build.ROOT / "host_tests"
    path = [tests / "rigs" / "unix", tests / "mocks", build.ROOT / "build" / "all" / "host"]
    done = subprocess.run(
        [build.micropython(), "-X", "heapsize=20m", str(tests / "rigs" / "unix" / name), *map(str, words)],
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


def count(pairs=0):
    """Return {"cut_points", "cut_pairs", "third_states", "dead_boards", "breaches", "scenarios"} of all scenarios."""
    build.build("host", quiet=True, everything=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        shares = list(pool.map(lambda share: _told("cut_scenarios.py", pairs, share, _SHARES), range(_SHARES)))
    total = {
        name: sum((share[name] for share in shares[1:]), shares[0][name]) for name in shares[0] if name != "scenarios"
    }
    total["scenarios"] = {name: points for share in shares for name, points in share["scenarios"].items()}
    return total


def boot_faults():
    """Return {"tried", "survived", "lost"}: single read errors and flipped bits in what a start reads, both carriers."""
    return rig("boot_faults.py")


def main(pairs=_FEW):
    """Print the figures; exit with 1 if there is a third state or a dead board."""
    found = count(int(pairs))
    how = "littlefs on a simulated NOR flash, cut at every program and erase, torn in every way: " + ", ".join(
        f"{name} {points}" for name, points in sorted(found["scenarios"].items())
    )
    say("cut_points", found["cut_points"], "cuts", how)
    say(
        "cut_pairs",
        found["cut_pairs"],
        "pairs",
        "a second cut while what the first one left is read, mended and done again",
    )
    how = "states after a cut that are neither old nor new" + "".join(f"; {x}" for x in found["third_states"][:5])
    say("third_states", len(found["third_states"]), "states", how)
    how = "no slot starts, or no file system is left" + "".join(f"; {x}" for x in found["dead_boards"][:5])
    say("dead_boards", len(found["dead_boards"]), "boards", how)
    faults = boot_faults()
    how = "starts with one failed read, or one flipped bit in a block that boot.py reads, both carriers"
    say("boot_faults_tried", faults["tried"], "faults", how)
    how = "a whole version not below the floor starts" + "".join(f"; lost: {x}" for x in faults["lost"][:5])
    say("boot_faults_survived", faults["survived"], "faults", how)
    sys.exit(1 if found["third_states"] or found["dead_boards"] or found["breaches"] else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
