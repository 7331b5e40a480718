"""`bridgectl play` asked by masters that are not ours: pymodbus and Debian's mbpoll, over pseudo-terminals."""

import contextlib
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

import ptys
import pytest
from bench_lines import own_time, played  # noqa: F401 (a fixture)
from bridgectl.bench import play, port
from patience import HANG_S
from pymodbus.client import ModbusSerialClient

MBPOLL = shutil.which("mbpoll")


# What a shell starts in the background inherits that Ctrl-C is ignored.
_PLAY = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from bridgectl.cli import app; app()"


@contextlib.contextmanager
def bridgectl_play(path, *words):
    """Run the real command and yield its process once it plays."""
    command = [sys.executable, "-c", _PLAY, "play", path, *words, "--seconds", str(10 * HANG_S)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("Playing"), line
        yield process
    finally:
        process.kill()
        process.wait(HANG_S)
        process.stdout.close()


@contextlib.contextmanager
def client(path, **options):
    master = ModbusSerialClient(path, baudrate=9600, timeout=HANG_S, retries=0, **options)
    assert master.connect()
    yield master
    master.close()


def as_float(registers):
    return struct.unpack(">f", struct.pack(">HH", *registers))[0]


def mbpoll(path, *words):
    """Ask once with mbpoll; return (exit code, {address: text}, all that it said)."""
    if MBPOLL is None:
        if os.environ.get("CI"):
            pytest.fail("mbpoll is missing: CI installs the Debian package mbpoll")
        pytest.skip("mbpoll is not installed (Debian package mbpoll)")
    command = [MBPOLL, "-m", "rtu", "-b", "9600", "-P", "none", "-0", "-B", "-1", *words[:-1], path, *words[-1]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
    said = done.stdout + done.stderr
    return done.returncode, dict(re.findall(r"^\[(\d+)\]:\s+(\S+)", said, re.M)), said


def test_pymodbus_reads_a_played_meter():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, bridgectl_play(pair.right, "sdm230", "--unit", "7"), client(pair.left) as master:
        volts = as_float(master.read_input_registers(0, count=2, device_id=7).registers)
        hertz = as_float(master.read_input_registers(70, count=2, device_id=7).registers)
        block = master.read_input_registers(0, count=80, device_id=7).registers
        assert master.read_input_registers(1, count=2, device_id=7).exception_code == 2
        assert master.read_input_registers(0, count=81, device_id=7).exception_code == 3
    assert (volts, hertz) == (pytest.approx(230, abs=10), pytest.approx(50, abs=0.1))
    assert len(block) == 80


def test_pymodbus_limits_a_played_plant():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, played(pair.right, "plant") as (_, plant), client(pair.left) as master:
        assert master.read_holding_registers(40042, count=2, device_id=247).registers == [0xFFFF, 0xFFFF]
        assert not master.write_registers(40042, [0, 3000], device_id=247).isError()
        assert master.read_holding_registers(40042, count=2, device_id=247).registers == [0, 3000]
        assert plant.limit_w == 3000
        assert master.write_registers(40043, [0], device_id=247).exception_code == 2


def test_mbpoll_reads_a_played_meter():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, bridgectl_play(pair.right, "sdm120ct") as process:
        code, values, said = mbpoll(pair.left, "-a", "1", "-t", "3:float", "-r", "0", "-c", "4", ())
        assert code == 0, said
        assert float(values["0"]) == pytest.approx(230, abs=10)
        code, _, said = mbpoll(pair.left, "-a", "1", "-t", "3:float", "-r", "400", "-c", "1", ())
        assert (code, "Illegal data address" in said) == (1, True)
        assert process.stdout.readline() == "unit 1: read input 0..7 → 21 bytes\n"
        assert process.stdout.readline() == "unit 1: read input 400..401 → exception 2, illegal data address\n"


def test_mbpoll_writes_the_limit_of_a_played_plant():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, played(pair.right, "plant") as (_, plant):
        code, _, said = mbpoll(pair.left, "-a", "247", "-t", "4:int", "-r", "40042", ("1800",))
        assert code == 0, said
        assert plant.limit_w == 1800
        code, values, said = mbpoll(pair.left, "-a", "247", "-t", "4:int", "-r", "40042", "-c", "1", ())
        assert (code, values) == (0, {"40042": "1800"}), said


@pytest.mark.parametrize("fault", ["silence", "crc", "short", "late"])
def test_a_fault_on_demand_reaches_the_master(fault, own_time):  # noqa: F811
    """Proves: BEN-1"""
    with ptys.Pair() as pair, played(pair.right, "sdm230", fault=fault, every=2) as (player, _):
        with port.Line(pair.left) as line:
            request = bytes.fromhex("01 04 00 00 00 02 71 cb")
            statuses = [line.exchange(request, 2, wait_s).status for wait_s in (HANG_S, 0.3)]
    assert statuses[0] == 0
    assert statuses[1] < 0
    assert player.counts["spoilt"] == 1


def test_the_answer_waits_for_the_think_time():
    with ptys.Pair() as pair, bridgectl_play(pair.right, "sdm230", "--think-ms", "300"), client(pair.left) as master:
        started = time.monotonic()
        master.read_input_registers(0, count=2, device_id=1)
        assert time.monotonic() - started >= 0.3


def test_noise_before_a_request_does_not_stop_the_player(own_time):  # noqa: F811
    """Proves: REL-1+"""
    with ptys.Pair() as pair, played(pair.right, "sdm230") as (player, _), port.Line(pair.left) as line:
        line.send(b"\x00\xff\x01")
        own_time.sleep(0.2)
        line.send(bytes(range(200)))
        request = bytes.fromhex("01 04 00 00 00 02 71 cb")
        assert line.exchange(request, 2, HANG_S).status == 0
        line.send(b"\x00" + request)
        heard, until = b"", own_time.monotonic() + HANG_S
        while len(heard) < 9 and own_time.monotonic() < until:
            heard += line.receive()
        assert heard[:3] == b"\x01\x04\x04"
    assert player.counts["noise_bytes"] >= 200


def test_a_request_in_single_bytes_is_understood(own_time):  # noqa: F811
    with ptys.Pair() as pair, played(pair.right, "sdm230"), port.Line(pair.left) as line:
        for byte in bytes.fromhex("01 04 00 00 00 02 71 cb"):
            line.send(bytes([byte]))
            own_time.sleep(0.02)  # shorter than the silence that ends a frame
        heard = line.listen(0.3)
    assert heard[:3] == b"\x01\x04\x04"


def test_an_adapter_pulled_out_ends_the_player_with_a_message():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, bridgectl_play(pair.right, "sdm230") as process:
        pair.close()
        said, _ = process.communicate(timeout=HANG_S)
        assert process.returncode == 3
    assert "the adapter was pulled out. Plug it in and start again." in said
    assert "Traceback" not in said


def test_ctrl_c_ends_the_player_quietly():
    with ptys.Pair() as pair, bridgectl_play(pair.right, "plant") as process:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=HANG_S)
        assert (process.returncode, said) == (0, "")


def test_json_lines_hold_request_and_answer():
    with ptys.Pair() as pair, port.Line(pair.left) as line:
        command = [sys.executable, "-m", "bridgectl", "play", pair.right, "sdm230", "--json", "--seconds", str(HANG_S)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            request = bytes.fromhex("01 04 00 00 00 02 71 cb")
            until = time.monotonic() + HANG_S
            while line.exchange(request, 2, 0.2).status and time.monotonic() < until:
                pass
            said = process.stdout.readline()
        finally:
            process.kill()
            process.wait(HANG_S)
            process.stdout.close()
    assert said.startswith('{"request": "01040000000271cb", "sent": "010404')


def test_requests_are_told_in_words():
    words = {
        "01 04 00 00 00 02 71 cb": "unit 1: read input 0..1",
        "f7 10 9c 6a 00 02 04 00 00 0b b8 00 00": "unit 247: write 40042..40043 = 0000 0bb8",
        "01 06 00 05 00 01 00 00": "unit 1: write 5 = 1",
        "01 2b 0e 01 00 00 00": "unit 1: function 43",
    }
    assert {k: play.describe_request(bytes.fromhex(k)) for k in words} == words
