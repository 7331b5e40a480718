"""The way to a broker over real sockets: the unix port on one side, this test on the other."""

import errno
import os
import socket
import subprocess
import time

import pytest
from bridgectl import firmware
from bridgectl.device import build
from free_ports import free_port
from patience import HANG_S

ROOT = firmware.ROOT


@pytest.fixture
def listener():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        s.settimeout(HANG_S)
        yield s


def dial(port, what):
    path = [ROOT / "host_tests" / "rigs" / "unix", ROOT / "build" / "all" / "host"]
    return subprocess.Popen(
        [build.micropython(), str(ROOT / "host_tests" / "rigs" / "unix" / "mqtt_dial.py"), str(port), str(what)],
        env={**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said(process):
    try:
        return process.communicate(timeout=HANG_S)[0].splitlines()
    finally:
        process.kill()


def test_reads_and_writes_return_at_once_and_the_end_is_a_zero(listener, slot):
    process = dial(listener.getsockname()[1], 5000)
    other, _ = listener.accept()
    assert other.recv(10) == b"hello"
    time.sleep(0.3)
    other.sendall(b"abcde")
    time.sleep(0.3)
    other.close()
    lines = said(process)
    assert lines[0].startswith("open") and lines[1] == "wrote 5" and lines[-1] == "end"
    assert lines.count("read None") >= 2
    assert [line for line in lines if line.startswith("read b")] == ["read b'abc'", "read b'de'"]


def test_a_refused_connection_is_told_by_the_first_write(slot):
    lines = said(dial(free_port(), 5000))
    assert lines[-1].split()[:2] == ["error", str(errno.ECONNREFUSED)]


def test_a_peer_that_never_answers_is_given_up_in_time_while_the_loop_goes_on(listener, slot):
    """The listener's queue is full, so the system answers no further connection: as a dead route does."""
    port = listener.getsockname()[1]
    waiting = []
    for _ in range(200):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
        waiting.append(s)
    lines = said(dial(port, 700))
    for s in waiting:
        s.close()
    if lines[0].startswith("open"):
        pytest.fail("this system accepts beyond the queue's length")
    word, number, beats, took_ms = lines[-1].split()
    assert (word, number) == ("error", str(errno.ETIMEDOUT))
    assert int(beats) > 1  # a loop that waited for it would have one
    assert 700 <= int(took_ms) < 60_000  # the system itself gives up after two minutes


def test_an_idle_turn_of_a_connected_client_allocates_nothing(listener, slot):
    """Proven under a locked heap: a thousand turns of a connection without traffic.

    Proves: REL-2+
    """
    process = dial(listener.getsockname()[1], "turns")
    other, _ = listener.accept()
    assert other.recv(100).startswith(b"\x10")
    other.sendall(b"\x20\x02\x00\x00")
    assert said(process) == ["quiet"]
    other.close()
