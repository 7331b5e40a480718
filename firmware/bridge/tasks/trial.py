"""Decides whether the running version stays. In memory only while it is on trial, and to settle one that is not.

Writer of update_trial, trial_begun_s, hotspot_for_trial and version_decided.
"""

import asyncio

import clock
import log
from bridge.logic.update import trial
from micropython import const
from parts import Part

_WHO = "trial"
_TURN_MS = const(1000)


async def run(beat, state, settings, slots, board, supervisor):
    """Watch the running slot until it is confirmed or counted as steady, or give the one before another chance.

    supervisor: whose lived_s() and restarts() tell how the tasks fare.
    """
    state.update_trial = slots.on_trial()
    if state.trial_begun_s is None:  # else this task has died since, and its trial has gone on
        state.trial_begun_s = clock.seconds()
    start_s = state.trial_begun_s
    watch = trial.Watch(start_s, 0 if state.update_trial else state.steady_s)
    before, seen = trial.found(slots.note()), []
    try:
        while not state.version_decided:
            beat()
            now_s = clock.seconds()
            if state.update_trial:
                state.hotspot_for_trial = trial.hotspot_wanted(
                    settings.mqtt_host, state.uplink_connected, now_s - start_s
                )
            lacks = _lacks(state, settings, before, seen)
            verdict = watch.step(state.update_trial, not lacks, state.beats_ok, supervisor.lived_s(), now_s)
            _obey(verdict, lacks, state, slots, board, supervisor)
            await asyncio.sleep_ms(_TURN_MS)
    finally:
        state.hotspot_for_trial = False


def _lacks(state, settings, before, seen):
    for name in trial.found((state.plant_link, state.sensor_link, state.uplink_connected, state.hotspot_possible)):
        if name not in seen:
            seen.append(name)
    return trial.missing(state, settings.mqtt_host, before, seen)


def _obey(verdict, lacks, state, slots, board, supervisor):
    if verdict == "confirm":
        with Part("slots.slots", "slots.slots") as all_slots:
            all_slots.of(slots).confirm()
        state.update_trial = False
        log.info(_WHO, "version %s has proved itself" % state.version)
    elif verdict == "settle":
        with Part("slots.slots", "slots.slots") as all_slots:
            all_slots.of(slots).settle()
    elif verdict == "restart":
        why = ", ".join(lacks + ["%s died %d times" % row for row in supervisor.restarts().items()])
        log.error(_WHO, "version %s was not healthy for a minute in its first five: %s" % (state.version, why))
        board.restart()
    state.version_decided = verdict in ("confirm", "settle")
