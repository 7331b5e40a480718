"""A paced line with an SDM230 at its end, and what masters of all sorts make of it.

The wire itself says when each request began, for every master alike.
"""

import dataclasses
import json
import os
import statistics
import subprocess
import sys

from bridgectl import build, firmware

firmware.load()

from modbus import plan  # noqa: E402 (importable only now)

from bridgectl.site.house import House  # noqa: E402
from bridgectl.site.meter import Meter  # noqa: E402
from bridgectl.site.wire import PtyWire  # noqa: E402

# The set of the requirement: SDM230, 14 values of two registers.
SDM230 = [(a, 2) for a in (0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E, 0x24, 0x46, 0x48, 0x4A, 0x4C, 0x4E, 0x156, 0x158)]
LONGEST_PROBED = 80  # what an SDM230 really answers
_CHARACTER_US = 1_000_000 * 10 / 9600
_SILENCE_US = 3.5 * _CHARACTER_US
_LATE_S = 30


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
    """Return (command, environment) of a script of host_tests/unix in the MicroPython unix port."""
    unix = firmware.ROOT / "host_tests" / "unix"
    path = [unix, firmware.ROOT / "build" / "host"]
    command = [build.micropython(), "-X", f"heapsize={heap}", str(unix / script), *map(str, arguments)]
    return command, {**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"])}


def drive(master, path, seconds, reads, *options):
    """Let a master ("bridge", "pymodbus" or "libmodbus") work at a terminal for so long; return its counts."""
    spans = [f"{address}:{count}" for address, count in reads]
    environment = None
    if master == "bridge":
        command, environment = unix_process("engine_host.py", path, seconds, 4, *spans, *options)
    else:
        command = [sys.executable, "-m", "bridgectl.engine.peers", master, path, str(seconds), *spans]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=seconds + _LATE_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{master}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def meter_line(think_ms):
    """Return a wire with a meter that begins its answer t3.5 + think_ms after a request."""
    return PtyWire(Meter(House()), think_ms=think_ms + _SILENCE_US / 1000)


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
