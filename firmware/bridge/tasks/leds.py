"""Shows the plant's state on the strip. Writer of the segments and of the alarms in words.

A strip that is missing or wired wrongly harms nothing.
"""

import asyncio

import clock
import log
from bridge.logic import lights
from micropython import const
from parts import Part

_FRAME_MS = const(125)
_STATES_MS = const(500)
_REFRESH_MS = const(5000)  # a strip that is plugged in late shows its picture after so long


async def run(beat, board, state, settings):
    """Draw for ever; the strip is written when its picture changed, and now and then anyway."""
    shown = bytearray(3 * board.led_count)
    new = bytearray(3 * board.led_count)
    shown_at = None
    states_at = None
    looks = lights.looks(state.segments)
    drawn = None  # what the picture in new was made from
    alarms = None
    unknown = state.segments, state.alarms
    try:
        while True:
            beat()
            now = clock.ticks_ms()
            if states_at is None or clock.ticks_diff(now, states_at) >= _STATES_MS:
                states_at = now
                segments = lights.states(state, now, clock.ticks_diff)
                if segments != state.segments:
                    state.segments = segments
                    looks = lights.looks(segments)
                    log.info("leds", "DC %s, AC %s, BAT %s, MGMT %s" % segments)
                if alarms != lights.alarms(state.readings):
                    alarms = lights.alarms(state.readings)
                    state.alarms = _words(alarms)
                    log.info("leds", "alarms of the plant: " + state.alarms)
            is_lit, brightness_pct = lights.is_lit(now), settings.led_brightness
            if drawn is None or looks is not drawn[0] or is_lit != drawn[1] or brightness_pct != drawn[2]:
                drawn = looks, is_lit, brightness_pct
                lights.frame(looks, is_lit, brightness_pct, new)
            if shown_at is None or new != shown or clock.ticks_diff(now, shown_at) > _REFRESH_MS:
                board.show(new)
                shown[:] = new
                shown_at = now
            await asyncio.sleep_ms(_FRAME_MS)
    finally:
        state.segments, state.alarms = unknown  # nobody looks any more


def _words(alarms):
    """Return the alarms in words; the words take 2 kB, so they are loaded for it."""
    if set(alarms[: lights.REQUIRED]) == {None}:
        return "not known"
    with Part("bridge.devices.alarms") as texts:
        return texts.words(lights.ALARMS, alarms)
