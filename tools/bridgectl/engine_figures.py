"""Measures the Modbus engine: the firmware's own master in the MicroPython unix port, and others beside it.

`python -m bridgectl.engine_figures [PART ...]` prints JSON lines as bridgectl.figures does. Parts: wire (about three
minutes with the default of eight seconds a run).
"""

import os
import sys

from bridgectl import build
from bridgectl.engine import course, peers
from bridgectl.figures import say

_THINK_MS = (5, 20, 50)
_SECONDS = 8


def wire():
    """The wire's limit over the measured cycle, and what pymodbus and libmodbus make of the same line."""
    others = ["pymodbus"]
    try:
        peers.library()
        others.append("libmodbus")
    except peers.Missing as what:
        if os.environ.get("CI") == "true":
            sys.exit(f"{what} is missing")
        print(f"{what} is not installed: no figures of it", file=sys.stderr)
    for think_ms in _THINK_MS:
        ours = course.run("bridge", think_ms, _SECONDS)
        line = f"paced pseudo-terminal 9600 8N1, slave answers {think_ms} ms after t3.5"
        how = (
            f"least bus time {ours.least_ms:.1f} ms / mean cycle {ours.cycle_ms:.1f} ms (median {ours.median_ms:.1f}), "
        )
        how += f"SDM230 set of 14 values, {ours.cycles} cycles; {line}"
        say(f"wire_efficiency_ts{think_ms}", round(ours.efficiency, 4), "", how)
        for name in others:
            theirs = course.run(name, think_ms, _SECONDS)
            how = f"{name} in the same run; median quiet before a request {theirs.pause_ms:.2f} ms, t3.5 is 3.65 ms"
            say(f"wire_efficiency_ts{think_ms}_{name}", round(theirs.efficiency, 4), "", how)
            ratio = theirs.cycle_ms / ours.cycle_ms
            how = f"cycles of ours in the time of one of {name}, mean; {line}"
            say(f"wire_speed_over_{name}_ts{think_ms}", round(ratio, 3), "", how)


PARTS = {"wire": wire}


def main():
    """Print the figures of the parts named, or of all."""
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        sys.exit(f"engine_figures: no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    build.build("host", quiet=True)
    for part in wanted:
        PARTS[part]()


if __name__ == "__main__":
    main()
