"""The device's own pulse: uptime, memory, and whether every essential task beats."""

import asyncio
import gc

import clock
from micropython import const

_STEP_MS = const(1000)
MEASURE_S = const(10)
_LAST_S = const(15)  # so old a figure of the memory is measured wherever the bus just is


async def run(beat, state, healthy, system_heap, gateway_waits, look):
    """Measure for ever. healthy: function that tells whether every essential task beats; system_heap: the board's.

    gateway_waits: function that tells whether the gateways have no room now; asked here, for their own task may be dead.
    look: function that lets the flight recorder look, if there is one; a task of its own would take more than its code.
    """
    try:
        while True:
            beat()
            state.uptime_s = clock.seconds()
            state.beats_ok = healthy()
            state.gateway_waits = gateway_waits()
            look()
            state.steady_s = state.steady_s + 1 if state.beats_ok else 0
            if state.uptime_s - state.heap_at_s >= _LAST_S or not state.heap_free:
                gc.collect()
                measure(state, system_heap)
            await asyncio.sleep_ms(_STEP_MS)
    finally:
        state.beats_ok = False  # nobody measures it any more


def measure(state, system_heap):
    """Tell the memory that is free right after a collection, so the figure is of what is really in use."""
    state.heap_at_s = clock.seconds()
    state.heap_free = gc.mem_free()
    state.system_heap = system_heap()
    state.heap_min = min(state.heap_min or state.heap_free, state.heap_free)
