"""The serial line of the bench: what is said when a port cannot be used, and replies in rough company."""

import errno
import os
import subprocess
import sys
import threading

import ptys
import pytest
from bench_lines import own_time  # noqa: F401 (a fixture)
from bridgectl.bench import port
from bridgectl.cli import app
from hypothesis import given
from hypothesis import strategies as st
from modbus.wire import rtu
from patience import HANG_S
from typer.testing import CliRunner

REQUEST = bytes.fromhex("01 04 00 00 00 02 71 cb")
REPLY = bytes.fromhex("01 04 04 43 66 33 34 1b 38")


def bridgectl(*words):
    return CliRunner().invoke(app, [str(w) for w in words])


def judged(raw):
    return port.judge(raw, REQUEST, 1, 4, 2)


def test_a_missing_port_is_answered_with_those_that_are_there(monkeypatch):
    """Proves: BEN-1"""
    monkeypatch.setattr(port, "ports", lambda: [("/dev/ttyUSB7", "FT232R USB UART")])
    done = bridgectl("read", "/dev/ttyUSB9", "--model", "sdm230")
    assert done.exit_code == 3
    assert done.stderr == "There is no port /dev/ttyUSB9. Ports here: /dev/ttyUSB7 (FT232R USB UART).\n"


def test_a_busy_port_names_the_way_to_its_user():
    """Proves: BEN-1"""
    with ptys.Pair() as pair, port.Line(pair.left):
        done = bridgectl("scan", pair.left)
    assert done.exit_code == 3
    assert f"{pair.left} is busy: another program has it open." in done.stderr
    assert f"fuser -v {pair.left}" in done.stderr


def test_a_missing_permission_names_the_group(tmp_path):
    """Proves: BEN-1"""
    said = port.explain("/dev/no-such-port", errno.EACCES, "Permission denied")
    assert "belongs to the group dialout" in said
    assert "sudo usermod -aG dialout $USER" in said
    mine = tmp_path / "tty"
    mine.touch()
    import grp

    gid = os.getgid() or grp.getgrnam("dialout").gr_gid
    os.chown(mine, -1, gid)
    assert f"-aG {grp.getgrgid(gid).gr_name} $USER" in port.explain(str(mine), errno.EACCES, "")


def test_nobody_is_advised_to_join_the_group_root(monkeypatch):
    monkeypatch.setattr(port, "_group", lambda path: "root")
    said = port.explain("/dev/ttyS0", errno.EACCES, "Permission denied")
    assert said.startswith("No permission to use /dev/ttyS0: it belongs to root alone.") and "usermod" not in said


def test_a_file_is_not_taken_for_a_port(tmp_path):
    """Proves: BEN-1"""
    path = tmp_path / "meter.txt"
    path.write_text("kept")
    done = bridgectl("play", path, "sdm230")
    assert done.exit_code == 3
    assert f"{path} is not a serial port" in done.stderr
    assert path.read_text() == "kept"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("read", "/dev/x", "--model", "sdm630"), "model 'sdm630' is unknown; known: sdm230, sdm120ct, plant"),
        (("play", "/dev/x", "sdm630"), "model 'sdm630' is unknown; known: sdm230, sdm120ct, plant"),
        (("play", "/dev/x", "sdm230", "--fault", "fire"), "fault 'fire' is unknown; known: none, silence, crc"),
        (("read", "/dev/x", "--model", "sdm230", "--unit", "0"), "--unit 0: Modbus addresses are 1 to 247"),
        (("read", "/dev/x", "--model", "sdm230", "--unit", "248"), "--unit 248: Modbus addresses are 1 to 247"),
        (("read", "/dev/x", "--model", "sdm230", "--baud", "19200"), "runs at 9600 bps at most (cable up to 1000 m)"),
        (("play", "/dev/x", "plant", "--baud", "9601"), "runs at 9600 bps at most"),
        (("read", "/dev/x", "--model", "sdm230", "--baud", "300"), "must be one of 1200, 2400, 4800, 9600"),
        (("read", "/dev/x", "--model", "sdm230", "--parity", "M"), "must be one of N, E, O"),
    ],
)
def test_wrong_use_is_refused_before_the_port_is_touched(words, said):
    """Proves: BEN-1"""
    done = bridgectl(*words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_setting_that_the_adapter_refuses_is_told():
    """Proves: BEN-1"""
    with ptys.Pair() as pair:
        with (
            port.Line(pair.left) as line,
            pytest.raises(port.SettingError, match="does not take 9600 bit/s with parity E"),
        ):
            line.configure(9600, "E")


def test_somebody_who_talks_without_end_does_not_hold_an_exchange(own_time):  # noqa: F811
    """Proves: REL-1+"""
    stop = threading.Event()
    with ptys.Pair() as pair, port.Line(pair.left) as line:

        def talk():
            while not stop.is_set():
                pair.write_left(b"\x55")
                own_time.sleep(0.02)

        thread = own_time.thread(talk)
        exchange = line.exchange(REQUEST, 2, 0.1)
        talks_on = thread.is_alive()
        stop.set()
        with own_time.away():
            thread.join(HANG_S)
    assert exchange.status < 0
    assert talks_on


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "bridgectl", "read", "/dev/no-such-port", "--model", "plant"],
        capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.startswith("There is no port /dev/no-such-port.")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("raw", "status", "echo", "glitches"),
    [
        (REPLY, rtu.OK, False, 0),
        (b"\x00" + REPLY, rtu.OK, False, 1),
        (REQUEST + REPLY, rtu.OK, True, 0),
        (REQUEST + b"\x00\xff" + REPLY, rtu.OK, True, 2),
        (REPLY + b"\x00", rtu.OK, False, 0),
        (REQUEST, rtu.SILENT, True, 0),
        (REPLY[:-2], rtu.SHORT, False, 0),
        (REPLY[:3], rtu.SHORT, False, 0),
        (REPLY[:-1] + b"\x00", rtu.BAD_CRC, False, 0),
        (b"", rtu.SILENT, False, 0),
    ],
)
def test_a_reply_is_found_among_echo_and_stray_bytes(raw, status, echo, glitches):
    exchange = judged(raw)
    assert (exchange.status, exchange.echo, exchange.glitches) == (status, echo, glitches)
    assert exchange.frame == (REPLY if status == rtu.OK else exchange.frame)


def test_the_reply_to_a_write_is_not_taken_for_an_echo():
    write = bytes.fromhex("01 06 00 05 00 01 58 0b")
    assert port.judge(write, write, 1, 6, 1).status == rtu.OK
    twice = port.judge(write + write, write, 1, 6, 1)
    assert (twice.status, twice.echo) == (rtu.OK, True)


@given(st.binary(max_size=300))
def test_rubbish_is_judged_without_an_error(raw):
    """Proves: REL-1+"""
    exchange = judged(raw)
    assert exchange.status < 0 or exchange.frame in raw
