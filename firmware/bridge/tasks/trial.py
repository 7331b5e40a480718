"""Decides whether the running version stays. In memory only until that is decided: a minute when all is well.

Writer of update_slot and update_trial.
"""

import asyncio

import clock
import log
from bridge.logic.update import trial
from micropython import const

_WHO = "trial"
_TURN_MS = const(1000)


async def run(beat, state, slots, board):
    """Watch the running slot until it is confirmed or counted as steady, or give the one before another chance."""
    state.update_slot = slots.running
    state.update_trial = slots.on_trial()
    watch = trial.Watch(clock.seconds())
    while not state.version_decided:
        beat()
        _judge(watch, state, slots, board)
        await asyncio.sleep_ms(_TURN_MS)


def _judge(watch, state, slots, board):
    works = trial.bus_works(state.bus_exchanges, state.plant_link, state.sensor_link)
    fit = trial.healthy(state.beats_ok, works, state.uplink_connected, state.hotspot_open)
    verdict = watch.step(slots.on_trial(), fit, state.beats_ok, clock.seconds())
    if verdict == "confirm":
        slots.confirm()
        state.update_trial = False
        log.info(_WHO, "version %s has proved itself" % state.version)
    elif verdict == "settle":
        slots.settle()
    elif verdict == "restart":
        log.error(_WHO, "version %s was not healthy for a minute in its first five" % state.version)
        board.restart()
    state.version_decided = verdict in ("confirm", "settle")
