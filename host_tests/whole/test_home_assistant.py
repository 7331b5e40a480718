"""A whole bridge, a real broker and Home Assistant's own code: what a household sees and sets is so."""

import asyncio
import json
import time

import pytest
from bridgectl.run.folder import SN
from brokers import Mosquitto
from home_assistant import HomeAssistant
from patience import HANG_S
from uplink_rig import Ear, bridge


async def _shows(home, unique_id, true, what):
    """Wait until an entity is shown as it shall be, and return it."""
    deadline = time.monotonic() + HANG_S
    while True:
        states = await asyncio.to_thread(home.states)
        entity = states.get(f"bridge_{SN}_{unique_id}")
        if true(entity):
            return entity
        assert time.monotonic() < deadline, f"{what}: {entity}; {len(states)} entities"
        await asyncio.sleep(0.2)


async def _set(home, entity, service, **data):
    domain = entity["platform"]
    return await asyncio.to_thread(home.call, domain, service, {"entity_id": entity["entity_id"], **data})


def _number(entity):
    """Return what a number shows, None if it is none: "3000" and "3000.0" are one number."""
    return float(entity["state"]) if entity["state"] not in ("unknown", "unavailable") else None


def _settings(ear):
    return json.loads(ear.last.get(f"bridge/{SN}/settings", b"{}"))


@pytest.mark.slow
@pytest.mark.proves("NET-4+", "COM-1")
async def test_a_household_sees_and_sets_in_home_assistant_what_it_may(tmp_path):
    if not Mosquitto.available:
        pytest.skip("mosquitto is not installed")
    with Mosquitto(tmp_path) as broker, HomeAssistant(broker.port) as home:
        async with bridge(tmp_path / "run", broker.port), Ear(broker.port) as ear:
            await ear.until(lambda: ear.state().get("sensor_power") is not None, "a reading")

            # 1. A number: its range is that of the table, and what is set is in force at the bridge and on the screen.
            limit = await _shows(home, "set_limit_user_w", lambda e: e and _number(e) == -1, "no limit yet")
            assert (limit["platform"], limit["category"]) == ("number", "config")
            told = limit["attributes"]
            assert (told["min"], told["max"], told["step"]) == (-1, 5000000, 1)
            assert (told["device_class"], told["unit_of_measurement"]) == ("power", "W")
            assert await _set(home, limit, "set_value", value=3000) is None
            await _shows(home, "set_limit_user_w", lambda e: _number(e) == 3000, "the limit that was set")
            await ear.until(lambda: _settings(ear)["limit_user_w"] == 3000, "the value at the broker")
            assert "outside valid range" in await _set(home, limit, "set_value", value=9000000)

            # 2. A select, and an option that is none: Home Assistant refuses it, and nothing changes.
            recorder = await _shows(home, "set_recorder", lambda e: e and e["state"] == "auto", "the recorder")
            assert recorder["attributes"]["options"] == ["auto", "on", "off"]
            assert await _set(home, recorder, "select_option", option="off") is None
            await _shows(home, "set_recorder", lambda e: e["state"] == "off", "the option that was chosen")
            assert "not valid" in await _set(home, recorder, "select_option", option="loud")
            await ear.until(lambda: _settings(ear)["recorder"] == "off", "the value at the broker")

            # 3. What it may not set is read only.
            table = await _shows(
                home, "set_grid_table", lambda e: e and e["state"] == "ripple", "the table of contacts"
            )
            assert (table["platform"], table["category"]) == ("sensor", "diagnostic")
            assert table["attributes"]["device_class"] == "enum"
            relay = await _shows(home, "do1", lambda e: e and e["state"] == "off", "the switch of DO1")
            assert relay["platform"] == "switch"

            # 4. Once a rule switches an output, its switch goes, its contact can be seen and its rule be set.
            rules = {"do1_owner": "generator", "generator": "start 20 stop 80"}
            assert (await ear.ask(rules))["ok"]
            await _shows(home, "do1", lambda e: e is None, "no switch for what a rule switches")
            contact = await _shows(home, "do1_contact", lambda e: e and e["state"] == "off", "the contact of DO1")
            assert contact["platform"] == "binary_sensor"
            mode = await _shows(home, "set_generator_mode", lambda e: e and e["state"] == "auto", "the mode")
            assert mode["platform"] == "select"
            assert await _set(home, mode, "select_option", option="off") is None
            await _shows(home, "set_generator_mode", lambda e: e["state"] == "off", "the mode that was chosen")
            await ear.until(lambda: _settings(ear)["generator_mode"] == "off", "the value at the broker")

            # 5. What the bridge refuses is told, and the screen shows again what holds.
            start = await _shows(home, "set_generator_start", lambda e: e and _number(e) == 20, "the level")
            ear.last.pop(f"bridge/{SN}/settings")
            assert await _set(home, start, "set_value", value=90) is None  # in its range, but not below stop
            await ear.until(lambda: ear.results and not ear.results[-1]["ok"], "a refusal")
            assert "must be below stop" in ear.results[-1]["errors"]["generator"]
            await ear.until(lambda: _settings(ear).get("generator_start") == 20, "what holds, said again")
            await _shows(home, "set_generator_start", lambda e: _number(e) == 20, "what holds")
        await _shows(home, "set_limit_user_w", lambda e: e["state"] == "unavailable", "a bridge that is gone")
