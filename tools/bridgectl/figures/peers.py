"""Modbus masters of others doing the same reads over and over: pymodbus and libmodbus, each in a process of its own.

`python -m bridgectl.figures.peers MASTER TTY SECONDS ADDRESS:COUNT ...` reads input registers of unit 1 at
9600 8N1 as fast as the library does and prints how many reads succeeded and failed, as JSON. MASTER: a key of MASTERS.
"""

import ctypes
import ctypes.util
import json
import sys
import time

_UNIT = 1
_TIMEOUT_S = 1
_SILENCE_S = 3.5 * 10 / 9600


class Missing(Exception):
    """The library is not installed; the text is its name."""


class Pymodbus:
    """The synchronous client as its manual uses it."""

    def __init__(self, path):
        from pymodbus.client import ModbusSerialClient

        self._client = ModbusSerialClient(path, baudrate=9600, timeout=_TIMEOUT_S, retries=0)
        if not self._client.connect():
            raise OSError(path)

    def read(self, address, count):
        """Return True if the registers came."""
        from pymodbus.exceptions import ModbusException

        try:
            reply = self._client.read_input_registers(address, count=count, device_id=_UNIT)
        except ModbusException:
            return False
        return not reply.isError()


class Libmodbus:
    """The shared library of the system."""

    def __init__(self, path):
        self._lib = lib = library()
        lib.modbus_new_rtu.restype = ctypes.c_void_p
        lib.modbus_new_rtu.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char, ctypes.c_int, ctypes.c_int]
        self._context = ctypes.c_void_p(lib.modbus_new_rtu(path.encode(), 9600, b"N", 8, 1))
        lib.modbus_set_slave(self._context, _UNIT)
        lib.modbus_set_response_timeout(self._context, ctypes.c_uint32(_TIMEOUT_S), ctypes.c_uint32(0))
        if lib.modbus_connect(self._context):
            raise OSError(path)
        self._words = (ctypes.c_uint16 * 125)()

    def read(self, address, count):
        """Return True if the registers came."""
        return self._lib.modbus_read_input_registers(self._context, address, count, self._words) == count


class RestedLibmodbus(Libmodbus):
    """The same, but its caller keeps the t3.5 before a request that the library leaves out."""

    def read(self, address, count):
        """Return True if the registers came."""
        time.sleep(_SILENCE_S)
        return super().read(address, count)


MASTERS = {"pymodbus": Pymodbus, "libmodbus": Libmodbus, "libmodbus_rested": RestedLibmodbus}


def library():
    """Return libmodbus. Raises Missing."""
    name = ctypes.util.find_library("modbus")
    if not name:
        raise Missing("libmodbus")
    return ctypes.CDLL(name)


def main(name, path, seconds, *reads):
    """Read until the time is over and print the counts."""
    planned = [tuple(map(int, read.split(":"))) for read in reads]
    peer = MASTERS[name](path)
    until = time.monotonic() + float(seconds)
    counts = {"good": 0, "failed": 0}
    while time.monotonic() < until:
        for address, count in planned:
            counts["good" if peer.read(address, count) else "failed"] += 1
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
