"""What a bridge can be, as far as memory is concerned: each profile booted on the emulated chip until it does all that it
is meant to do. Figures, budgets and tests measure the same ones.

    wired     system created, no radio
    hotspot   nothing created yet: hotspot open, portal loaded and listening
    wlan      system created: WLAN joined, publishing to a broker
    gateways  the same, and a Modbus TCP gateway at each port, a client connected to each
"""

import asyncio
import contextlib

from bridgectl.run.broker import LOOPBACK, EmbeddedBroker, Watch, free_port

from . import radio
from .rig import Rig, slot_files, with_probe

PROFILES = ("wired", "hotspot", "wlan", "gateways")
CREATED = {"system_name": "Emulated", "grid_table": "ripple"}
GATEWAYS = {"rs485_1_role": "gateway", "rs485_2_role": "gateway", "gateway_port": 502}
CONTROL = {  # everything that can be on at once
    **dict.fromkeys(("limit_user_w", "limit_export_w", "limit_import_w", "limit_off_grid_w"), 5000),
    "system_name": "Emulated",
    "grid_table": "fnn",
    "limit_fuse_a": 35,
    "export_at": "grid",
    "plant_import": True,
    "plant_disconnect": True,
    "plant_reactive": True,
    "do1_owner": "smart_load",
    "do2_owner": "generator",
}
_GATEWAY_PORTS = (502, 503)
_READ = bytes.fromhex("000100000006010400000002")  # transaction 1, unit 1, two input registers from 0
_SN = "EMU0000001"
_DEVICE = {"sn": _SN, "hotspot_password": "emulated-only"}
_BROKER_NAME = "broker.lan"
_SETTLE_MS = 1000
_CALL_MS = 10000  # the plant has no unit 1: that is known when the line had time for it and nobody answered


class Setup:
    """Which image the boards of a call get (None: the official one); timed: their tasks are, which takes memory;
    timer_ms: where their timer stands at power on."""

    def __init__(self, uf2=None, timed=False, timer_ms=0):
        self.uf2 = uf2
        self.timed = timed
        self.timer_ms = timer_ms
        self._files = slot_files()

    def rig(self, settings=None, probe=False):
        """Return a board that has just been powered; without settings it is one that nobody has set up."""
        records = {"device": _DEVICE, **({"settings": settings} if settings is not None else {})}
        files = with_probe(self._files, self.timed) if probe or self.timed else self._files
        return Rig(files, records, uf2=self.uf2, timer_ms=self.timer_ms)


def wired(setup):
    """Return a board that reads both buses and has released the limit."""
    rig = setup.rig(CREATED)
    rig.run_until(lambda: "plant: limit released: held" in rig.console.text, 8000)
    return rig


def hotspot(setup):
    """Return a board whose portal listens. The emulated radio has no phones."""
    rig = setup.rig()
    rig.run_until(lambda: "portal: open at" in rig.console.text, 30000)
    rig.opened_ms = rig.now_ms
    rig.run(_SETTLE_MS)
    return rig


@contextlib.asynccontextmanager
async def wlan(setup, **settings):
    """Give a board that has published good readings, and the Watch at its broker; both end with the context.

    rig.published_ms: when the first state reached the broker; rig.broker_port: on loopback.
    """
    broker = EmbeddedBroker(free_port())
    await broker.start()
    watch = Watch(_SN)
    watching = asyncio.create_task(watch.run(LOOPBACK, broker.port))
    try:
        while not watch.connected:
            await asyncio.sleep(0.05)
        network = {"wlan_ssid": "emulated", "mqtt_host": _BROKER_NAME, "publish_ms": 1000}
        rig = setup.rig({**CREATED, **network, **settings})
        rig.broker_port = broker.port
        rig.bridge = radio.serve(rig.chip, {1883: broker.port}, [_BROKER_NAME])
        await radio.run(rig, lambda: watch.states, 30000)
        rig.published_ms = rig.now_ms
        await radio.run(rig, lambda: watch.states > 2 and _all_well(watch.known.state), 20000)
        yield rig, watch
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        await broker.stop()


def _all_well(state):
    """Return True if a published state says that all required values of both devices are good."""
    return state.get("sensor_power") is not None and (state["sensor_link"], state["plant_link"]) == ("ok", "ok")


@contextlib.asynccontextmanager
async def gateways(setup):
    """As wlan, and a client at each of two gateways has had an answer; rig.calls: these clients."""
    async with wlan(setup, **GATEWAYS) as (rig, watch):
        rig.calls = [rig.bridge.caller.call(port) for port in _GATEWAY_PORTS]
        await radio.run(rig, lambda: all(call.open for call in rig.calls), _CALL_MS)
        for call in rig.calls:
            call.send(_READ)
        await radio.run(rig, lambda: all(call.received for call in rig.calls), _CALL_MS)
        yield rig, watch


def booted(profile, setup):
    """Return a board in one of PROFILES; with a network it can be looked at, but time must not pass for it any more."""
    if profile in ("wired", "hotspot"):
        return {"wired": wired, "hotspot": hotspot}[profile](setup)
    return asyncio.run(_once({"wlan": wlan, "gateways": gateways}[profile](setup)))


async def _once(context):
    async with context as (rig, _):
        return rig
