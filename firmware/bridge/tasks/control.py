"""Runs the control law at least every 50 ms and at once when a contact has settled. Writer of limits and intents."""

import clock
import log
from bridge.logic.grid import control


async def run(beat, state, settings, wake):
    """Decide whenever `wake` (asyncio.Event) is set; field_io sets it."""
    loosening = control.Loosening()
    edges = 0
    made_of = None
    decided = 100, "", False, 0
    while True:
        beat()
        # Everything that `decide` reads: most turns bring nothing new, and a decision leaves half a kilobyte of garbage.
        contacts = state.inputs << 8 | state.chattering << 1 | state.inputs_settled
        seen = (contacts, state.output_command, state.server_command, settings.version, clock.seconds())
        if seen != made_of:
            made_of = seen
            decided = control.decide(state, settings, clock.seconds())
        percent, reason, wanted, outputs = decided
        if wanted:
            now = clock.ticks_ms()
            hold_ms = settings.grid_hold_ms
            percent, reason, at = loosening.step(percent, reason, state.inputs, now, hold_ms)
            if at is not None and edges != state.input_edges:
                edges = state.input_edges
                state.limit_edges += 1
                state.limit_edge_at = state.inputs_at if percent < state.limit_pct else at
        if percent != state.limit_pct or reason != state.limit_reason:
            log.info("control", "limit %d %%, %s" % (percent, reason or "nobody limits"))
        state.limit_pct = percent
        state.limit_reason = reason
        state.limit_wanted = wanted
        state.outputs_wanted = outputs
        await wake.wait()
        wake.clear()
