"""The session with a broker, without one: what becomes of a command."""

import asyncio
import json

from bridge.logic.doors import entities
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import uplink
from mqtt_script import Broker

ENTITIES = "build/host/web/entities.txt"  # of the slot that the tests are run with


class _Full:
    """A part for which there is no memory."""

    def load(self):
        raise MemoryError


async def test_nothing_of_a_session_is_shown_when_its_task_has_died():
    state = State("1.0.0", "power", "SN1")
    session = uplink._Session(lambda: None, state, Settings())

    async def run(step, ready):
        state.uplink_connected = state.uplink_announced = state.uplink_commands = True
        state.uplink_text = "connected"
        raise ValueError

    session.client.run = run
    try:
        await session.run()
    except ValueError:
        died = True
    assert died
    assert (state.uplink_connected, state.uplink_announced, state.uplink_commands) == (False, False, None)
    assert state.uplink_text == "not connected"


def _answers(session):
    """Return what waits for the result topic."""
    return [json.loads(m.payload) for m in session.client.outbox._messages if m.topic == "bridge/SN1/result"]


def test_a_command_that_finds_no_memory_is_answered_and_the_next_one_obeyed():
    """Proves: COM-2"""
    state = State("1.0.0", "power", "SN1")
    session = uplink._Session(lambda: None, state, Settings())
    part, session._obeying = session._obeying, _Full()
    session._take("bridge/SN1/set", b'{"do1": true, "id": 7}', False)
    assert _answers(session) == [
        {"id": None, "ok": False, "errors": {"message": "found no memory; send it again"}},
    ]
    assert state.output_command == (None, None)
    session._obeying = part
    session._take("bridge/SN1/set", b'{"do1": true, "id": 7}', False)
    assert state.output_command[0][0] == 1


def test_a_command_for_which_the_table_of_settings_finds_no_memory_is_answered():
    """Proves: COM-2"""
    from bridge.tasks import commands

    state, answers = State("1.0.0", "power", "SN1"), []
    obeying = commands.Commands(state, Settings(), answers.append)
    obeying._rules = _Full()
    obeying.take(b'{"do1": true, "id": 9}', False)
    assert answers == [{"id": None, "ok": False, "errors": {"message": "found no memory; send it again"}}]
    assert state.output_command == (None, None)


def test_settings_that_find_no_memory_to_be_stored_are_refused_whole_and_the_session_lives():
    """Proves: COM-2"""
    state, settings = State("1.0.0", "power", "SN1"), Settings()
    session = uplink._Session(lambda: None, state, settings)
    applied = []

    def apply(changes):
        applied.append(changes)
        raise MemoryError

    settings.apply = apply
    session._take("bridge/SN1/set", b'{"led_brightness": 20, "do1": true, "id": 8}', False)
    assert applied == [{"led_brightness": 20}]
    errors = {"settings": "found no memory; nothing was changed, send it again"}
    assert _answers(session) == [{"id": 8, "ok": False, "errors": errors}]
    assert (settings.led_brightness, state.output_command) == (60, (None, None))


class _Forgetful(Broker):
    """A broker that acknowledges what is announced only while `remembers`."""

    remembers = False

    def _answer(self, stream, first, body):
        self.pubacks = self.remembers or not _topic(body).startswith(b"homeassistant/device/")
        super()._answer(stream, first, body)


def _topic(body):
    return bytes(body[2 : 2 + body[1]])


async def test_a_discovery_message_counts_when_the_broker_has_acknowledged_it():
    """Proves: NET-4+"""
    state, settings, broker = State("1.0.0", "power", "SN1"), Settings(), _Forgetful()
    assert not settings.apply({"mqtt_host": "192.0.2.1", "publish_ms": 60000})
    state.name_servers = ()
    session = uplink._Session(lambda: None, state, settings, ENTITIES)
    session.client._open = broker.open_stream

    def announced():
        return [topic for topic in map(_topic, broker.heard(3)) if topic.startswith(b"homeassistant/device/")]

    running = asyncio.create_task(session.run())
    await asyncio.sleep_ms(10000)
    assert len(announced()) == 1 and not state.uplink_announced  # the next one waits for what became of this one
    broker.hang_up()
    await asyncio.sleep_ms(10000)
    assert len(announced()) == 2 and announced()[0] == announced()[1] and not state.uplink_announced
    broker.remembers = True
    broker.hang_up()  # what was lost with the connection is said again, from the first one on
    await asyncio.sleep_ms(20000)
    assert state.uplink_announced
    count = entities.count(ENTITIES)
    assert announced()[2] == announced()[0] and len(set(announced()[2:])) == len(announced()[2:]) == count
    running.cancel()
