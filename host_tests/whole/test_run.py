"""`make run` from outside: the real firmware, the simulated site, the embedded broker, and an end without leftovers."""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.wire import PtyWire
from free_ports import free_port
from patience import HANG_S


class Run:
    """A `python -m bridgectl.run --plain` that is read line by line and commanded by keys."""

    def __init__(self, folder, *arguments):
        command = [sys.executable, "-m", "bridgectl.run", "--plain", "--folder", str(folder), *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
        )
        self.lines = []
        self._queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._queue.put(line.rstrip())
        self._queue.put(None)

    def wait_for(self, pattern, timeout_s=HANG_S):
        """Return the match of the first new line that has the pattern."""
        deadline_s = time.monotonic() + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                line = self._queue.get(timeout=left_s)
            except queue.Empty:
                break
            if line is None:
                break
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"no line with {pattern!r} in:\n" + "\n".join(self.lines[-60:]))

    def press(self, key):
        self.process.stdin.write(key + "\n")

    def children(self):
        """Return the process ids of everything that it started."""
        found = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
        return found

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(HANG_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture
def run(tmp_path):
    made = []

    def start(*arguments):
        made.append(Run(tmp_path / "run", *arguments))
        return made[-1]

    yield start
    for one in made:
        one.end()


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_the_whole_bridge_runs_reads_limits_and_recovers(run):
    """Proves: BEN-3+, DRM-1, PLA-2+, SEN-4+, NET-3+"""
    it = run("--seconds", str(10 * HANG_S))
    it.wait_for(r"first reading after ([\d.]+) s")  # within three: mp_flow_values.py, and on the emulated chip
    it.wait_for("limit_state held")
    it.wait_for(r"values sensor_voltage=2\d\d")

    it.press("2")
    it.wait_for("plant's limit 3600 W")  # within 1.5 s: mp_flow_grid.py, and on the emulated chip
    it.wait_for("limit_state held")
    it.press("2")
    it.wait_for("plant's limit released")

    it.press("m")
    both = "broker stopped|uplink: lost"  # the firmware may be the first to tell
    assert {it.wait_for(both)[0], it.wait_for(both)[0]} == set(both.split("|"))
    it.wait_for(r"values sensor_voltage=2\d\d")  # what the firmware knows does not come by the broker
    it.press("m")
    it.wait_for("broker started")
    it.wait_for("uplink: connected")
    it.wait_for(r"values sensor_voltage=2\d\d")

    it.press("s")
    it.wait_for("sensor silent")
    it.wait_for("values sensor_voltage=stale")
    it.press("s")
    it.wait_for("sensor_link noisy|sensor_link ok")
    it.press("s")
    it.wait_for("sensor lying")
    it.wait_for("values sensor_voltage=suspect sensor_power=suspect")
    it.press("s")
    it.wait_for("sensor ok")
    it.wait_for(r"values sensor_voltage=2\d\d")

    it.press("p")
    it.wait_for("plant_link silent")
    it.press("p")
    it.wait_for("plant_link ok")
    it.press("?")
    it.wait_for("no command '\\?'")

    it.press("q")
    figure = json.loads(it.wait_for(r"\{.*host_first_reading_s.*")[0])
    assert figure["unit"] == "s"
    assert it.process.wait(HANG_S) == 0
    print(json.dumps(figure))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_that_was_started(run, end):
    it = run()
    port = int(it.wait_for(r"broker 127\.0\.0\.1:(\d+)")[1])
    it.wait_for("first reading")
    children = it.children()
    assert children and all(_alive(pid) for pid in children)
    assert _listens(port)
    it.process.send_signal(end)
    assert it.process.wait(HANG_S) == 0
    # Its ports went with its processes; another run may have taken the broker's usual one by now.
    assert not any(_alive(pid) for pid in children)


def test_who_asks_a_second_time_while_it_ends_is_obeyed_at_once(run):
    """Two signals that differ, for two of a kind may become one. The firmware is held up: an end in order has to wait."""
    it = run()
    it.wait_for("first reading")
    children = it.children()
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    it.process.send_signal(signal.SIGINT)
    it.process.send_signal(signal.SIGTERM)
    assert it.process.wait(HANG_S) in (128 + signal.SIGINT, 128 + signal.SIGTERM)  # whichever came to be handled second
    until_s = time.monotonic() + HANG_S  # who was killed dies when the machine comes to it
    while any(_alive(pid) for pid in children):
        assert time.monotonic() < until_s
        time.sleep(0.05)
    again = run()  # the lock of the folder has gone
    again.wait_for("broker 127")


def test_it_ends_by_itself_after_its_seconds(run):
    it = run("--seconds", "2")
    assert it.process.wait(HANG_S) == 0


def test_a_second_run_in_the_same_folder_is_refused(run):
    first = run()
    first.wait_for("broker 127")
    second = run()
    assert second.process.wait(HANG_S) == 2
    second.wait_for("another run uses")
    assert first.process.poll() is None


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--sensor", "/dev/no-such-tty"), "no such port"),
        (("--plant", "/dev/no-such-tty"), "no such port"),
        (("--broker", "host:99999"), "port 1 to 65535"),
        (("--broker", ":1883"), "must be HOST:PORT"),
    ],
)
def test_wrong_arguments_are_refused_with_the_rule(run, arguments, text):
    it = run(*arguments)
    assert it.process.wait(HANG_S) != 0
    it.wait_for(text)


def test_an_adapter_in_place_of_the_simulated_sensor_and_a_foreign_broker(run):
    """Proves: BEN-3+"""
    with PtyWire(Meter(House(), "sdm230"), in_lumps=True) as adapter:
        port = free_port()
        it = run("--sensor", adapter.path, "--broker", f"127.0.0.1:{port}", "--seconds", str(10 * HANG_S))
        it.wait_for("rs485-2: master: link ok")
        it.press("s")
        it.wait_for("the sensor is a real one")
        it.press("m")
        it.wait_for("the broker is not ours")
        assert adapter.counts.answers > 0
        it.press("q")
        assert it.process.wait(HANG_S) == 0
