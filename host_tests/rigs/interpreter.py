"""The MicroPython unix port as the tests run it: which binary, and where it finds mocks, rigs and the built firmware."""

import functools
import importlib.util
import os
import sys
from pathlib import Path

from bridgectl import firmware
from bridgectl.device import build

ROOT = firmware.ROOT
UNIX = ROOT / "host_tests" / "rigs" / "unix"


def micropython():
    """Return the interpreter: MICROPYTHON of the environment, or the one of the virtual environment."""
    return build.micropython()


def unix_environment():
    """Return the environment in which a test of the unix port finds mocks, rigs and the built firmware."""
    path = [UNIX, ROOT / "host_tests" / "mocks", ROOT / "build" / "all" / "host", ROOT / "tools"]
    return {**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"])}


@functools.cache
def quick():
    """Return the words that start the interpreter; the wheel's one without what a Python of its own would load first."""
    found = importlib.util.find_spec("micropython_run")
    if os.environ.get("MICROPYTHON") or not found or not found.origin:
        return (micropython(),)
    source = f"import sys; sys.path.append({str(Path(found.origin).parent)!r}); import micropython_run as m; "
    return (sys.executable, "-I", "-S", "-c", source + "sys.exit(m.run_main(sys.argv))")
