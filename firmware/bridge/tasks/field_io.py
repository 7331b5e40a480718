"""Reads the contacts and the button, drives the outputs. Writer of inputs, outputs and button presses.

Contacts are sampled, not interrupt-driven: a sample every 10 ms sees everything that the settle time lets count.
"""

import asyncio

import clock
import log
from bridge.logic.grid import contacts
from micropython import const

_SAMPLE_MS = const(10)
_DECIDE_MS = const(50)  # the control law runs at least so often
_BUTTON_SAMPLES = const(5)
_RESET_MS = const(15_000)  # a press so long asks for a factory reset when it ends
_STUCK_MS = const(60_000)  # one that is longer is no person's
_LEAST_UNSAID = const(100)
_MOST_UNSAID = const(6000)  # samples between two lines of the log


async def run(beat, board, state, settings, wake):
    """Sample for ever. wake: asyncio.Event that the control task waits for."""
    debounce = contacts.Contacts()
    held = moves = 0
    unsaid = pause = _LEAST_UNSAID
    due_at = looked_at = pressed_at = clock.ticks_ms()
    while True:
        beat()
        now = clock.ticks_ms()
        state.blind_ms = max(state.blind_ms, clock.ticks_diff(now, looked_at))
        looked_at = now
        if debounce.step(board.inputs(), now, settings.grid_settle_ms):
            state.inputs = debounce.mask
            state.inputs_at = now
            state.input_edges += state.inputs_settled
            state.inputs_settled = True
            state.chattering = debounce.chattering
            moves += 1
            wake.set()
        state.chatter = debounce.chatter
        unsaid = min(unsaid + 1, _MOST_UNSAID)
        if moves and unsaid >= pause:
            # A contact that flaps fills no log.
            log.info("field_io", _words(debounce, moves))
            pause = min(2 * pause, _MOST_UNSAID) if moves > 1 else _LEAST_UNSAID
            moves = unsaid = 0
        if state.outputs_wanted != state.outputs:
            board.set_outputs(state.outputs_wanted)
            state.outputs = state.outputs_wanted
            log.info("field_io", "DO1 %s, DO2 %s" % tuple(["closed" if state.outputs & b else "open" for b in (1, 2)]))
        if not held:
            pressed_at = now
        pressed = board.button()
        if held and not pressed and _RESET_MS <= clock.ticks_diff(now, pressed_at) < _STUCK_MS:
            state.reset_asked = True
        held = min(held + 1, _BUTTON_SAMPLES + 1) if pressed else 0
        if held == _BUTTON_SAMPLES:
            state.button_presses += 1
        if clock.ticks_diff(now, due_at) >= 0:
            due_at = clock.ticks_add(now, _DECIDE_MS)
            wake.set()
        await asyncio.sleep_ms(_SAMPLE_MS)


def _words(debounce, moves):
    text = "contacts closed: %s" % (_names(debounce.mask) or "none")
    if moves > 1:
        text += ", %d changes" % moves
    return text + (", never still: " + _names(debounce.chattering) if debounce.chattering else "")


def _names(mask):
    return ", ".join(["DI%d" % (i + 1) for i in range(5) if mask >> i & 1])
