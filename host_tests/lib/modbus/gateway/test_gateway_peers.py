"""Modbus TCP clients of other makers against the gateway, with a slave at wire speed behind it."""

import asyncio
import ctypes
import ctypes.util
import logging
import math
import os
import shutil
import subprocess

import pytest
from gateway_process import PATIENT, Gateway, read_request, take_reply
from patience import HANG_S, undisturbed
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.client.mixin import ModbusClientMixin

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
ADDRESSES = (0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E, 0x24, 0x46, 0x48, 0x4A, 0x4C, 0x4E, 0x156, 0x158)


def missing(what):
    """A peer that is not there: an error in CI, else the test is left out."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


def floats(registers):
    return ModbusClientMixin.convert_from_registers(registers, ModbusClientMixin.DATATYPE.FLOAT32)


async def client_of(gateway):
    client = AsyncModbusTcpClient("127.0.0.1", port=gateway.port, timeout=HANG_S, retries=0)
    assert await client.connect()
    return client


async def test_eight_clients_read_at_once_beside_the_bridges_own_polling(slot):
    """Proves: COM-8+, COM-9+, NET-6+"""

    async def work(number):
        client = await client_of(gateway)
        values = []
        for i in range(12):
            address = ADDRESSES[(number + i) % len(ADDRESSES)]
            reply = await client.read_input_registers(address, count=2, device_id=1)
            assert not reply.isError(), reply
            values.append((address, floats(reply.registers)))
        client.close()
        return values

    with Gateway(freshness_ms=0, poll_ms=250, **PATIENT) as gateway:
        rows = await asyncio.gather(*(work(n) for n in range(8)))
        told = gateway.told()
    assert len(rows) == 8 and all(len(r) == 12 for r in rows)
    volts = [value for r in rows for address, value in r if address == 0]
    assert volts and all(200 < v < 260 for v in volts)
    assert told["accepted"] == 8 and told["late"] == told["silent"] == 0
    assert told["polls"] > 0 and told["poll_failures"] == 0  # in time: mp_gateway_shares.py


async def test_equal_reads_of_eight_clients_cost_the_bus_one_exchange(slot):
    with Gateway(freshness_ms=1000 * HANG_S, **PATIENT) as gateway:
        clients = [await client_of(gateway) for _ in range(8)]
        replies = await asyncio.gather(*(c.read_input_registers(0, count=60, device_id=1) for c in clients))
        values = {tuple(r.registers) for r in replies}
        part = await clients[0].read_input_registers(12, count=2, device_id=1)
        for client in clients:
            client.close()
        assert gateway.told()["sent"] == 1
        assert gateway.wire.counts.requests == 1
    assert len(values) == 1 and tuple(part.registers) == next(iter(values))[12:14]


async def test_errors_of_the_bus_arrive_as_exceptions(slot):
    """A slave that is not there: 0x0B; before a client's own time-out: mp_gateway_shares.py. Proves: NET-6+"""
    with Gateway(reply_ms=1500) as gateway:
        client = await client_of(gateway)
        codes = []
        for unit, address in ((1, 1), (9, 0), (248, 0)):
            codes.append((await client.read_input_registers(address, count=2, device_id=unit)).exception_code)
        codes.append((await client.write_register(0, 1, device_id=1)).exception_code)
        codes.append((await client.read_coils(0, count=1, device_id=1)).exception_code)
        client.close()
    assert codes == [2, 11, 10, 1, 1]


async def test_a_permitted_client_writes_and_reads_back(slot):
    with Gateway(writers="192.0.2.1,127.0.0.1", **PATIENT) as gateway:
        client = await client_of(gateway)
        assert (await client.read_holding_registers(12, count=2, device_id=1)).registers == [0x42C8, 0]
        reply = await client.write_registers(12, [0x4348, 0], device_id=1)
        assert not reply.isError()
        assert (await client.read_holding_registers(12, count=2, device_id=1)).registers == [0x4348, 0]
        client.close()


@pytest.mark.parametrize("silent", [False, True])
def test_mbpoll_reads_through_the_gateway(slot, silent):
    """Proves: NET-6+"""
    mbpoll = shutil.which("mbpoll") or missing("mbpoll")
    with Gateway(**({"reply_ms": 300} if silent else PATIENT)) as gateway:
        gateway.wire.silent = silent
        command = [mbpoll, "-m", "tcp", "-p", str(gateway.port), "-a", "1", "-t", "3:float", "-B", "-r", "1", "-c", "3"]

        def asked():
            return subprocess.run(
                [*command, "-1", "127.0.0.1"], capture_output=True, text=True, timeout=HANG_S, check=False
            )

        done = undisturbed(asked, lambda done: "timed out" not in done.stdout + done.stderr)  # its own, of a second
    if silent:
        assert done.returncode and "Target device failed to respond" in done.stdout + done.stderr
    else:
        values = [float(line.split()[-1]) for line in done.stdout.splitlines() if line.startswith("[")]
        assert done.returncode == 0 and 200 < values[0] < 260


@pytest.fixture
def libmodbus():
    name = ctypes.util.find_library("modbus") or missing("libmodbus")
    library = ctypes.CDLL(name, use_errno=True)
    library.modbus_new_tcp.restype = ctypes.c_void_p
    library.modbus_new_tcp.argtypes = [ctypes.c_char_p, ctypes.c_int]
    library.modbus_get_float_abcd.restype = ctypes.c_float
    for call in ("connect", "close", "free"):
        getattr(library, f"modbus_{call}").argtypes = [ctypes.c_void_p]
    library.modbus_set_slave.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.modbus_read_input_registers.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    library.modbus_write_register.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint16]
    return library


def test_libmodbus_reads_through_the_gateway(slot, libmodbus):
    """Proves: NET-6+"""
    no_answer = 112345678 + 11  # MODBUS_ENOBASE + exception code
    with Gateway() as gateway:
        context = libmodbus.modbus_new_tcp(b"127.0.0.1", gateway.port)
        assert libmodbus.modbus_connect(context) == 0
        libmodbus.modbus_set_slave(context, 1)
        words = (ctypes.c_uint16 * 80)()
        assert libmodbus.modbus_read_input_registers(context, 0, 80, words) == 80
        volts = libmodbus.modbus_get_float_abcd(words)
        assert libmodbus.modbus_write_register(context, 0, 1) == -1
        assert ctypes.get_errno() == no_answer - 10
        libmodbus.modbus_set_slave(context, 77)
        assert libmodbus.modbus_read_input_registers(context, 0, 2, words) == -1
        assert ctypes.get_errno() == no_answer
        libmodbus.modbus_close(context)
        libmodbus.modbus_free(context)
    assert 200 < volts < 260 and not math.isnan(volts)


def test_several_transactions_of_one_connection_are_open_at_once(slot):
    """Four are taken, the others wait in the socket; each reply says which request it answers. Proves: NET-6+"""
    with Gateway(freshness_ms=0, **PATIENT) as gateway, gateway.connect() as sock:
        sock.sendall(b"".join(read_request(6 * n, transaction=100 + n) for n in range(6)))
        replies = {t: pdu for t, _, pdu in (take_reply(sock) for _ in range(6))}
    assert sorted(replies) == [100, 101, 102, 103, 104, 105]
    assert {pdu[:2] for pdu in replies.values()} == {b"\x04\x04"}


def test_a_stream_in_single_bytes_is_a_stream(slot):
    with Gateway(**PATIENT) as gateway, gateway.connect() as sock:
        for byte in read_request(0, transaction=0xABCD):
            sock.sendall(bytes((byte,)))
        transaction, unit, pdu = take_reply(sock)
    assert (transaction, unit, pdu[:2], len(pdu)) == (0xABCD, 1, b"\x04\x04", 6)


def test_a_broadcast_gets_no_reply_and_another_protocol_none_either(slot):
    """Proves: NET-6+"""
    with Gateway(writers="127.0.0.1", **PATIENT) as gateway, gateway.connect() as sock:
        sock.sendall(bytes.fromhex("000100000006" + "00" + "0600010002"))
        sock.sendall(bytes.fromhex("000200010006" + "01" + "0400000002"))
        sock.sendall(read_request(0, transaction=3))
        assert take_reply(sock)[0] == 3
        assert [x.request[:2] for x in gateway.wire.exchanges] == [b"\x00\x06", b"\x01\x04"]


def test_a_length_that_cannot_be_ends_the_connection(slot):
    with Gateway() as gateway:
        for length in (0, 1, 255, 65535):
            with gateway.connect() as sock:
                sock.sendall(bytes.fromhex("00010000") + length.to_bytes(2, "big") + b"\x01\x04\x00\x00\x00\x02")
                assert take_reply(sock) is None
