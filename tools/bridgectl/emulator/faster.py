"""The emulator's own C code, compiled for exactly this Python: 3.6 times faster, the same instructions at the same times.

The wheel carries its C sources and builds of them for every Python (the limited API), where each call between its classes
first looks up whether somebody has overridden it. Compiled for one Python, none of that is left. Without a compiler or
Python's headers the wheel's builds are used.
"""

import hashlib
import importlib.abc
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from bridgectl import firmware
from bridgectl.alone import alone

_PACKAGE = "rp2040py.native"
_FLAGS = ("-O2", "-w", "-shared", "-fPIC")
_SUFFIX = sysconfig.get_config_var("EXT_SUFFIX") or ".so"


def folder():
    """Return where the compiled modules of this emulator and this Python lie, once they are made."""
    try:
        version = metadata.version("rp2040py")
    except metadata.PackageNotFoundError:
        version = "none"  # what needs the emulator will say so
    made_of = "|".join((version, _SUFFIX, sys.version, *_FLAGS))
    return firmware.ROOT / "build" / "emulator" / hashlib.sha256(made_of.encode()).hexdigest()[:16]


def make():
    """Compile the modules if that can be done and is not done yet (half a minute); return True if they are there."""
    target, compiler = folder(), shutil.which("cc")
    headers = sysconfig.get_path("include")
    if not compiler or not Path(headers, "Python.h").exists():
        return False
    sources = [Path(path.locate()) for path in metadata.files("rp2040py") or () if path.match("rp2040py/native/*.c")]
    with alone(target.parent / "lock"):
        if not target.exists():
            fresh = target.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)

            def compiled(source):
                command = [compiler, *_FLAGS, f"-I{headers}", str(source), "-o", str(fresh / (source.stem + _SUFFIX))]
                return subprocess.run(command, capture_output=True, check=False, timeout=600).returncode == 0

            with ThreadPoolExecutor(os.cpu_count()) as pool:
                if not all(pool.map(compiled, sources)):
                    shutil.rmtree(fresh)
                    return False
            fresh.rename(target)
    return True


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, place):
        self._place = place

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.rpartition(".")
        file = self._place / (name + _SUFFIX)
        if package != _PACKAGE or not file.exists():
            return None
        return importlib.util.spec_from_file_location(fullname, file)


def use():
    """Let the emulator be imported from what make() made, if that is there."""
    place = folder()
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder(place))
