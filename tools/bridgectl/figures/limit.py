"""Measures what becomes of a limit at plants as they are: the whole bridge on the virtual clock of the unix port.

`python -m bridgectl.figures.limit [SECONDS [PHASES]]`: an hour at each odd plant, and all 240 changes between two
combinations of contacts, in 40 phases of the polls each.
"""

import sys

from bridgectl.figures import rigs
from bridgectl.figures.say import say

_RIG = "limit_hours.py"
_HOUR_S, _PHASES = 3600, 40
# function of the rig | what the plant does
_ODD = (
    ("rounds", "rounds 3606 W to 3610 W"),
    ("restarts", "restarts for 1.5 s every minute"),
    ("busy", "answers one request in ten with exception 4"),
)


def main():
    """Print the figures."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else _HOUR_S
    phases = int(sys.argv[2]) if len(sys.argv) > 2 else _PHASES
    rigs.made("rp2040")
    span = f"whole bridge on the mocked rp2040, virtual time, {seconds} s"
    back = rigs.told(_RIG, "takes_back", seconds)
    say("limit_held_share", round(back["held"], 3), "", f"{span}; a plant that takes 0 W back 8 s after each write")
    odd = {what: rigs.told(_RIG, function, seconds) for function, what in _ODD}
    how = "; ".join(f"{what}: {told['held']:.3f}" for what, told in odd.items())
    say("limit_held_share_odd", round(min(told["held"] for told in odd.values()), 3), "", f"{span}; least of: {how}")
    lies = [back["lie_ms"], *(told["lie_ms"] for told in odd.values())]
    how = f"{span}; longest time shown as held and not held, at each of these plants"
    say("limit_lie_ms_max", max(lies), "ms", how)
    clamped = rigs.told(_RIG, "clamps", seconds)
    how = f"{span}; a plant that takes nothing less than 5000 W is commanded 3600 W; shown as {clamped['state']}"
    say("writes_per_hour_clamped", round(clamped["writes"]), "", how)
    _changes(phases)
    idle = rigs.told(_RIG, "idle")
    how = f"settled edge to the plant's answer where its line has been still for a second; {idle['edges']} edges"
    say("edge_to_write_ms_max_idle", idle["edge_to_write_ms"], "ms", how)


def _changes(phases):
    told = rigs.each_told(_RIG, "transitions", [phase * _PHASES // phases for phase in range(phases)])
    changes = sum(walk["transitions"] for walk in told)
    sample = (
        f"{changes} changes of contacts, each of 240 in {phases} of {_PHASES} phases of the polls, relays 100 ms apart"
    )
    how = "writes of another value than asked for, 120 ms after the last edge, or looser than before and after it"
    say("stale_commands", sum(walk["stale"] for walk in told), "", f"{how}; {sample}")
    how = "settled edge, or end of the hold time, to the plant's answer, as the bridge tells it"
    say("edge_to_write_ms_max", max(walk["edge_to_write_ms"] for walk in told), "ms", f"{how}; {sample}")
    how = "last edge to the plant's taking a stricter limit, as the plant sees it, the 50 ms of settling included"
    say("edge_to_plant_ms_max", max(walk["edge_to_plant_ms"] for walk in told), "ms", f"{how}; {sample}")
    how = "start to start as the plant sees it"
    say("plant_period_ms_min", min(walk["shortest_period_ms"] for walk in told), "ms", f"{how}; {sample}")


if __name__ == "__main__":
    main()
