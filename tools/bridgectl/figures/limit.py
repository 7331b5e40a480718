"""Measures what becomes of a limit at plants as they are: the whole bridge on the virtual clock of the unix port.

`python -m bridgectl.figures.limit [SECONDS [PHASES]]`: an hour at each odd plant, and 2 of the 40 phases of all 240
changes between two combinations of contacts, because all 40 take a quarter of an hour.
"""

import json
import subprocess
import sys

from bridgectl import firmware
from bridgectl.device import build
from bridgectl.figures.say import say

sys.path.append(str(firmware.ROOT / "host_tests" / "rigs"))

from interpreter import UNIX, micropython, unix_environment

_HOUR_S, _PHASES, _ALL_PHASES = 3600, 2, 40
_TIMEOUT_S = 3600
# function of limit_hours.py | what the plant does
_ODD = (
    ("rounds", "rounds 3606 W to 3610 W"),
    ("restarts", "restarts for 1.5 s every minute"),
    ("busy", "answers one request in ten with exception 4"),
)


def _told(function, amount):
    command = [micropython(), "-X", "heapsize=4m", str(UNIX / "runner.py"), str(UNIX / "limit_hours.py"), function]
    command += ["virtual", str(amount)]
    done = subprocess.run(
        command,
        env=unix_environment(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        cwd=firmware.ROOT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"limit: {function} failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    """Print the figures."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else _HOUR_S
    phases = int(sys.argv[2]) if len(sys.argv) > 2 else _PHASES
    for board in ("host", "rp2040"):
        build.build(board, quiet=True, everything=True)
    span = f"whole bridge on the mocked rp2040, virtual time, {seconds} s"
    back = _told("takes_back", seconds)
    say("limit_held_share", round(back["held"], 3), "", f"{span}; a plant that takes 0 W back 8 s after each write")
    odd = {what: _told(function, seconds) for function, what in _ODD}
    how = "; ".join(f"{what}: {told['held']:.3f}" for what, told in odd.items())
    say("limit_held_share_odd", round(min(told["held"] for told in odd.values()), 3), "", f"{span}; least of: {how}")
    lies = [back["lie_ms"], *(told["lie_ms"] for told in odd.values())]
    say(
        "limit_lie_ms_max", max(lies), "ms", f"{span}; longest time shown as held and not held, at each of these plants"
    )
    clamped = _told("clamps", seconds)
    how = f"{span}; a plant that takes nothing less than 5000 W is commanded 3600 W; shown as {clamped['state']}"
    say("writes_per_hour_clamped", round(clamped["writes"]), "", how)
    told = _told("transitions", phases)
    sample = f"{phases} of {_ALL_PHASES} phases, {told['transitions']} changes of contacts, relays 100 ms apart"
    say(
        "stale_commands",
        told["stale"],
        "",
        f"writes of another value than asked for, 120 ms after the last edge; {sample}",
    )
    how = f"settled edge, or end of the hold time, to the plant's answer; {sample}"
    say("edge_to_write_ms_max", told["edge_to_write_ms"], "ms", how)
    say("plant_period_ms_min", told["shortest_period_ms"], "ms", f"start to start as the plant sees it; {sample}")


if __name__ == "__main__":
    main()
