"""Carries out what settings ask for beside the limit: orders at the plant, and outputs that a rule owns.

One task for both, each a part of its own. In memory while a setting wants one of them, or an order is not released.
"""

import asyncio

import clock
from bridge.logic.grid.outputs import owned as outputs_owned
from micropython import const
from parts import Part

_STEP_MS = const(50)
_TURN = const(5)  # steps from one look at the outputs to the next


async def run(beat, state, settings, ports, folder, orders_due):
    """Step both until neither is wanted. ports: buses.Ports; folder: of the records; orders_due(): orders are wanted."""
    orders_part, outputs_part = Part("bridge.tasks.orders"), Part("bridge.tasks.outputs")
    orders = outputs = None
    turn = 0
    try:
        while orders_due() or outputs_owned(settings):
            beat()
            if orders_due():
                orders = orders or orders_part.load().Orders(state, settings, folder + "orders")
                orders.step(ports.objects[0], clock.ticks_ms())
            elif orders:
                orders.leave()
                orders = orders_part.unload()
            turn = (turn + 1) % _TURN
            if outputs_owned(settings):
                outputs = outputs or outputs_part.load().Owned(state, settings, folder + "outputs", clock.seconds())
                if turn == 0:
                    outputs.step(clock.seconds())
            elif outputs:
                outputs.leave()
                outputs = outputs_part.unload()
            await asyncio.sleep_ms(_STEP_MS)
    finally:
        if orders:
            orders.leave()
        if outputs:
            outputs.leave()
        orders_part.unload()
        outputs_part.unload()
