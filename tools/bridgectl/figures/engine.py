"""Measures the Modbus engine: the firmware's own master in the MicroPython unix port, and others beside it.

`python -m bridgectl.figures.engine [PART ...]` prints JSON lines as bridgectl.figures does. Parts: wire, ticks, dead,
slow, alloc, instructions; all of them take about four minutes.
"""

import os
import sys

from bridgectl.device import build
from bridgectl.engine import course, peers
from bridgectl.figures.say import say

_THINK_MS = (5, 20, 50)
_SECONDS = 8
_LEARN_FIRST_S = 10  # the bridge learns the slave's pace before it is measured
_TICKS_LEARN_S = 60
_MINUTE_S, _HOUR_S = 60, 3600
_DEAD_S, _DEAD_SETTLE_S = 80, 10
_LEARN_S = 400
_EXCHANGES = 100_000
_COUNTED = 1000


def wire():
    """The wire's limit over the measured cycle, and what pymodbus and libmodbus make of the same line."""
    others = ["pymodbus"]
    try:
        peers.library()
        others += ["libmodbus", "libmodbus_rested"]
    except peers.Missing as what:
        if os.environ.get("CI") == "true":
            sys.exit(f"{what} is missing")
        print(f"{what} is not installed: no figures of it", file=sys.stderr)
    for think_ms in _THINK_MS:
        ours = course.run("bridge", think_ms, _LEARN_FIRST_S + _SECONDS, _LEARN_FIRST_S)
        line = f"paced pseudo-terminal 9600 8N1, slave answers {think_ms} ms after t3.5"
        how = (
            f"least bus time {ours.least_ms:.1f} ms / mean cycle {ours.cycle_ms:.1f} ms (median {ours.median_ms:.1f}), "
        )
        how += f"SDM230 set of 14 values, {ours.cycles} cycles; {line}"
        say(f"wire_efficiency_ts{think_ms}", round(ours.efficiency, 4), "", how)
        for name in others:
            theirs = course.run(name, think_ms, _SECONDS)
            how = f"{name} in the same run; median quiet before a request {theirs.pause_ms:.2f} ms, t3.5 is 3.65 ms"
            how += ", which it leaves out" if theirs.pause_ms < 3.6 else ""
            say(f"wire_efficiency_ts{think_ms}_{name}", round(theirs.efficiency, 4), "", how)
            ratio = theirs.cycle_ms / ours.cycle_ms
            how = f"cycles of ours in the time of one of {name}, mean; {line}"
            say(f"wire_speed_over_{name}_ts{think_ms}", round(ratio, 3), "", how)


def ticks():
    """What the length of the system's tick costs."""
    for board, tick_ms in (("rp2040", 1), ("esp32", 10)):
        for think_ms in _THINK_MS:
            told = course.hours("good", _TICKS_LEARN_S, _HOUR_S // 6, think_ms, tick_ms)
            value = told["after"]["answers"] * told["least_us"] / told["after"]["us"]
            how = f"virtual time, ideal processor, tick of {tick_ms} ms as on {board}, answers {think_ms} ms after t3.5"
            say(f"wire_efficiency_ts{think_ms}_tick_{board}", round(value, 4), "", how)


def dead():
    """A dead slave beside a live one."""
    line = "one dead slave beside a live one, both asked for the SDM230 set as fast as it goes"
    share, live = course.dead_beside_live(20, _DEAD_S, _DEAD_SETTLE_S)
    how = f"{line}; paced pseudo-terminal, from second {_DEAD_SETTLE_S} to {_DEAD_S}, {live:.1f} live reads/s"
    say("dead_slave_bus_share", round(share, 4), "", how)
    told = course.hours("dead", _MINUTE_S, _HOUR_S)
    for span, name in (("learning", "first_minute"), ("after", "hour")):
        how = f"{line}; virtual time, " + ("its first minute" if span == "learning" else "the hour after")
        say(f"dead_slave_bus_share_{name}", round(told[span]["dead_us"] / told[span]["us"], 4), "", how)


def slow():
    """A slave that loses requests unless it gets 600 ms of rest."""
    told = course.hours("slow", _LEARN_S, 4 * _HOUR_S)
    how = "the firmware's master in virtual time, slave that loses requests unless it gets 600 ms of rest, no setting: "
    after = told["after"]
    rest = f"requests lost in four hours after {_LEARN_S} s of learning, {after['answers']} answered"
    say("induced_timeouts_slow_slave", after["hurried"], "", how + rest)
    how += f"requests lost in the first {_LEARN_S} s, {told['learning']['answers']} answered"
    say("induced_timeouts_slow_slave_learning", told["learning"]["hurried"], "", how)


def alloc():
    """Garbage of an exchange."""
    grown, locked = course.allocated(_EXCHANGES)
    how = f"heap growth over {_EXCHANGES} exchanges with the collector off, event loop and decoding included; "
    how += f"{locked} of {_EXCHANGES} worked under micropython.heap_lock()"
    say("exchange_alloc_bytes", grown, "B", how)
    say("exchange_locked_heap", locked, "", f"good exchanges of {_EXCHANGES} with the heap locked")


def instructions():
    """Work of an exchange."""
    try:
        count = course.instructions(_COUNTED)
    except peers.Missing as what:
        print(f"{what} is not installed: no exchange_instructions", file=sys.stderr)
        return
    how = (
        "callgrind, x86-64 unix port: read of 38 registers, seven values decoded, 20 ms of waiting with the event loop "
    )
    how += f"included; {2 * _COUNTED} exchanges less {_COUNTED}, the same in each run"
    say("exchange_instructions", count, "", how)


PARTS = {"wire": wire, "ticks": ticks, "dead": dead, "slow": slow, "alloc": alloc, "instructions": instructions}


def main():
    """Print the figures of the parts named, or of all."""
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        sys.exit(f"engine_figures: no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    build.build("host", quiet=True, everything=True)
    for part in wanted:
        PARTS[part]()


if __name__ == "__main__":
    main()
