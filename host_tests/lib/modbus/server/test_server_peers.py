"""The bridge in the role `server`, and masters of others that read and command it."""

import re
import struct

import pytest
from modbus_peers import Libmodbus, Refused, mbpoll, modbus_serial
from patience import HANG_S
from pymodbus.client import ModbusSerialClient
from server_process import UNIT, running

POWER = struct.unpack(">HH", struct.pack(">f", -1022.5))
METER = {2: 450, 7: 2313, 16: 4998, 18: 0x10000 - 1023, 38: 4210250 >> 16, 39: 4210250 & 0xFFFF, 4: 0x8000, 54: 0}


@pytest.fixture(scope="module")
def bridge(slot):
    with running(slot) as made:
        yield made


def test_pymodbus_reads_own_map_and_sunspec(bridge):
    """Proves: COM-8+, NET-6+"""
    client = ModbusSerialClient(bridge.path, baudrate=9600, timeout=HANG_S, retries=0)
    assert client.connect()
    try:
        at = {"device_id": UNIT}
        state = client.read_holding_registers(0, count=100, **at).registers
        assert state[:8] == [2, 49, 0b01010, 0b10, 1, 0, 60, 0]
        assert client.read_input_registers(1008, count=3, **at).registers == [*POWER, 3]
        assert client.read_holding_registers(40000, count=4, **at).registers == [0x5375, 0x6E53, 1, 66]
        meter = client.read_holding_registers(40070, count=107, **at).registers
        assert {k: meter[k] for k in METER} == METER
        assert client.read_discrete_inputs(0, count=5, **at).bits[:5] == [False, True, False, True, False]
        assert client.read_coils(0, count=2, **at).bits[:2] == [False, True]
        assert client.read_holding_registers(99, count=2, **at).exception_code == 2
        assert client.write_register(3, 1, **at).exception_code == 2
        assert client.mask_write_register(address=3, and_mask=0, or_mask=1, **at).exception_code == 2
        reply = client.readwrite_registers(read_address=0, read_count=2, write_address=0, values=[5], **at)
        assert reply.exception_code == 2
        assert client.diag_query_data(b"\xa5\x37", **at).message == b"\xa5\x37"
        identity = client.read_device_information(read_code=3, object_id=0, **at).information
        assert (identity[0], identity[2], identity[0x80]) == (b"sigen-bridge", b"1.2.3", b"SN1234567890")
    finally:
        client.close()


def test_pymodbus_commands_the_outputs(bridge):
    client = ModbusSerialClient(bridge.path, baudrate=9600, timeout=HANG_S, retries=0)
    assert client.connect()
    try:
        bridge.printed()
        assert not client.write_coil(0, True, device_id=UNIT).isError()
        assert not client.write_coils(0, [False, True], device_id=UNIT).isError()
        assert bridge.printed() == ["outputs 3", "outputs 2"]
    finally:
        client.close()


def test_mbpoll_reads_own_map_and_sunspec(bridge):
    """Proves: COM-8+, NET-6+"""
    code, said = mbpoll(bridge.path, UNIT, "-t", "4", "-r", "0", "-c", "8", ())
    values = dict(re.findall(r"\[(\d+)\]:\s+(-?\d+)", said))
    assert code == 0 and [values[str(n)] for n in range(8)] == ["2", "49", "10", "2", "1", "0", "60", "0"], said
    code, said = mbpoll(bridge.path, UNIT, "-t", "4:float", "-B", "-r", "1008", "-c", "1", ())
    assert code == 0 and "-1022.5" in said, said
    code, said = mbpoll(bridge.path, UNIT, "-t", "4:hex", "-r", "40000", "-c", "2", ())
    assert code == 0 and "0x5375" in said and "0x6E53" in said, said
    code, said = mbpoll(bridge.path, UNIT, "-t", "1", "-r", "0", "-c", "5", ())
    assert code == 0 and re.findall(r"\]:\s+(\d)", said) == ["0", "1", "0", "1", "0"], said
    code, said = mbpoll(bridge.path, UNIT, "-t", "4", "-r", "100", "-c", "1", ())
    assert "Illegal data address" in said, said
    code, said = mbpoll(bridge.path, UNIT, "-t", "4", "-r", "0", ("7",))
    assert "Illegal data address" in said, said


def test_libmodbus_reads_own_map_and_sunspec(bridge):
    """Proves: COM-8+, NET-6+"""
    with Libmodbus(bridge.path, UNIT) as master:
        assert master.registers(0, 8) == [2, 49, 0b01010, 0b10, 1, 0, 60, 0]
        assert master.registers(1008, 3, function=4) == [*POWER, 3]
        assert len(master.registers(40000, 125)) == 125
        meter = master.registers(40070, 107)
        assert {k: meter[k] for k in METER} == METER
        assert master.bits(0, 5, function=2) == [0, 1, 0, 1, 0]
        bridge.printed()
        master.write_bits(0, [1, 1])
        assert bridge.printed() == ["outputs 3"] and master.bits(0, 2) == [1, 1]
        master.write_bits(0, [0, 1])
        for call in (
            lambda: master.registers(1195, 2),
            lambda: master.registers(65535, 1),
            lambda: master.write_registers(0, [1, 2]),
            lambda: master.mask(0, 0, 1),
            lambda: master.bits(0, 6, function=2),
        ):
            with pytest.raises(Refused) as refused:
                call()
            assert refused.value.code == 2


def test_modbus_serial_reads_own_map_and_sunspec(bridge):
    """Proves: COM-8+, NET-6+"""
    bridge.printed()
    got = modbus_serial("read_registers.js", bridge.path, UNIT)
    assert got["state"][:8] == [2, 49, 0b01010, 0b10, 1, 0, 60, 0]
    assert got["power"][:3] == [*POWER, 3]
    assert got["mark"] == [0x5375, 0x6E53, 1, 66]
    assert {k: got["meter"][k] for k in METER} == METER
    assert got["inputs"][:5] == [False, True, False, True, False] and got["outputs"][:2] == [False, True]
    assert got["beyond"] == got["write"] == {"exception": 2}
    assert bridge.printed() == ["outputs 3", "outputs 2"]
    assert got["identity"]["0"] == "sigen-bridge"
