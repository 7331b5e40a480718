"""Measures how soon a request follows a reply where the system's tick is 10 ms; prints as bridgectl.figures does.

The firmware's master, one that only sleeps and looks, and one that the UART's idle interrupt wakes, each on the mocked
ESP32: a sleep ends with the tick after its deadline, everything else takes no time.
"""

import json
import statistics
import subprocess

from bridgectl import firmware
from bridgectl.device import build
from bridgectl.figures.say import say

_THINK_MS = 20
_REGISTERS = 2
_TIMEOUT_S = 120
_WHO = {
    "engine": ("", "the firmware's master, which keeps the processor for a wait shorter than the tick"),
    "polled": ("_polled", "a master that looks whenever sleep_ms(1) ends"),
    "woken": ("_woken", "a master that sleeps until the UART's idle interrupt, three characters after the reply"),
}


def measured(board, who, think_ms=_THINK_MS, registers=_REGISTERS):
    """Return (median quiet between a reply's end and the next request in ms, share of the time the processor is kept)."""
    rigs = firmware.ROOT / "host_tests" / "rigs" / "unix"
    command = [build.micropython(), "-X", "heapsize=4m", str(rigs / "turnaround.py")]
    command += [board, str(think_ms), str(registers), who]
    path = [rigs, firmware.ROOT / "host_tests" / "mocks", build.ROOT / "build" / "all" / "host"]
    done = subprocess.run(
        command,
        env={"MICROPYPATH": ":".join([*map(str, path), ".frozen"])},
        cwd=firmware.ROOT,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return statistics.median(told["gaps_us"]) / 1000, told["kept"]


def main():
    """Print the figures."""
    for board in ("host", "esp32"):
        build.build(board, quiet=True, everything=True)
    for who, (end, words) in _WHO.items():
        gap_ms, kept = measured("esp32", who)
        how = f"model of a 10 ms tick, {words}; {_REGISTERS} registers, answered after {_THINK_MS} ms; t3.5 is 3.65 ms"
        say(
            f"reply_to_request_ms{end}", round(gap_ms, 2), "ms", f"{how}; processor kept {100 * kept:.0f} % of the time"
        )


if __name__ == "__main__":
    main()
