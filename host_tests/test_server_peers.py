"""The bridge in the role `server`, a process at a pseudo-terminal, and masters of others that read it."""

import os
import queue
import re
import struct
import subprocess
import threading
import time
import types

import ptys
import pytest
from bridgectl import firmware
from conftest import micropython
from modbus_peers import Libmodbus, Refused, mbpoll, modbus_serial
from pymodbus.client import ModbusSerialClient

firmware.load()

from modbus import rtu  # noqa: E402

UNIT = 17
POWER = struct.unpack(">HH", struct.pack(">f", -1022.5))
METER = {2: 450, 7: 2313, 16: 4998, 18: 0x10000 - 1023, 38: 4210250 >> 16, 39: 4210250 & 0xFFFF, 4: 0x8000, 54: 0}


@pytest.fixture(scope="module")
def bridge(slot):
    """A running bridge: `path` of its line, `printed()` what it printed since the last call."""
    with ptys.Pair() as pair:
        path = f"{slot}:.frozen"  # not the mocks: its clock is the real one
        environment = {**os.environ, "MICROPYPATH": path, "BRIDGE_RS485_1": pair.right}
        command = [micropython(), "-X", "heapsize=512k", "host_tests/unix/serve_registers.py", str(UNIT)]
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=slot.parent.parent,
        )
        lines = queue.Queue()
        reader = threading.Thread(target=lambda: [lines.put(line.strip()) for line in process.stdout], daemon=True)
        reader.start()
        assert lines.get(timeout=20) == "ready"

        def printed():
            time.sleep(0.1)
            return [lines.get() for _ in range(lines.qsize())]

        yield types.SimpleNamespace(path=pair.left, pair=pair, printed=printed)
        process.kill()
        process.wait(10)
        reader.join(10)


@pytest.fixture
def wire(bridge):
    """Raw frames: ask(hexadecimal PDU) -> reply PDU as hexadecimal, "" = silence."""
    fd = os.open(bridge.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    yield types.SimpleNamespace(
        fd=fd, ask=lambda *a, **k: ask(fd, *a, **k), put=lambda b: os.write(fd, b), hear=lambda s=0.3: hear(fd, s)
    )
    os.close(fd)


def sealed(content):
    out = bytearray(content) + bytearray(2)
    rtu.seal(out, len(content))
    return bytes(out)


def hear(fd, silence_s=0.3):
    """Return what comes until nothing comes for silence_s."""
    found, quiet_at = b"", time.monotonic() + silence_s
    while time.monotonic() < quiet_at:
        try:
            piece = os.read(fd, 512)
        except BlockingIOError:
            time.sleep(0.005)
            continue
        found += piece
        quiet_at = time.monotonic() + 0.06
    return found


def ask(fd, pdu, unit=UNIT, silence_s=1.0):
    os.write(fd, sealed(bytes([unit]) + bytes.fromhex(pdu)))
    reply = hear(fd, silence_s)
    time.sleep(0.3 if len(reply) > 100 else 0.03)  # the bridge's line is still busy for the time of the frame
    if not reply:
        return ""
    assert reply == sealed(reply[:-2]) and reply[0] == unit
    return reply[1:-2].hex()


# -- peers ---------------------------------------------------------------------


def test_pymodbus_reads_own_map_and_sunspec(bridge):
    """Proves: COM-8+, NET-6+"""
    client = ModbusSerialClient(bridge.path, baudrate=9600, timeout=2, retries=0)
    assert client.connect()
    try:
        at = {"device_id": UNIT}
        state = client.read_holding_registers(0, count=100, **at).registers
        assert state[:8] == [1, 48, 0b01010, 0b10, 1, 0, 60, 0]
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
    client = ModbusSerialClient(bridge.path, baudrate=9600, timeout=2, retries=0)
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
    assert code == 0 and [values[str(n)] for n in range(8)] == ["1", "48", "10", "2", "1", "0", "60", "0"], said
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
        assert master.registers(0, 8) == [1, 48, 0b01010, 0b10, 1, 0, 60, 0]
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
            lambda: master.registers(1191, 2),
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
    assert got["state"][:8] == [1, 48, 0b01010, 0b10, 1, 0, 60, 0]
    assert got["power"][:3] == [*POWER, 3]
    assert got["mark"] == [0x5375, 0x6E53, 1, 66]
    assert {k: got["meter"][k] for k in METER} == METER
    assert got["inputs"][:5] == [False, True, False, True, False] and got["outputs"][:2] == [False, True]
    assert got["beyond"] == got["write"] == {"exception": 2}
    assert bridge.printed() == ["outputs 3", "outputs 2"]
    assert got["identity"]["0"] == "sigen-bridge"


# -- what the specification demands, point by point of facts.md 4.4 ------------


def test_only_the_own_unit_and_broadcasts_count(bridge, wire):
    """Proves: COM-8+"""
    for unit in (1, 16, 18, 247, 248, 255):
        assert wire.ask("0300000001", unit, 0.15) == ""
    bridge.printed()
    assert wire.ask("0f0000000201" + "03", 0, 0.15) == ""
    assert bridge.printed() == ["outputs 3"]
    assert wire.ask("0f000000020102", 0, 0.15) == ""
    assert wire.ask("0300000001") == "03020001"


def test_damaged_frames_get_no_answer_and_the_next_one_does(bridge, wire):
    """Proves: COM-8+, REL-1+"""
    good = sealed(bytes([UNIT]) + bytes.fromhex("0300000001"))
    reply = sealed(bytes([UNIT]) + bytes.fromhex("03020001"))
    for i in range(len(good)):
        wire.put(good[:i] + bytes([good[i] ^ 0x10]) + good[i + 1 :])
        assert wire.hear(0.1) == b""
    for noise in (b"\x00", good[:5], bytes(range(100, 160)), b"\xff" * 400):
        wire.put(noise)
        assert wire.hear(0.1) == b""
        wire.put(good)
        assert wire.hear() == reply
        time.sleep(0.05)
    wire.put(good[:4])
    time.sleep(0.15)  # beyond any gap that an adapter makes
    wire.put(good[4:])
    assert wire.hear(0.2) == b""


def test_frames_in_one_piece_are_parted(bridge, wire):
    """Proves: COM-8+"""
    theirs = sealed(bytes.fromhex("050300000002")) + sealed(bytes.fromhex("05030400010002"))
    wire.put(theirs + sealed(bytes([UNIT]) + bytes.fromhex("0300000001")))
    assert wire.hear() == sealed(bytes([UNIT]) + bytes.fromhex("03020001"))


BOUNDARIES = (
    ("0300000000", 3), ("0300000001", 0), ("039c40007d", 0), ("030000007e", 3), ("0300000065", 2),
    ("0400000000", 3), ("0400000001", 0), ("049c40007d", 0), ("040000007e", 3), ("04ffff0002", 2), ("03ffff0001", 2),
    ("0100000000", 3), ("0100000002", 0), ("0100000003", 2), ("01000007d0", 2), ("01000007d1", 3),
    ("0200000005", 0), ("0200000006", 2), ("02000007d1", 3),
    ("0600000000", 2), ("06ffffffff", 2),
    ("0500000001", 3), ("050000fe00", 3), ("0500020000", 2), ("050002ff00", 2),
    ("0f000000000100", 3), ("0f000007b1f7" + "00" * 247, 3), ("0f000007b0f6" + "00" * 246, 2), ("0f000000020200", 3),
    ("100000000000", 3), ("10000000010200" + "01", 2),
    ("100000007bf6" + "00" * 246, 2), ("100000007cf8" + "00" * 247, 3),
    ("1000000002020001", 3), ("10ffff00020400010002", 2),
    ("1600000000ffff", 2), ("16ffff", 2),
    ("17000000010000000102" + "0001", 2), ("170000007e0000000102" + "0001", 3),
    ("170000000100000079f2" + "00" * 242, 2),
    ("17000000010000007af4" + "00" * 242, 3),
    ("07", 1), ("0b", 1), ("0c", 1), ("11", 1), ("14", 1), ("18ffff", 1), ("41", 1), ("64", 1), ("7f", 1),
    ("0800030000", 1), ("08000b0001", 3), ("2b0d0000", 1), ("2b0e0000", 3), ("2b0e0407", 2),
)  # fmt: skip


@pytest.mark.parametrize(("pdu", "code"), BOUNDARIES, ids=[row[0][:16] for row in BOUNDARIES])
def test_quantities_at_and_beyond_their_limits(wire, pdu, code):
    """Proves: COM-8+"""
    reply = wire.ask(pdu)
    if code:
        assert reply == f"{int(pdu[:2], 16) | 0x80:02x}{code:02x}"
    else:
        assert reply[:2] == pdu[:2] and len(reply) > 4


def test_the_longest_frame_goes_both_ways(wire):
    """Proves: COM-8+"""
    echo = "080000" + "a5" * 250
    assert wire.ask(echo, silence_s=1.5) == echo


def test_diagnostics_count_and_listen_only_holds(bridge, wire):
    """Proves: COM-8+"""
    assert wire.ask("080000a537") == "080000a537"
    assert wire.ask("08000a0000") == "08000a0000"
    wire.ask("03ffff0001")
    wire.ask("0300000001", 99, 0.15)
    # messages, errors, exceptions, addressed, unanswered
    assert [wire.ask(f"08000{n:x}0000")[-4:] for n in (11, 12, 13, 14, 15)] == ["0003", "0000", "0001", "0005", "0000"]
    assert wire.ask("0800040000", silence_s=0.2) == ""
    bridge.printed()
    for pdu in ("0300000001", "080000a537", "050000ff00", "080001ffff"):
        assert wire.ask(pdu, silence_s=0.15) == ""
    assert bridge.printed() == []
    assert wire.ask("0800010000", silence_s=0.2) == ""
    assert wire.ask("0300000001") == "03020001"


def test_identification_comes_page_by_page(wire):
    """Proves: COM-8+"""
    found, first, pages = {}, 0, 0
    while True:
        reply = bytes.fromhex(wire.ask(f"2b0e03{first:02x}"))
        assert reply[:3] == b"\x2b\x0e\x03" and reply[3] == 0x83
        at = 7
        for _ in range(reply[6]):
            found[reply[at]] = reply[at + 2 : at + 2 + reply[at + 1]]
            at += 2 + reply[at + 1]
        pages += 1
        assert at == len(reply) and pages < 9
        if not reply[4]:
            break
        first = reply[5]
    assert found[0] == b"sigen-bridge" and found[2] == b"1.2.3" and found[0x80] == b"SN1234567890"
    assert wire.ask("2b0e0480") == "2b0e0483000001800c" + b"SN1234567890".hex()
