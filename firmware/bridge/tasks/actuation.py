"""Carries out what settings ask for beside the limit: orders at the plant, and outputs that a rule owns. Reaches places on
another line too, where something stands that was ordered while they were the plant.

One task for all, orders and outputs a part each. In memory while a setting wants one of them, or something is not released.
"""

import asyncio

import clock
from bridge.logic.grid.outputs import owned as outputs_owned
from micropython import const
from parts import Part

_STEP_MS = const(50)
_TURN = const(5)  # steps from one look at the outputs to the next


async def run(beat, state, settings, ports, board, due, orders_due):
    """Step all until none is wanted. ports: buses.Ports; due(): any is wanted; orders_due(): orders are."""
    actuation = _Actuation(state, settings, ports, board.data, orders_due)
    try:
        while due():
            beat()
            actuation.step(clock.ticks_ms())
            found = actuation.elsewhere()
            if found:
                await actuation.reach(beat, board, *found)
            await asyncio.sleep_ms(_STEP_MS)
    finally:
        actuation.leave()


class _Actuation:
    """What is loaded of orders and outputs."""

    def __init__(self, state, settings, ports, folder, orders_due):
        """folder: of the records."""
        self._state, self._settings, self._ports = state, settings, ports
        self._folder = folder
        self._orders_due = orders_due
        self._orders_part, self._outputs_part = Part("bridge.tasks.orders"), Part("bridge.tasks.outputs")
        self._orders = self._outputs = None
        self._turn = 0
        self._next_at = None  # of the next step, None = now

    def step(self, now):
        """Let orders and outputs do what is due; not more often than they need it."""
        if self._next_at is not None and clock.ticks_diff(now, self._next_at) < 0:
            return
        self._next_at = clock.ticks_add(now, _STEP_MS)
        state, settings = self._state, self._settings
        if self._orders_due():
            self._orders = self._orders or self._orders_part.load().Orders(state, settings, self._folder + "orders")
            self._orders.step(self._ports.objects[0], now)
        elif self._orders:
            self._orders.leave()
            self._orders = self._orders_part.unload()
        self._turn = (self._turn + 1) % _TURN
        if outputs_owned(settings):
            if not self._outputs:
                owned = self._outputs_part.load().Owned
                self._outputs = owned(state, settings, self._folder + "outputs", clock.seconds())
            if self._turn == 0:
                self._outputs.step(clock.seconds())
        elif self._outputs:
            self._outputs.leave()
            self._outputs = self._outputs_part.unload()

    def elsewhere(self):
        """Return (tasks.leaving.Leaving, host) of a place to be released on another line than the plant's, or None."""
        port = self._ports.objects[0]
        if port and hasattr(port, "order") and not port.bus.stopped:
            for leaving in (self._ports.limit.leaving, self._orders and self._orders.leaving):
                for host in leaving.hosts if leaving and not leaving.waits else ():
                    if host != port.host:
                        return leaving, host
        return None

    async def reach(self, beat, board, leaving, host):
        """Release what is left there, and go on with the rest meanwhile."""

        def step():
            beat()
            self.step(clock.ticks_ms())
            return self.elsewhere() == (leaving, host)

        await leaving.visit(host, step, board, self._state, self._settings)

    def leave(self):
        """Take what is on the line away, and what is loaded out of memory."""
        if self._orders:
            self._orders.leave()
        if self._outputs:
            self._outputs.leave()
        self._orders_part.unload()
        self._outputs_part.unload()
