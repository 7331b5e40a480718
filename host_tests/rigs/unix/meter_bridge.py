"""A bridge that reads the true meter at RS485-2 and plays it at RS485-1, a process for test_meter_role.py.

micropython meter_bridge.py POLICY: prints "ready", then each change of what the other master gets.
"""

import asyncio
import sys

import board
import clock
from bridge.ports import meter, roles
from bridge.settings import Settings
from bridge.state import State

_SERIAL = 21094417


async def _watch(state, role):
    source = role.source
    while True:
        state.readings.expire(clock.ticks_ms())
        role.follow(clock.ticks_ms())
        if source != role.source:
            source = role.source
            print(source)
        await asyncio.sleep_ms(100)


async def main(policy):
    this = board.Board()
    state, settings = State(), Settings()
    refused = settings.apply({"meter_policy": policy, "meter_stale_ms": 3000, "meter_safe_w": -250})
    assert not refused, refused
    sensor = roles.make(this, state, settings, 2)
    role = meter.Meter(this.rs485(1, 9600, "N"), 9600, "N", state, settings, _SERIAL)
    print("ready")
    await asyncio.gather(sensor.bus.run(lambda: None), role.bus.run(lambda: None), _watch(state, role))


asyncio.run(main(sys.argv[1]))
