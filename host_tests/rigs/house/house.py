"""Home Assistant's own core and MQTT integration without its web server, for tests: run by the Python of its environment.

    python house.py PORT

Takes requests as JSON lines on stdin and answers each with one on stdout: {"states": true} gives all entities, {"call":
[domain, service, data]} calls a service as its screen does. Device discovery is younger than this release: its messages are
taken apart here by the published rule (what the message says counts for each component; a component of its platform alone
is taken away) and handed on one by one.
"""

import asyncio
import json
import logging
import sys
import tempfile

from homeassistant import bootstrap, config_entries, core, loader
from homeassistant.components import mqtt
from homeassistant.const import Platform
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry, translation
from voluptuous import Invalid

_WITHOUT = {"http", "file_upload", "auth", "api", "websocket_api", "network"}  # the web server and what stands on it
_PLATFORMS = [Platform(name) for name in ("binary_sensor", "number", "select", "sensor", "switch", "text")]
_SHARED = ("dev", "o", "stat_t", "cmd_t", "avty_t", "qos")


async def _made(port, folder):
    """Return a core that runs, with a broker on loopback."""
    hass = core.HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    await bootstrap.async_load_base_functionality(hass)
    translation.async_setup(hass)
    hass.config.components.update(_WITHOUT)
    hass.set_state(core.CoreState.running)
    entry = config_entries.ConfigEntry(
        version=1,
        minor_version=1,
        domain="mqtt",
        title="broker",
        data={"broker": "127.0.0.1", "port": port, "discovery": True, "discovery_prefix": "homeassistant"},
        source="user",
        options={},
    )
    await hass.config_entries.async_add(entry)
    assert entry.state is config_entries.ConfigEntryState.LOADED, entry.state
    return hass


def _apart(payload):
    """Yield (platform, component, its own discovery message, "" where it is taken away) of a device's message."""
    message = json.loads(payload)
    shared = {key: message[key] for key in _SHARED}
    for name, component in message["cmps"].items():
        platform = component.pop("p")
        yield platform, name, json.dumps({**shared, **component}) if component else ""


async def _hear(hass):
    async def take(message):
        device = message.topic.split("/")[2]
        for platform, name, payload in _apart(message.payload):
            await mqtt.async_publish(hass, f"homeassistant/{platform}/{device}/{name}/config", payload, 1, True)

    await mqtt.async_subscribe(hass, "homeassistant/device/+/config", take, 1)


def _states(hass):
    """Return {unique id: what the screen shows of the entity}; those that a person must switch on first are left out."""
    found = {}
    for entry in entity_registry.async_get(hass).entities.values():
        state = hass.states.get(entry.entity_id)
        if state:
            found[entry.unique_id] = {
                "entity_id": entry.entity_id,
                "platform": entry.domain,
                "category": entry.entity_category,
                "state": state.state,
                "attributes": dict(state.attributes),
            }
    return found


async def _answer(hass, request):
    await hass.async_block_till_done()
    if "states" in request:
        return _states(hass)
    domain, service, data = request["call"]
    try:
        await hass.services.async_call(domain, service, data, blocking=True)
    except (HomeAssistantError, ValueError, Invalid) as problem:
        return {"refused": f"{type(problem).__name__}: {problem}"}
    return {"refused": None}


async def main(port, folder):
    hass = await _made(port, folder)
    await _hear(hass)
    print(json.dumps({"ready": True}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await _answer(hass, json.loads(line)), default=str), flush=True)
    await hass.async_stop(force=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("homeassistant.components.mqtt.discovery").setLevel(logging.ERROR)  # "device is not supported"
    mqtt.PLATFORMS = _PLATFORMS
    with tempfile.TemporaryDirectory() as made:
        open(made + "/configuration.yaml", "w").close()
        asyncio.run(main(int(sys.argv[1]), made))
