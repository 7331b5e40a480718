"""The parts of `make run`: the firmware's process, the folder, the screen, the host board's line on a tty."""

import asyncio
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path

import pytest
from bridgectl.device import build
from bridgectl.run.folder import FolderBusy, RunFolder
from bridgectl.run.process import Firmware
from bridgectl.run.screen import draw
from bridgectl.run.session import Session
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.wire import PtyWire
from rich.console import Console


def _alive(pid):
    return Path(f"/proc/{pid}").exists()


class Root:
    """The folder of a firmware that is a few lines of Python."""

    def __init__(self, path, program):
        self.root = self.site = path
        self.log = path / "firmware.log"
        (path / "boot.py").write_text("def start(root):\n    return root\n")
        (path / "main.py").write_text(program)


def test_a_firmware_that_asks_for_a_restart_gets_one(tmp_path):
    program = """
import os, sys
n = len(os.listdir("."))
open("start%d" % n, "w").close()
print("hello")
sys.exit(75 if n < 5 else 3)
"""
    made = Firmware(Root(tmp_path, program), {})
    assert asyncio.run(asyncio.wait_for(made.run(), 20)) == 3
    assert made.starts == 3
    assert list(made.lines) == ["hello"] * 3


def test_a_firmware_that_ignores_the_polite_end_is_killed(tmp_path):
    async def flow():
        made = Firmware(Root(tmp_path, "while True:\n    pass\n"), {})
        task = asyncio.create_task(made.run())
        while made.process is None:
            await asyncio.sleep(0.05)
        os.kill(made.process.pid, signal.SIGSTOP)
        await made.end()
        await asyncio.wait_for(task, 5)
        return made.process.pid

    assert not _alive(asyncio.run(asyncio.wait_for(flow(), 20)))


def test_the_folder_is_the_flash_of_a_provisioned_bridge(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.make({"mqtt_host": "127.0.0.1", "mqtt_port": 1})
    try:
        assert (folder.root / "a.slot").exists()
        assert (folder.root / "boot.py").exists()
        with pytest.raises(FolderBusy):
            RunFolder(tmp_path / "run").make({})
        assert folder.flip(2) and folder.contacts() == [False, True, False, False, False]
        assert not folder.flip(2)
    finally:
        folder.release()


def test_kept_settings_stay_and_the_broker_is_set_anew(tmp_path):
    from store import record

    folder = RunFolder(tmp_path / "run")
    for port in (1, 2):
        folder.make({"mqtt_port": port}, keep=True)
        path = str(folder.root / "data" / "settings")
        stored = record.load(path)
        assert stored["mqtt_port"] == port
        assert stored.get("system_name") == (None if port == 1 else "Home")
        record.save(path, {**stored, "system_name": "Home"})
        folder.release()


# -- screen ------------------------------------------------------------------------


def _drawn(session, width):
    console = Console(width=width, record=True, file=open(os.devnull, "w"))
    console.print(draw(session, 40, width))
    return console.export_text()


@pytest.mark.parametrize("width", [80, 140])
def test_the_screen_shows_what_is_known_and_what_is_not(tmp_path, width):
    async def flow():
        session = Session(folder=tmp_path / "run")
        empty = _drawn(session, width)
        session.watch.connected = True
        session.watch._take_availability(b"online")
        session.watch._take_state(b"not JSON")
        session.watch._take_state(
            b'{"sensor_voltage":231.4,"sensor_power":-1200,"plant_soc":88.5,"di2":"ON","di1":"OFF","sensor_link":"ok",'
            b'"limit":60,"limit_reason":"ripple control","limit_state":"held","led_bat":"charging","uptime":null}'
        )
        session.watch._take_state(b'{"sensor_voltage":null,"sensor_power":-1300,"sensor_link":"ok","di2":"ON"}')
        full = _drawn(session, width)
        await session.end()
        return empty, full

    empty, full = asyncio.run(flow())
    assert "waiting for the first reading" in empty and "never" in empty
    assert "-1300" in full and "suspect" in full and "good" in full
    assert "DI2 ●" in full and "q  quit" in " ".join(full.split("\n")[1:3])


def test_keys_work_on_a_terminal_and_it_is_left_as_it_was(tmp_path):
    outside, inside = pty.openpty()
    before = termios.tcgetattr(inside)
    command = [sys.executable, "-m", "bridgectl.run", "--folder", str(tmp_path / "run"), "--seconds", "40"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "140", "LINES": "45"}
    process = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside, env=environment)
    try:
        _see(outside, "first reading after")
        os.write(outside, b"1")
        _see(outside, "DI1 ●")
        os.write(outside, b"q")
        _see(outside, "host_first_reading_s")
        assert process.wait(10) == 0
        assert termios.tcgetattr(inside)[3] == before[3]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(outside)
        os.close(inside)


def _see(terminal, text, timeout_s=20):
    seen = b""
    deadline_s = time.monotonic() + timeout_s
    while text.encode() not in seen:
        assert time.monotonic() < deadline_s, f"{text!r} did not appear"
        if select.select([terminal], [], [], 0.2)[0]:
            seen = seen[-100000:] + os.read(terminal, 65536)


# -- the host board's line ---------------------------------------------------------

_EXCHANGE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from line import Line
from modbus.wire import rtu
import micropython
line = Line(sys.argv[2], int(sys.argv[3]), "N")
buffer, reply = bytearray(16), bytearray(128)
n = rtu.request(buffer, 1, 4, 0, 38)
def exchange():
    line.send(buffer, n)
    count = 0
    view = memoryview(reply)
    for _ in range(60):
        if line.any():
            count += line.readinto(view[count:], 128 - count)
        time.sleep_ms(5)
    return count
count = 0
print(exchange(), rtu.describe(rtu.check(reply, 0, 81, 1, 4, 38)))
line.any()
micropython.heap_lock()
try:
    line.send(buffer, n)
    time.sleep_ms(150)
    line.any()
    count = line.readinto(reply, 128)
finally:
    micropython.heap_unlock()
print(count, rtu.describe(rtu.check(reply, 0, 81, 1, 4, 38)))
"""


def _exchange(path, baud):
    slot = build.build("host", quiet=True, everything=True)  # its words keep their names
    command = [build.micropython(), "-X", "heapsize=64k", "-c", _EXCHANGE, str(slot), path, str(baud)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.split("\n")[:2]


def test_the_host_boards_line_exchanges_over_a_tty_without_allocating():
    with PtyWire(Meter(House())) as wire:
        assert _exchange(wire.path, 9600) == ["81 ok", "81 ok"]


def test_the_host_boards_line_sets_the_speed_of_the_tty():
    with PtyWire(Meter(House()), baud=2400) as wire:
        assert _exchange(wire.path, 9600)[0] == "0 bad CRC"
        assert wire.counts.misheard == 2


_HEAR = """
import sys, time
sys.path.insert(0, {slot!r})
from line import Line
line = Line({path!r}, 9600, "N")
end = time.ticks_ms() + 20000
buffer = bytearray(8)
while time.ticks_ms() < end:
    if line.any():
        print("heard", bytes(buffer[: line.readinto(buffer, 8)]))
    time.sleep_ms(10)
"""


def test_an_adapter_pulled_out_ends_nothing_and_is_heard_again_when_it_is_back(tmp_path):
    """A port that only listens never sends, so no failed write tells it."""
    slot = build.build("host", quiet=True, everything=True)
    adapter = tmp_path / "ttyUSB0"
    folder = tmp_path / "flash"
    folder.mkdir()

    def plugged():
        adapter.unlink(missing_ok=True)
        ends = pty.openpty()
        tty.setraw(ends[1])
        adapter.symlink_to(os.ttyname(ends[1]))
        return ends

    async def heard(made, end, text):
        while f"heard {text!r}" not in made.lines:
            assert made.process is None or made.process.returncode is None, list(made.lines)
            os.write(end, text)
            await asyncio.sleep(0.1)

    async def flow():
        ends = plugged()
        made = Firmware(Root(folder, _HEAR.format(slot=str(slot), path=str(adapter))), {})
        running = asyncio.create_task(made.run())
        await asyncio.wait_for(heard(made, ends[0], b"one"), 15)
        for end in ends:
            os.close(end)
        adapter.unlink()
        await asyncio.sleep(0.2)
        ends = plugged()
        await asyncio.wait_for(heard(made, ends[0], b"two"), 15)
        assert made.starts == 1
        await made.end()
        await running

    asyncio.run(flow())
