"""A bridge that reads the true meter at RS485-2 and plays it at RS485-1, a process for test_meter_role.py.

micropython meter_bridge.py POLICY: prints "ready", then each change of what the other master gets.
"""

import asyncio
import sys

import board
import clock
from bridge.devices import sdm230
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import buses, meter_role

_UNIT, _SERIAL, _THINK_MS, _STALE_MS, _SAFE_W = 1, 21094417, 20, 1500, -250


async def _watch(state, role):
    source = role.source
    while True:
        state.readings.expire(clock.ticks_ms())
        role.report(state, role.slave.link(), {})
        if source != role.source:
            source = role.source
            print(source)
        await asyncio.sleep_ms(100)


async def main(policy):
    this = board.Board()
    state, settings = State(), Settings()
    sensor = buses.Sensor(this, state, settings, sdm230)
    role = meter_role.Meter(
        this, state, 1, 9600, "N", _UNIT, "sdm230", "sdm230", _SERIAL, _THINK_MS, policy, _STALE_MS, _SAFE_W
    )  # fmt: skip
    print("ready")
    await asyncio.gather(sensor.bus.run(lambda: None), role.bus.run(lambda: None), _watch(state, role))


asyncio.run(main(sys.argv[1]))
