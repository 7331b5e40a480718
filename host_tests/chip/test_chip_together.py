"""Roles together on the official Pico W image: WLAN, broker, two gateways with a client each, all that comes at once.

One board for both tests, for a boot with a WLAN is dear: what it needs is measured before all comes at once.
"""

import asyncio
import contextlib
import json

import pytest
from amqtt.client import MQTTClient
from bridgectl.emulator import profiles, radio, scenario
from bridgectl.run.broker import LOOPBACK
from budgets import check_budget

_CONFIG = {"auto_reconnect": False, "keep_alive": 60, "connection_timeout": 30, "plugins": {}}
_TOPIC = "bridge/EMU0000001/"
_PLANT_READ = bytes.fromhex("000200000006f704754f0001")  # 30031 of unit 247
_SENSOR_READ = bytes.fromhex("000200000006010400000002")  # two registers of unit 1
_PORTS = (502, 503)
_COMMANDS = 6
_APART_MS = 20
# From the contact to the plant's taking the limit: it settles and is sampled; one command is under way and obeyed to its
# end; the plant was asked just before and is left alone for its second; when that is over another command is under way.
# The loops that hand the limit on look each 10, 50 and 15 ms, and the write is 14 ms long.
_SEEN_MS, _COMMAND_MS, _EXCHANGE_MS, _LOOPS_MS = 60, 600, 1010, 90
_LIMIT_MS = _SEEN_MS + _COMMAND_MS + _EXCHANGE_MS + _COMMAND_MS + _LOOPS_MS
_LAST_MS = 40000


@pytest.fixture(scope="module")
def told():
    return asyncio.run(_story())


@pytest.mark.slow
def test_two_gateways_beside_the_broker_answer_a_client_each_and_keep_to_their_memory(told):
    """A read of two registers of the sensor through each gateway; the plant's side has no unit 1 and says so in time.

    Proves: NET-6+
    """
    plant, sensor = told.first
    assert told.first_open == [True, True]
    assert sensor[:9] == bytes.fromhex("000100000007010404")
    assert plant[7] in (0x04, 0x84)
    values = told.figures.values
    assert values["bus_faults_gateways"] == 0
    assert "Traceback" not in told.rig.console.text
    assert ", 1 client each: no memory for more" in told.rig.console.text  # this board is known as a small one
    check_budget("gateways", values["heap_min_bytes_gateways"], values["heap_largest_bytes_gateways"])


@pytest.mark.slow
def test_commands_clients_too_many_and_a_contact_at_once_harm_nobody(told):
    """Six clients come where there is room for none, six commands one upon the other, each a setting and an output, and
    meanwhile DI2 closes.

    Every command is answered, if only by "no memory"; the contact is obeyed in time; who was served still is, who came
    late is turned away and not left waiting; both links are ok, states come, nothing died.
    Proves: REL-2+, NET-6+, DRM-2+
    """
    rig = told.rig
    assert len(told.answers) == _COMMANDS
    known = [answer["id"] for answer in told.answers if answer["id"] is not None]
    assert len(known) == len(set(known)) and set(known) <= set(range(_COMMANDS))
    for answer in told.answers:
        if answer["id"] is None:  # it was not even read: who sent it cannot be told
            assert answer["errors"] == {"message": "found no memory; send it again"}, answer
        assert answer["ok"] or set(answer["errors"]) <= {"message", "settings", "do"}, answer
    assert any(answer["ok"] for answer in told.answers)
    assert told.limit_ms <= _LIMIT_MS and rig.plant.limit_w == 3600
    assert rig.plant.too_fast == 0 and rig.plant.shortest_period_ms >= 1000
    plant, sensor = rig.calls
    assert plant.received[:8] == bytes.fromhex("000200000005f704"), plant.received.hex()
    assert sensor.received[:8] == bytes.fromhex("0002000000070104"), sensor.received.hex()
    assert [(call.open, bytes(call.received)) for call in told.others] == [(False, b"")] * len(told.others)
    assert rig.chip.resets == []
    assert "Traceback" not in rig.console.text and "has not beaten" not in rig.console.text
    assert (told.state["sensor_link"], told.state["plant_link"]) == ("ok", "ok")
    assert (told.state["limit"], told.state["limit_state"]) == (60, "held")


class _Told:
    """What the story brought: the board; figures and the clients' first answers before all came at once; answers of the
    result topic, calls that came too late, the last state."""

    def __init__(self):
        self.rig = None
        self.figures = scenario.Figures(lambda line: None)
        self.first = self.first_open = ()
        self.answers = []
        self.others = []
        self.limit_ms = None
        self.state = {}


async def _story():
    told = _Told()
    async with profiles.gateways(profiles.Setup()) as (rig, watch):
        scenario.gateways_figures(told.figures, rig)
        told.rig = rig
        told.first, told.first_open = [bytes(c.received) for c in rig.calls], [c.open for c in rig.calls]
        client = MQTTClient(config=_CONFIG)
        await client.connect(f"mqtt://{LOOPBACK}:{rig.broker_port}")
        await client.subscribe([(_TOPIC + "result", 0)])
        hearing = asyncio.create_task(_hear(client, told.answers))
        told.others = [rig.bridge.caller.call(port) for port in _PORTS * 3]
        for call, read in zip(rig.calls, (_PLANT_READ, _SENSOR_READ)):
            call.received.clear()
            call.send(read)
        rig.contact(2, True)
        closed_ms, seen = rig.now_ms, watch.states
        for n in range(_COMMANDS):
            command = {"id": n, "led_brightness": 20 + n, "do1": n % 2 == 0}
            await client.publish(_TOPIC + "set", json.dumps(command).encode(), 0)
            until_ms = rig.now_ms + _APART_MS
            await radio.run(rig, lambda until_ms=until_ms: rig.now_ms >= until_ms, 2 * _APART_MS)
        await radio.run(
            rig,
            lambda: (
                rig.plant.limit_w is not None
                and len(told.answers) >= _COMMANDS
                and all(call.received for call in rig.calls)
                and not any(call.open for call in told.others)
                and watch.states > seen + 3
                and watch.known.state.get("limit_state") == "held"
            ),
            _LAST_MS,
        )
        told.state = dict(watch.known.state)
        told.limit_ms = next(at for at, _, value in rig.plant.written if value == rig.plant.limit_w) - closed_ms
        hearing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await hearing
        await client.disconnect()
    return told


async def _hear(client, answers):
    while True:
        message = await client.deliver_message()
        answers.append(json.loads(bytes(message.data)))
