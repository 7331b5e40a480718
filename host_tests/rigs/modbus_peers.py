"""Modbus masters of others, for tests: libmodbus, mbpoll and npm's modbus-serial at the path of a serial line.

In CI a peer that is not installed fails the test, elsewhere the test is skipped and says what is missing.
"""

import ctypes
import ctypes.util
import fcntl
import json
import os
import shutil
import subprocess

import pytest
from bridgectl import firmware
from patience import HANG_S

ROOT = firmware.ROOT
_NODE = ROOT / "host_tests" / "rigs" / "node"


def missing(what):
    """Skip the test that runs, or fail it where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is not installed")


def mbpoll(path, unit, *options):
    """Return (exit code, output) of one poll by mbpoll; addresses count from 0."""
    if not shutil.which("mbpoll"):
        missing("mbpoll")
    command = ["mbpoll", "-m", "rtu", "-b", "9600", "-P", "none", "-a", str(unit), "-0", "-1", "-o", "10"]
    done = subprocess.run(
        [*command, *options[:-1], path, *options[-1]], capture_output=True, text=True, timeout=HANG_S, check=False
    )
    return done.returncode, done.stdout + done.stderr


def modbus_serial(script, *arguments):
    """Return the JSON that a script of host_tests/rigs/node prints; its packages are installed once into build/."""
    if not shutil.which("npm") or not shutil.which("node"):
        missing("node with npm")
    folder = ROOT / "build" / "node"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        _install(folder)
    shutil.copy(_NODE / script, folder / script)
    done = subprocess.run(
        ["node", script, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=HANG_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _install(folder):
    wanted = (_NODE / "package-lock.json").read_text()
    mark = folder / "installed"
    if mark.exists() and mark.read_text() == wanted:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_NODE / name, folder / name)
    # The bindings come ready made in the package, so no script of it has to run.
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=HANG_S, check=False)
    if done.returncode:
        missing("modbus-serial (npm ci: " + done.stderr.strip()[-200:] + ")")
    mark.write_text(wanted)


class Refused(Exception):
    """The slave answered with an exception; `code` is its number, 0 = no answer or a broken one."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Libmodbus:
    """A master made of libmodbus at a port; use as a context manager."""

    _ERRORS = 112345678  # MODBUS_ENOBASE; the exception's code is added

    def __init__(self, path, unit, parity="N"):
        name = ctypes.util.find_library("modbus")
        if not name:
            missing("libmodbus")
        self._lib = lib = ctypes.CDLL(name, use_errno=True)
        lib.modbus_new_rtu.restype = ctypes.c_void_p
        lib.modbus_new_rtu.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char, ctypes.c_int, ctypes.c_int]
        self._context = ctypes.c_void_p(lib.modbus_new_rtu(path.encode(), 9600, parity.encode(), 8, 1))
        lib.modbus_set_slave(self._context, unit)
        lib.modbus_set_response_timeout(self._context, ctypes.c_uint32(HANG_S), ctypes.c_uint32(0))

    def __enter__(self):
        assert self._lib.modbus_connect(self._context) == 0
        return self

    def __exit__(self, *_):
        self._lib.modbus_close(self._context)
        self._lib.modbus_free(self._context)

    def registers(self, address, count, function=3):
        """Return `count` registers."""
        out = (ctypes.c_uint16 * count)()
        call = self._lib.modbus_read_registers if function == 3 else self._lib.modbus_read_input_registers
        self._judge(call(self._context, address, count, out))
        return list(out)

    def bits(self, address, count, function=1):
        """Return `count` coils, or inputs with function 2."""
        out = (ctypes.c_uint8 * count)()
        call = self._lib.modbus_read_bits if function == 1 else self._lib.modbus_read_input_bits
        self._judge(call(self._context, address, count, out))
        return list(out)

    def write_bits(self, address, bits):
        """Write coils by function 15."""
        self._judge(self._lib.modbus_write_bits(self._context, address, len(bits), (ctypes.c_uint8 * len(bits))(*bits)))

    def write_registers(self, address, words):
        """Write registers by function 16."""
        values = (ctypes.c_uint16 * len(words))(*words)
        self._judge(self._lib.modbus_write_registers(self._context, address, len(words), values))

    def mask(self, address, and_mask, or_mask):
        """Change the bits of a register by function 22."""
        self._judge(self._lib.modbus_mask_write_register(self._context, address, and_mask, or_mask))

    def _judge(self, result):
        if result < 0:
            code = ctypes.get_errno() - self._ERRORS
            raise Refused(code if 0 < code < 64 else 0)
