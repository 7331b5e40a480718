"""A paced line with an SDM230 at its end, and what masters of all sorts make of it.

The wire itself says when each request began, for every master alike.
"""

import collections
import dataclasses
import json
import os
import re
import shutil
import statistics
import subprocess
import sys

from bridgectl import firmware
from bridgectl.device import build

firmware.load()

from modbus.pace import plan  # noqa: E402 (importable only now)

from bridgectl.figures.peers import Missing  # noqa: E402
from bridgectl.site.house import House  # noqa: E402
from bridgectl.site.meter import Meter  # noqa: E402
from bridgectl.site.wire import PtyWire  # noqa: E402

# The set of the requirement: SDM230, 14 values of two registers.
SDM230 = [(a, 2) for a in (0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E, 0x24, 0x46, 0x48, 0x4A, 0x4C, 0x4E, 0x156, 0x158)]
LONGEST_PROBED = 80  # what an SDM230 really answers
_CHARACTER_US = 1_000_000 * 10 / 9600
_SILENCE_US = 3.5 * _CHARACTER_US
_LATE_S = 30
_COUNT_S = 120


@dataclasses.dataclass
class Run:
    """What one master did."""

    least_ms: float  # bus time of the plan
    cycle_ms: float  # mean
    median_ms: float
    cycles: int
    pause_ms: float  # median quiet before a request, t3.5 = 3.65 ms
    counts: dict  # what the master says

    @property
    def efficiency(self):
        """Least bus time over the mean cycle."""
        return self.least_ms / self.cycle_ms


def timing(think_ms):
    """Return plan.Timing of the paced line: 9600 8N1, think time counted from t3.5 after the request."""
    return plan.Timing(round(_CHARACTER_US), round(_SILENCE_US), round(1000 * think_ms))


def planned(think_ms):
    """Return the reads of least bus time for the set, [(address, count)]."""
    return plan.reads(SDM230, LONGEST_PROBED, timing(think_ms))


def unix_process(script, *arguments, heap="256k"):
    """Return (command, environment) of a script of host_tests/rigs/unix in the MicroPython unix port."""
    unix = firmware.ROOT / "host_tests" / "rigs" / "unix"
    path = [unix, firmware.ROOT / "build" / "all" / "host"]
    command = [build.micropython(), "-X", f"heapsize={heap}", str(unix / script), *map(str, arguments)]
    return command, {**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"])}


def drive(master, path, seconds, reads, *options):
    """Let a master ("bridge", "pymodbus" or "libmodbus") work at a terminal for so long; return its counts."""
    spans = [f"{address}:{count}" for address, count in reads]
    environment = None
    if master == "bridge":
        command, environment = unix_process("engine_host.py", path, seconds, 4, *spans, *options)
    else:
        command = [sys.executable, "-m", "bridgectl.figures.peers", master, path, str(seconds), *spans]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=seconds + _LATE_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{master}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def instructions(exchanges):
    """Return what `exchanges` more of them cost in machine instructions, each. Raises Missing without valgrind."""
    few, many = [_executed("engine_count.py", n) for n in (exchanges, 2 * exchanges)]
    return (many - few) // exchanges


def _executed(script, *arguments):
    """Return the instructions of a process of the unix port; the same in each run."""
    if not shutil.which("valgrind"):
        raise Missing("valgrind")
    command, environment = unix_process(script, *arguments)
    count = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    # The interpreter may come inside a Python package, whose strings would be hashed in another order each time.
    done = subprocess.run(
        [*count, "--trace-children=yes", *command],
        env={**environment, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=_COUNT_S,
        check=True,
    )
    return int(re.findall(r"Collected : (\d+)", done.stderr)[-1])


def meter_line(think_ms):
    """Return a wire with a meter that begins its answer t3.5 + think_ms after a request."""
    return PtyWire(Meter(House()), think_ms=think_ms + _SILENCE_US / 1000)


def hours(kind, learn_s, seconds, think_ms=20, tick_ms=1):
    """Return what engine_hours.py of host_tests/rigs/unix tells: the firmware's master in virtual time, ideal processor."""
    spans = [f"{address}:{count}" for address, count in planned(think_ms)]
    command, environment = unix_process("engine_hours.py", kind, learn_s, seconds, think_ms, tick_ms, *spans)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_COUNT_S, check=True)
    told = json.loads(done.stdout)
    told["least_us"] = plan.cycle_us(planned(think_ms), timing(think_ms)) / len(spans)  # of one read, on average
    return told


def dead_beside_live(think_ms, seconds, settle_s):
    """Return (share of the time spent on a dead slave, live reads per second) on a paced line, after settle_s."""
    with meter_line(think_ms) as wire:
        wire.exchanges = collections.deque()  # all of them, not only the last
        drive("bridge", wire.path, seconds, planned(think_ms), "dead")
        exchanges = list(wire.exchanges)
    first_ns = exchanges[0].start_ns + settle_s * 1_000_000_000
    counted = [e for e in exchanges if e.start_ns >= first_ns]
    dead_ns = sum(b.start_ns - a.start_ns for a, b in zip(counted, counted[1:]) if not a.answer)
    span_ns = counted[-1].start_ns - counted[0].start_ns
    return dead_ns / span_ns, 1e9 * sum(1 for e in counted if e.answer) / span_ns


def allocated(exchanges):
    """Return (bytes an exchange allocates, exchanges done with the heap locked), of so many each."""
    code = f"import mp_exchange_alloc as m; print(m.measure({exchanges}), m.locked({exchanges}))"
    command, environment = unix_process("")
    done = subprocess.run(
        [*command[:-1], "-c", code], env=environment, capture_output=True, text=True, timeout=_COUNT_S, check=True
    )
    grown, locked = done.stdout.split()
    return float(grown), int(locked)


def run(master, think_ms, seconds=8, settle_s=1):
    """Return the Run of a master that reads the set; the first settle_s do not count."""
    reads = planned(think_ms)
    with meter_line(think_ms) as wire:
        counts = drive(master, wire.path, seconds, reads)
        exchanges = list(wire.exchanges)
    first_ns = exchanges[0].start_ns + settle_s * 1_000_000_000
    starts, pauses = [], []
    for before, exchange in zip(exchanges, exchanges[1:]):
        if exchange.start_ns < first_ns:
            continue
        pauses.append(exchange.start_ns - (before.answer_end_ns or before.end_ns))
        if int.from_bytes(exchange.request[2:4], "big") == reads[0][0]:
            starts.append(exchange.start_ns)
    cycles_ms = [(b - a) / 1e6 for a, b in zip(starts, starts[1:])]
    least_ms = plan.cycle_us(reads, timing(think_ms)) / 1000
    median = statistics.median
    mean_ms = statistics.fmean(cycles_ms)
    return Run(least_ms, mean_ms, median(cycles_ms), len(cycles_ms), median(pauses) / 1e6, counts)
