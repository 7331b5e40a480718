"""The whole bridge and real brokers: state, discovery, commands with their answers, refusals, the last will."""

import io
import json
import os

import pytest
from bridgectl.replay import report
from bridgectl.run.folder import SN
from brokers import Amqtt, Mosquitto
from uplink_rig import Ear, bridge


async def _whole_story(tmp_path, broker):
    async with Ear(broker.port) as ear:
        await ear.say("set", b'{"do1": true}', retain=True)  # left there yesterday; a broker marks it as retained
        async with bridge(tmp_path / "run", broker.port) as session:
            await _life(ear, session)


async def _life(ear, session):
    await ear.until(lambda: ear.last.get(f"bridge/{SN}/availability") == b"online", "not online")
    await ear.until(lambda: ear.state().get("sensor_power") is not None, "no reading")
    await ear.until(lambda: ear.results, "no answer to the retained command")
    assert "retain" in ear.results[0]["errors"]["message"]
    assert ear.state()["do1"] == "OFF"
    configs = "homeassistant/device/"
    await ear.until(lambda: sum(t.startswith(configs) for t in ear.last) == 19, "not all of the discovery")
    components = {}
    for topic, payload in ear.last.items():
        if topic.startswith(configs):
            components |= json.loads(payload)["cmps"]
    assert components["do1"]["p"] == "switch"
    assert components["sensor_power"]["dev_cla"] == "power"

    # Home Assistant's switch sends exactly what the discovery told it to.
    assert (await ear.ask(components["do1"]["pl_on"].encode()))["ok"] is True
    assert session.folder.text("outputs")[0] == "1"
    await ear.until(lambda: ear.state()["do1"] == "ON", "switch state")
    answer = await ear.ask({"do1": False, "do2": True, "id": "both"})
    assert (answer["ok"], answer["do1"], answer["do2"], answer["id"]) == (True, False, True, "both")

    answer = await ear.ask({"rs485_2_baud": 19200})
    assert "9600" in answer["errors"]["rs485_2_baud"]
    assert "message" in (await ear.ask(b"on"))["errors"]
    assert "do9" in (await ear.ask({"do9": True}))["errors"]
    await ear.say("set", b'{"do1": true, "x": "' + b"y" * 5000 + b'"}')
    await ear.until(lambda: "too long" in str(ear.results[-1]), "no answer to a huge message")
    assert ear.state()["do1"] == "OFF"

    assert (await ear.ask({"recording": True, "id": 5})) == {"id": 5, "ok": True, "recording": True}
    await ear.until(lambda: '"end"' in ear.recording, "no recording")
    text = io.StringIO()
    assert report.run_text(ear.recording, text), text.getvalue()
    assert "the broker commands DO1 open, DO2 closed\n" in text.getvalue()

    assert (await ear.ask({"publish_ms": 500}))["ok"] is True
    os.kill(session.firmware.process.pid, 9)
    session.firmware.ending = True
    await ear.until(lambda: ear.last.get(f"bridge/{SN}/availability") == b"offline", "no last will")


async def test_the_bridge_on_mosquitto_reports_obeys_refuses_and_leaves_its_will(tmp_path):
    """Proves: NET-4+, COM-1, COM-2, SEC-1+"""
    if not Mosquitto.available:
        pytest.skip("mosquitto is not installed")
    with Mosquitto(tmp_path) as broker:
        await _whole_story(tmp_path, broker)


async def test_the_bridge_on_amqtt_reports_obeys_refuses_and_leaves_its_will(tmp_path):
    """Proves: NET-4+"""
    with Amqtt(tmp_path) as broker:
        await _whole_story(tmp_path, broker)
