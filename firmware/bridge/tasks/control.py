"""Runs the control law at least every 50 ms and at once when a contact has settled. Writer of limits and intents."""

import clock
import log
from bridge.logic.grid import control
from micropython import const
from parts import Part

_AGAIN_S = const(2)  # after there was no memory to make a table


async def run(beat, state, settings, wake):
    """Decide whenever `wake` (asyncio.Event) is set; field_io sets it."""
    loosening, importing = control.Loosening(), control.Loosening()
    grid = Table()
    edges = 0
    made_of = last = None
    decided = 100, "", False, 0, 100, None
    while True:
        beat()
        grid.follow(settings)
        # Everything that `decide` reads: most turns bring nothing new, and a decision leaves half a kilobyte of garbage.
        contacts = state.inputs << 8 | state.chattering << 1 | state.inputs_settled
        seen = (contacts, state.output_command, state.server_command, settings.version, clock.seconds())
        if seen != made_of:
            made_of = seen
            decided, last = control.decide(state, settings, grid.table, last, clock.seconds())
        percent, reason, wanted, outputs, imported, reactive = decided
        if wanted:
            now = clock.ticks_ms()
            hold_ms = settings.grid_hold_ms
            percent, reason, at = loosening.step(percent, reason, state.inputs, now, hold_ms)
            if at is not None and edges != state.input_edges:
                edges = state.input_edges
                state.limit_edges += 1
                state.limit_edge_at = state.inputs_at if percent < state.limit_pct else at
            if imported != state.import_pct:
                imported = importing.step(imported, "", state.inputs, now, hold_ms)[0]
        if percent != state.limit_pct or reason != state.limit_reason:
            log.info("control", "limit %d %%, %s" % (percent, reason or "nobody limits"))
        state.limit_pct = percent
        state.limit_reason = reason
        state.limit_wanted = wanted
        state.import_pct = imported
        state.reactive = reactive
        state.outputs_wanted = outputs
        await wake.wait()
        wake.clear()


class Table:
    """The table of grid contacts that is set, made anew when a setting of it changes; what makes it goes again."""

    def __init__(self):
        self.table = None  # of grid.tables.make; None = no table is set
        self._made_of = None
        self._version = -1
        self._tried_s = 0

    def follow(self, settings):
        """Make the table anew if it has to be; without memory the one in force stays, and it is tried again."""
        if settings.version == self._version or (self._tried_s and clock.seconds() - self._tried_s < _AGAIN_S):
            return
        made_of = settings.starting(("grid_table", "grid_rows", "grid_drm", "grid_open", "grid_unknown"))
        if made_of != self._made_of:
            try:
                self.table = None if settings.grid_table == "off" else _made(settings)
            except MemoryError:
                self._tried_s = clock.seconds() or 1
                log.warn("control", "no memory for the table of the contacts; what is in force stays")
                return
            self._made_of = made_of
        self._tried_s = 0
        self._version = settings.version


def _made(settings):
    with Part("bridge.logic.grid.tables") as tables:
        return tables.make(settings)
