"""The emulator's own C code, compiled for exactly this Python, and three parts of ours: the same instructions at the same
times, many times faster.

The wheel carries its C sources and builds of them for every Python (the limited API), where each call between its classes
first looks up whether somebody has overridden it. Compiled for one Python, none of that is left. What is left is its loop,
which asks Python objects at each instruction, and its divider, locks and timer, which are Python: loop.pyx, sio.pyx and
timer.pyx are not.
Without a compiler or Python's headers the wheel's builds are used, without Cython its loop and its divider.
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

from bridgectl.alone import alone
from bridgectl.emulator import download

_PACKAGE = "rp2040py.native"
_OURS = tuple(Path(__file__).with_name(name) for name in ("loop.pyx", "sio.pyx", "timer.pyx"))
_FLAGS = ("-O2", "-w", "-shared", "-fPIC")
_SUFFIX = sysconfig.get_config_var("EXT_SUFFIX") or ".so"


def folder():
    """Return where the compiled modules of this emulator and this Python lie, once they are made: for every checkout."""
    try:
        version = metadata.version("rp2040py")
    except metadata.PackageNotFoundError:
        version = "none"  # what needs the emulator will say so
    cython = importlib.util.find_spec("Cython") is not None
    ours = [path.read_text() for path in _OURS] if cython else []
    made_of = "|".join((version, _SUFFIX, sys.version, *_FLAGS, *ours))
    return download.cache_folder() / "compiled" / hashlib.sha256(made_of.encode()).hexdigest()[:16]


def make():
    """Compile the modules if that can be done and is not done yet (half a minute); return True if they are there."""
    target, compiler = folder(), shutil.which("cc")
    headers = sysconfig.get_path("include")
    if not compiler or not Path(headers, "Python.h").exists():
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError:  # a user without a cache
        return False
    sources = [Path(path.locate()) for path in metadata.files("rp2040py") or () if path.match("rp2040py/native/*.c")]
    with alone(target.parent / "lock"):
        if not target.exists():
            fresh = target.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)

            def compiled(source):
                if source.suffix == ".pyx":
                    source = _in_c(source, fresh)
                command = [compiler, *_FLAGS, f"-I{headers}", str(source), "-o", str(fresh / (source.stem + _SUFFIX))]
                return subprocess.run(command, capture_output=True, check=False, timeout=600).returncode == 0

            if importlib.util.find_spec("Cython"):
                sources += _OURS
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                if not all(pool.map(compiled, sources)):
                    shutil.rmtree(fresh)
                    return False
            fresh.rename(target)
    return True


def _in_c(source, target):
    """Return the path of what Cython makes of a source; the emulator's classes are declared in the wheel."""
    found = target / (source.stem + ".c")
    declared = metadata.distribution("rp2040py").locate_file("")
    command = [sys.executable, "-m", "cython", "-3", "-I", str(declared), str(source), "-o", str(found)]
    subprocess.run(command, capture_output=True, check=False, timeout=600)
    return found


def execute_batch():
    """Return the loop over instructions: ours, or that of the wheel where ours is not made."""
    ours = _ours("loop")
    if ours:
        return ours.execute_batch
    from rp2040py.execute_batch import execute_batch

    return execute_batch


def exchange(mcu):
    """Give a chip our divider, locks and timer, where they are made."""
    for stem, name in (("sio", "Sio"), ("timer", "Timer")):
        ours = _ours(stem)
        if ours:
            getattr(ours, name)(mcu)


def _ours(stem):
    """Return a module of ours, None where it is not made."""
    file = folder() / (stem + _SUFFIX)
    if not file.exists():
        return None
    name = f"{__package__}.{stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


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
