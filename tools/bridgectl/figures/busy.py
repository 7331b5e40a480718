"""The test suite once more, while every core is kept busy by something else: how many tests fail then."""

import contextlib
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

from bridgectl import firmware
from bridgectl.figures.say import say

_RESULTS = firmware.ROOT / "build" / "busy.xml"
_LONGEST_S = 7200


@contextlib.contextmanager
def busy(count):
    """Give `count` processes that do nothing but turn, and end them with the context."""
    turning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield turning
    finally:
        for process in turning:
            process.kill()
            process.wait()


def failed(path):
    """Return the names of the tests that failed, from a JUnit file. Raises RuntimeError if no test ran."""
    cases = [*ET.parse(path).getroot().iter("testcase")]
    if not cases:
        raise RuntimeError("no test ran")
    return [case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None]


def main():
    _RESULTS.unlink(missing_ok=True)
    cores = os.cpu_count() or 1
    command = [sys.executable, "-m", "bridgectl.tests", f"--junitxml={_RESULTS}"]
    with busy(cores):
        subprocess.run(command, cwd=firmware.ROOT, check=False, stdout=subprocess.DEVNULL, timeout=_LONGEST_S)
    names = failed(_RESULTS)
    how = f"`make test` once with {cores} other programs that never pause" + "".join(f"; {name}" for name in names)
    say("test_failures_busy", len(names), "1", how)


if __name__ == "__main__":
    main()
