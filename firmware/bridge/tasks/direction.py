"""Watches whether the power sensor is mounted backwards, until it is known to be right. Writer of the sensor's direction.

In memory while both devices answer and nothing is known. A sensor that seems to be backwards is watched on, because a clamp
is turned round without anybody telling.
"""

import asyncio

import clock
import log
from bridge import points
from bridge.logic.grid import direction
from micropython import const

_LOOK_MS = const(500)
_FRESH_MS = const(2000)  # what is older is not of the moment of the plant's values
_CONNECTED = const(1)  # plant_grid_sensor
_POINTS = ("plant_grid_power", "sensor_power", "plant_grid_sensor", "plant_pv_power", "plant_ess_power")


async def run(beat, state, settings):
    """Watch until the sensor is known to be right, or is taken the other way round, or a device is gone."""
    numbers = [points.number(point) for point in _POINTS]
    readings = state.readings
    inverted = settings.sensor_inverted
    state.sensor_direction = ""
    watch = direction.Watch()
    seen = None  # ticks of the plant's values that were taken last
    while state.sensor_link == state.plant_link == "ok" and settings.sensor_inverted == inverted:
        beat()
        await asyncio.sleep_ms(_LOOK_MS)
        now = clock.ticks_ms()
        grid_w, sensor_w, connected, pv_w, ess_w = [readings.value(n) for n in numbers]
        if None in (grid_w, sensor_w, connected, pv_w, ess_w) or readings.age_ms(numbers[1], now) > _FRESH_MS:
            watch.lost()
            continue
        at = clock.ticks_add(now, -readings.age_ms(numbers[0], now))
        if at == seen:
            continue
        seen = at
        # Who only listens hears the plant ask the same sensor: that is no second opinion.
        has_own = connected == _CONNECTED and settings.rs485_2_role != "listen"
        known = watch.step(sensor_w, grid_w if has_own else 0, pv_w, ess_w, clock.seconds())
        if known == direction.UNKNOWN:
            continue
        text = watch.words(inverted)
        if text[:5] != state.sensor_direction[:5]:
            (log.info if known == direction.RIGHT else log.warn)("direction", "sensor " + text)
        state.sensor_direction = text
        if known == direction.RIGHT:
            state.direction_known = inverted
            return
        watch = direction.Watch()
