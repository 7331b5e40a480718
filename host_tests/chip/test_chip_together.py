"""Roles together on the official Pico W image: WLAN, broker, two gateways with their clients, and clients too many."""

import asyncio
import contextlib
import json

import pytest
from amqtt.client import MQTTClient
from bridgectl.emulator import profiles, radio
from bridgectl.run.broker import LOOPBACK

_CONFIG = {"auto_reconnect": False, "keep_alive": 60, "connection_timeout": 30, "plugins": {}}
_TOPIC = "bridge/EMU0000001/"
_READ = bytes.fromhex("000200000006010400000002")  # two registers of unit 1
_PORTS = (502, 503)
_COMMANDS = 6


@pytest.mark.slow
def test_commands_and_clients_too_many_harm_nobody():
    """Each gateway has its one client. Six others come, and six commands, each a setting and an output, one upon the other.

    Every command is answered, if only by "no memory"; the first clients have answers, the broker states, and nothing died.
    Proves: REL-2+, NET-6+
    """
    asyncio.run(_story())


async def _story():
    async with profiles.gateways(profiles.Setup()) as (rig, watch):
        resets, states = len(rig.chip.resets), watch.states
        answers = []
        client = MQTTClient(config=_CONFIG)
        await client.connect(f"mqtt://{LOOPBACK}:{rig.broker_port}")
        await client.subscribe([(_TOPIC + "result", 0)])
        hearing = asyncio.create_task(_hear(client, answers))
        others = [rig.bridge.caller.call(port) for port in _PORTS * 3]
        for n in range(_COMMANDS):
            command = {"id": n, "led_brightness": 20 + n, "do1": n % 2 == 0}
            await client.publish(_TOPIC + "set", json.dumps(command).encode(), 0)
            await _pass_ms(rig, 400)
        for call in rig.calls:
            call.received.clear()
            call.send(_READ)
        await radio.run(
            rig,
            lambda: (
                len(answers) >= _COMMANDS and all(call.received for call in rig.calls) and watch.states > states + 3
            ),
            30000,
        )
        hearing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await hearing
        await client.disconnect()
    assert sorted(answer["id"] for answer in answers) == list(range(_COMMANDS))
    for answer in answers:
        assert answer["ok"] or set(answer["errors"]) <= {"message", "memory", "do1"}, answer
    assert not any(call.received for call in others)
    assert len(rig.chip.resets) == resets
    assert "Traceback" not in rig.console.text and "has not beaten" not in rig.console.text
    assert (watch.known.state["sensor_link"], watch.known.state["plant_link"]) == ("ok", "ok")


async def _hear(client, answers):
    while True:
        message = await client.deliver_message()
        answers.append(json.loads(bytes(message.data)))


async def _pass_ms(rig, ms):
    end_ms = rig.now_ms + ms
    await radio.run(rig, lambda: rig.now_ms >= end_ms, ms + 1000)
