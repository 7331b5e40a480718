"""The session with a broker, without one: what becomes of a command."""

import json

from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import uplink


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
