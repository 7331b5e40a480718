"""The parts of `make run`: the firmware's process, the folder, the broker, the screen."""

import asyncio
import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from amqtt.client import MQTTClient
from bridgectl.run.broker import EmbeddedBroker
from bridgectl.run.ending import Ending
from bridgectl.run.folder import FolderBusy, RunFolder
from bridgectl.run.process import Firmware
from bridgectl.run.screen import draw
from bridgectl.run.session import Session
from flash_folder import Root
from free_ports import free_port
from patience import HANG_S
from rich.console import Console


def _alive(pid):
    return Path(f"/proc/{pid}").exists()


def test_a_firmware_that_asks_for_a_restart_gets_one(tmp_path):
    program = """
import os, sys
n = len(os.listdir("."))
open("start%d" % n, "w").close()
print("hello")
sys.exit(75 if n < 5 else 3)
"""
    made = Firmware(Root(tmp_path, program), {})
    assert asyncio.run(asyncio.wait_for(made.run(), HANG_S)) == 3
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
        await asyncio.wait_for(task, HANG_S)
        return made.process.pid

    assert not _alive(asyncio.run(asyncio.wait_for(flow(), HANG_S)))


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


# -- broker ------------------------------------------------------------------------


def test_a_client_gets_only_what_is_retained_for_its_own_filter():
    async def client(broker, *filters):
        made = MQTTClient(config={"auto_reconnect": False, "plugins": {}})
        await made.connect(f"mqtt://127.0.0.1:{broker.port}")
        if filters:
            await made.subscribe([(text, 0) for text in filters])
        return made

    async def heard(made):
        try:
            return (await made.deliver_message(1)).topic
        except asyncio.TimeoutError:
            return None

    async def flow():
        broker = EmbeddedBroker(free_port())
        await broker.start()
        sender, all_of_it = await client(broker), await client(broker, "bridge/#")
        await sender.publish("bridge/A/availability", b"online", retain=True, qos=1)
        others = [await client(broker), await client(broker, "other/#"), await client(broker, "bridge/+/availability")]
        found = [await heard(made) for made in (all_of_it, *others)]
        for made in (sender, all_of_it, *others):
            await made.disconnect()
        await broker.stop()
        return found

    assert asyncio.run(flow()) == ["bridge/A/availability", None, None, "bridge/A/availability"]


# -- the end -----------------------------------------------------------------------


def test_an_end_waits_for_nobody_for_ever(tmp_path):
    """A broker, a task and a wire that do not let go."""
    held = [True]
    stuck = threading.Event()

    async def stubborn():
        while held:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    async def flow():
        session = Session(folder=tmp_path / "run")
        session.folder.make({})
        session.broker.stop = stubborn
        session._tasks = [asyncio.create_task(stubborn())]
        session.world._thread = threading.Thread(target=stuck.wait, daemon=True)
        session.world._thread.start()
        await asyncio.sleep(0)
        try:
            await session.end()
        finally:
            held.clear()
            stuck.set()

    asyncio.run(flow())
    RunFolder(tmp_path / "run").make({})  # another run may begin


def test_the_first_signal_asks_for_the_end_and_the_second_one_leaves(monkeypatch):
    async def flow():
        left, ended = [], asyncio.Event()
        monkeypatch.setattr(os, "_exit", left.append)
        end = Ending(asyncio.get_running_loop(), ended)
        end.at_once = [lambda: left.append("terminal"), lambda: left.append("firmware")]
        end.tell(2)
        await asyncio.wait_for(ended.wait(), HANG_S)
        assert left == []
        end.tell(2)
        return left

    assert asyncio.run(flow()) == ["firmware", "terminal", 130]


# -- screen ------------------------------------------------------------------------


def _drawn(session, width, height=40):
    console = Console(width=width, record=True, file=open(os.devnull, "w"))
    console.print(draw(session, height, width))
    return console.export_text()


@pytest.mark.parametrize("width", [80, 140])
def test_the_screen_shows_what_is_known_and_what_is_not(tmp_path, width):
    async def flow():
        session = Session(folder=tmp_path / "run")
        empty = _drawn(session, width)
        session.watch._take_availability(b"online")
        session.known.take("not JSON")
        session.known.take(
            '{"sensor_voltage":231.4,"sensor_power":-1200,"plant_soc":88.5,"di2":"ON","di1":"OFF","sensor_link":"ok",'
            '"limit":60,"limit_reason":"ripple control","limit_state":"held","led_bat":"charging",'
            '"uptime":null,"plant_running_state":"fault of its surroundings"}'
        )
        session.known.take('{"sensor_voltage":null,"sensor_power":-1300,"sensor_link":"ok","di2":"ON"}')
        full = _drawn(session, width)
        await session.end()
        return empty, full

    empty, full = asyncio.run(flow())
    assert "waiting for the first reading" in empty and "never" in empty
    assert "-1300" in full and "suspect" in full and "good" in full and "fault" in full
    assert "DI2 ●" in full and "q  quit" in " ".join(full.split("\n")[1:3])


def test_a_terminal_of_80x24_holds_all_that_matters_and_says_what_is_cut_off(tmp_path):
    async def flow():
        session = Session(folder=tmp_path / "run")
        session.folder.site.mkdir(parents=True)
        (session.folder.site / "hotspot").write_text("SIM-000001")
        state = {"sensor_power": -0.2, "plant_power": 4718, "di2": "ON", "limit": 60, "limit_reason": "DI2"}
        state |= {"limit_state": "held", "led_bat": "charging", "uplink": "connected to 127.0.0.1"}
        session.known.take("\x1e" + json.dumps({"state": state}))
        shown = [_drawn(session, 80, height) for height in (24, 26, 39)]
        await session.end()
        return shown

    small, larger, whole = asyncio.run(flow())
    lines = small.rstrip("\n").split("\n")
    assert len(lines) <= 24 and max(len(line) for line in lines) <= 80
    for text in (
        "4718",
        "DI2 ●",
        "limit 60 %: DI2 (held)",
        "BAT",
        "charging",
        "uplink connected to 127.0.0.1",
        "q  quit",
    ):
        assert text in small, (text, small)
    assert "hotspot SIM-000001 · password simulated-hotspot · http://127.0.0.1:" in small
    assert " -0" not in small
    assert "8 readings and most of the log are cut off: a window of 2" in small
    assert "readings and most of the log are cut off" in larger and "cut off" not in whole


def test_the_screen_believes_the_firmware_and_not_the_broker(tmp_path):
    async def flow():
        session = Session(folder=tmp_path / "run")
        session.known.take('\x1e{"state":{"sensor_voltage":231.4,"sensor_link":"ok","uplink":"no broker answers"}}')
        session.watch.known.take('{"sensor_voltage":99.9}')
        session.watch.connected = False
        shown = _drawn(session, 140)
        session.known.state_s -= 4  # for so long the firmware has not answered
        later = _drawn(session, 140)
        await session.end()
        return shown, later

    shown, later = asyncio.run(flow())
    assert "231.4" in shown and "good" in shown and "uplink no broker answers" in shown and "99.9" not in shown
    assert "the firmware does not answer" in later and "stale" in later and "good" not in later


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
        assert process.wait(HANG_S) == 0
        assert termios.tcgetattr(inside)[3] == before[3]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(outside)
        os.close(inside)


def _see(terminal, text, timeout_s=HANG_S):
    seen = b""
    deadline_s = time.monotonic() + timeout_s
    while text.encode() not in seen:
        assert time.monotonic() < deadline_s, f"{text!r} did not appear"
        if select.select([terminal], [], [], 0.2)[0]:
            seen = seen[-100000:] + os.read(terminal, 65536)
