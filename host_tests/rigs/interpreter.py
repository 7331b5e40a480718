"""The MicroPython unix port as the tests run it: which binary, and where it finds mocks, rigs and the built firmware."""

import os

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
