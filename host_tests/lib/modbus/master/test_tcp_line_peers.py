"""Modbus TCP servers of other makers, polled by our master: pymodbus and libmodbus."""

import asyncio
import contextlib
import ctypes
import ctypes.util
import json
import logging
import os
import subprocess
import threading

import pytest
from bridgectl.device import build
from free_ports import free_port
from interpreter import ROOT, UNIX
from modbus_peers import missing
from patience import HANG_S
from pymodbus.datastore import ModbusDeviceContext, ModbusServerContext, ModbusSparseDataBlock
from pymodbus.server import ModbusTcpServer

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
_UNIT, _LIMIT = 247, 40042
_FIRST, _SECOND = [18, 59], [7 * i % 65536 for i in range(100)]


def _polled(port):
    """Return what tcp_poll.py tells of a server."""
    command = [build.micropython(), str(UNIX / "tcp_poll.py"), str(port), str(HANG_S)]
    env = {**os.environ, "MICROPYPATH": f"{ROOT / 'build' / 'all' / 'host'}:.frozen"}  # its own clock, no mock
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=2 * HANG_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _judge(told):
    assert told["told"] == [[0, _FIRST], [0, _SECOND], [0, []], [0, [0, 3600]], [2, []]], told
    assert told["why"] == ""


@pytest.mark.proves("PLA-1+")
async def test_a_server_of_pymodbus_is_read_and_written(slot):
    inputs = {30031 + i: word for i, word in enumerate(_FIRST)} | {30100 + i: word for i, word in enumerate(_SECOND)}
    device = ModbusDeviceContext(ir=ModbusSparseDataBlock(inputs), hr=ModbusSparseDataBlock({_LIMIT: 0, _LIMIT + 1: 0}))
    context = ModbusServerContext(devices={_UNIT: device}, single=False)
    server = ModbusTcpServer(context, address=("127.0.0.1", port := free_port()))
    serving = asyncio.create_task(server.serve_forever())
    try:
        _judge(await asyncio.to_thread(_polled, port))
    finally:
        await server.shutdown()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


class _Mapping(ctypes.Structure):
    """modbus_mapping_t of libmodbus."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("n_bits", "at_bits", "n_input_bits", "at_input_bits")),
        *((name, ctypes.c_int) for name in ("n_input", "at_input", "n_registers", "at_registers")),
        *((name, ctypes.POINTER(ctypes.c_uint8)) for name in ("bits", "input_bits")),
        *((name, ctypes.POINTER(ctypes.c_uint16)) for name in ("input", "registers")),
    )


class _Libmodbus:
    """A server of libmodbus for one connection, in a thread of its own."""

    def __init__(self, port):
        name = ctypes.util.find_library("modbus")
        if not name:
            missing("libmodbus")
        self._lib = lib = ctypes.CDLL(name)
        lib.modbus_new_tcp.restype = ctypes.c_void_p
        lib.modbus_mapping_new_start_address.restype = ctypes.POINTER(_Mapping)
        self._context = ctypes.c_void_p(lib.modbus_new_tcp(b"127.0.0.1", port))
        # Inputs 30031 to 30199, registers 40042 and 40043, no bits.
        self._mapping = lib.modbus_mapping_new_start_address(0, 0, 0, 0, _LIMIT, 2, 30031, 169)
        for at, values in ((0, _FIRST), (69, _SECOND)):
            for i, value in enumerate(values):
                self._mapping.contents.input[at + i] = value
        self._door = ctypes.c_int(lib.modbus_tcp_listen(self._context, 1))
        assert self._door.value >= 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        query = (ctypes.c_uint8 * 260)()
        self._lib.modbus_tcp_accept(self._context, ctypes.byref(self._door))
        while (count := self._lib.modbus_receive(self._context, query)) >= 0:
            if count:
                self._lib.modbus_reply(self._context, query, count, self._mapping)

    def ended(self):
        """Return True once its one client is gone."""
        self._thread.join(HANG_S)
        return not self._thread.is_alive()


@pytest.mark.proves("PLA-1+")
def test_a_server_of_libmodbus_is_read_and_written_and_the_connection_is_ended(slot):
    server = _Libmodbus(port := free_port())
    _judge(_polled(port))
    assert server.ended()
