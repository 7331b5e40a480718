"""Runs the control law at least every 50 ms and at once when a contact has settled. Writer of limits and intents."""

import log
from bridge.logic.grid import control


async def run(beat, state, settings, wake):
    """Decide whenever `wake` (asyncio.Event) is set; field_io sets it."""
    while True:
        beat()
        percent, reason, wanted, outputs = control.decide(state, settings)
        if percent != state.limit_pct or reason != state.limit_reason:
            log.info("control", "limit %d %%, %s" % (percent, reason or "nobody limits"))
        state.limit_pct = percent
        state.limit_reason = reason
        state.limit_wanted = wanted
        state.outputs_wanted = outputs
        await wake.wait()
        wake.clear()
