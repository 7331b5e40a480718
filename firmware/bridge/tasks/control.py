"""Runs the control law at least every 50 ms and at once when a contact has settled. Writer of limits and intents."""

import gc

import clock
import log
from bridge.logic.grid import control
from micropython import const
from parts import Part

_DIMMED = const(1000)
_AGAIN_S = const(2)  # after there was no memory to make a table


async def run(beat, state, settings, wake):
    """Decide whenever `wake` (asyncio.Event) is set; field_io sets it."""
    loosening, importing = control.Loosening(), control.Loosening()
    grid = Table()
    edges = 0
    made_of = last = None
    decided = 100, "", False, 0, 100, False, None
    meeting, importing_pct = Meeting(state, settings), 100
    while True:
        beat()
        grid.follow(settings)
        # Everything that `decide` reads: most turns bring nothing new, and a decision leaves half a kilobyte of garbage.
        contacts = state.inputs << 8 | state.chattering << 1 | state.inputs_settled
        seen = (contacts, state.output_command, state.server_command, settings.version, clock.seconds())
        seen += (state.ems_limits, state.rated_w, state.driven, state.export_cap_w)
        if seen != made_of:
            made_of = seen
            decided, last = control.decide(state, settings, grid.table, last, clock.seconds())
        percent, reason, wanted, outputs, imported, dimmed, reactive = decided
        if wanted:
            now = clock.ticks_ms()
            hold_ms = settings.grid_hold_ms
            percent, reason, at = loosening.step(percent, reason, state.inputs, now, hold_ms)
            if at is not None and edges != state.input_edges:
                edges = state.input_edges
                state.limit_edges += 1
                state.limit_edge_at = state.inputs_at if percent < state.limit_pct else at
            asked = imported - _DIMMED * dimmed  # what dims consumption is stricter than any share of the rated power
            if asked != importing_pct:
                asked = importing_pct = importing.step(asked, "", state.inputs, now, hold_ms)[0]
            dimmed = asked < 0
            imported = asked + _DIMMED * dimmed
        cap_w, state.import_w, reason, state.limits, state.export_w = meeting.of(
            (percent, reason, imported, dimmed), grid.is_limited, seen
        )
        if cap_w is not None and state.inputs_settled:
            # A limit of somebody else frees nothing that contacts may have asked for before the start.
            wanted = wanted or bool(grid.table) or (settings.grid_table == "off" and not settings.unsure("grid_"))
        if percent != state.limit_pct or reason != state.limit_reason:
            log.info("control", "limit %d %%, %s" % (percent, reason or "nobody limits"))
        state.limit_pct, state.cap_w = percent, cap_w
        state.limit_reason = reason
        state.limit_wanted = wanted
        state.import_pct = imported
        state.reactive = reactive
        state.outputs_wanted = outputs
        await wake.wait()
        wake.clear()


class Meeting:
    """What all limits make together; what makes it is in memory only while others than the contacts limit."""

    def __init__(self, state, settings):
        self._state = state
        self._settings = settings
        self._part = Part("bridge.logic.grid.limits")
        self._made_of = None
        self._met = None, None, "", "", None

    def of(self, decided, is_limited, seen):
        """Return what grid.limits.in_force does. decided: as it takes it; seen: all else that it is made from."""
        if self._made_of == (decided, seen):
            return self._met
        if not (decided[3] or self._state.ems_limits or is_limited):
            self._part.unload()
            self._met = None, None, decided[1], "", None
        else:
            try:
                self._met = self._part.load().in_force(self._state, self._settings, decided, clock.seconds())
            except MemoryError:
                # What met before stays, and it is tried again with the next decision.
                log.warn("control", "no memory for the limits beside the contacts")
        self._made_of = decided, seen
        return self._met


class Table:
    """The table of grid contacts that is set, made anew when a setting of it changes; what makes it goes again."""

    def __init__(self):
        self.is_limited = False  # a person has set a limit
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
        self.is_limited = max(settings.starting("limit_")) >= 0
        self._tried_s = 0
        self._version = settings.version


def _made(settings):
    with Part("bridge.logic.grid.tables") as tables:
        made = tables.make(settings)
    gc.collect()  # what was only needed to make it must not lie between what comes next
    return made
