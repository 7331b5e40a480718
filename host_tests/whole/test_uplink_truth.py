"""What the bridge says of its uplink is so: brokers that forget or forbid, Home Assistant's birth, settings that change."""

import asyncio
import contextlib
import json
import time
import urllib.request

import pytest
from bridgectl.run.folder import SN
from brokers import Mosquitto
from patience import HANG_S
from uplink_rig import Ear, bridge

CONFIGS = "homeassistant/device/"
GROUPS = 19


def configs(ear):
    return sum(topic.startswith(CONFIGS) for topic in ear.last)


async def shown(session):
    """Return what the page shows of the uplink."""
    url = f"http://127.0.0.1:{session.http_port}/api/status"
    deadline = time.monotonic() + HANG_S
    while True:
        try:
            read = await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=HANG_S).read())
            return json.loads(read)["uplink"]
        except OSError:  # the portal opens after the uplink
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)


@pytest.mark.proves("NET-4+", "NET-3+")
async def test_what_the_broker_lost_is_announced_again(tmp_path):
    with Mosquitto(tmp_path) as broker:
        async with bridge(tmp_path / "run", broker.port):
            async with Ear(broker.port) as ear:
                await ear.until(lambda: configs(ear) == GROUPS, "discovery")
            broker.stop()  # it keeps nothing: its retained messages are gone
            broker.start()
            async with Ear(broker.port) as ear:
                await ear.until(lambda: configs(ear) == GROUPS, "discovery after the broker came back")
                await ear.until(lambda: ear.state().get("sensor_power") is not None, "a reading")


@pytest.mark.proves("NET-4+")
async def test_home_assistants_birth_brings_discovery_and_one_state_at_once_and_a_new_pace_acts_at_once(tmp_path):
    with Mosquitto(tmp_path) as broker:
        async with bridge(tmp_path / "run", broker.port), Ear(broker.port) as ear:
            await ear.until(lambda: configs(ear) == GROUPS and ear.state().get("sensor_power") is not None, "a start")
            assert (await ear.ask({"publish_ms": 600000}))["ok"]
            await asyncio.sleep(1)
            ear.last.clear()
            await ear.publish("homeassistant/status", b"online")
            await ear.until(lambda: configs(ear) == GROUPS and "sensor_power" in ear.state(), "birth's answer")
            ear.last.clear()
            assert (await ear.ask({"publish_ms": 1000}))["ok"]
            await ear.until(lambda: "sensor_power" in ear.state(), "a state at the new pace")
            components = {}
            assert (await ear.ask({"mqtt_discovery": "ha"}))["ok"]
            await ear.until(lambda: sum(t.startswith("ha/device/") for t in ear.last) == GROUPS, "the other prefix")
            for topic, payload in ear.last.items():
                if topic.startswith("ha/device/"):
                    components |= json.loads(payload)["cmps"]
            assert components["update"]["val_tpl"] == "{{value_json['update']}}"
            assert components["rs485_1"]["en"] is False and components["uplink"]["ent_cat"] == "diagnostic"
            ear.last.clear()
            await ear.publish("ha/status", b"online")
            await ear.until(lambda: sum(t.startswith("ha/device/") for t in ear.last) == GROUPS, "the other birth")


@contextlib.asynccontextmanager
async def forbidding(port):
    """Stand before a broker and turn its SUBACKs into refusals (Debian's mosquitto grants all); yields the port."""

    async def pass_on(reader, writer, forbids):
        while piece := await reader.read(4096):
            if forbids and piece[:2] == b"\x90\x03":
                piece = piece[:4] + b"\x80" + piece[5:]
            writer.write(piece)
        writer.close()

    async def serve(reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await asyncio.gather(pass_on(reader, back, False), pass_on(there, writer, True))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.proves("NET-4+")
async def test_a_broker_that_forbids_to_subscribe_is_told_with_what_to_do(tmp_path):
    with Mosquitto(tmp_path) as broker:
        async with forbidding(broker.port) as port, bridge(tmp_path / "run", port) as session, Ear(broker.port) as ear:
            await ear.until(lambda: "uplink" in ear.state(), "a state")
            await ear.until(lambda: "no command can come in" in ear.state()["uplink"], "the truth over MQTT")
            deadline, allow = time.monotonic() + HANG_S, f"allow the bridge to subscribe to bridge/{SN}/set"
            while allow not in (text := await shown(session)):
                assert time.monotonic() < deadline, text
                await asyncio.sleep(0.2)
