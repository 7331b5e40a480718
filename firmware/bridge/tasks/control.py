"""Runs the control law at least every 50 ms and at once when a contact has settled. Writer of limits and intents."""

import gc

import clock
import log
from bridge import points
from bridge.logic.grid import control
from micropython import const
from parts import Part

_DIMMED = const(1000)
_AGAIN_S = const(2)  # after there was no memory to make a table


async def run(beat, state, settings, wake):
    """Decide whenever `wake` (asyncio.Event) is set; field_io sets it."""
    law = Law()
    while True:
        beat()
        now, now_s = clock.ticks_ms(), clock.seconds()
        is_new = law.step(state, settings, now, now_s)
        if state.recorder:
            state.recorder.law(law, is_new, now, now_s)
        await wake.wait()
        wake.clear()


class Law:
    """The control law with all that it remembers: the same things seen at the same times make it say the same."""

    def __init__(self):
        self.grid = Table()
        self._limits = Part("bridge.logic.grid.limits")
        self._made_of = None
        self._met = None, None, "", "", None
        self.loosening, self.importing = control.Loosening(), control.Loosening()
        self.importing_pct = 100
        self.last = None  # mask of the last combination of contacts that has a row
        self.seen = self.said = None  # all that it decides by but the time, and what it decided
        self._decided = 100, "", False, 0, 100, False, None
        self._decided_s = 0
        self._edges = 0

    def step(self, state, settings, now, now_s):
        """Decide, and tell the state; return True if anything seen or said is new. now: ticks; now_s: seconds."""
        grid = self.grid
        grid.follow(settings, now_s)
        # Everything that `decide` reads: most turns bring nothing new, and a decision leaves half a kilobyte of garbage.
        marks = (state.export_cap_w is not None) << 7 | grid.unsure << 6
        contacts = state.inputs << 8 | marks | state.chattering << 1 | state.inputs_settled
        off_grid = None
        if settings.limit_off_grid_w >= 0:
            off_grid = state.readings.value(points.number("plant_off_grid"))
        seen = (contacts, state.output_command, state.server_command, settings.version, state.ems_limits, state.rated_w)
        seen += (state.driven, off_grid, state.export_cap_w)
        is_new = seen != self.seen
        if is_new or now_s != self._decided_s:
            self.seen, self._decided_s = seen, now_s
            self._decided, self.last = control.decide(state, settings, grid.table, self.last, now_s)
        percent, reason, wanted, outputs, imported, dimmed, reactive = self._decided
        if wanted:
            hold_ms = settings.grid_hold_ms
            percent, reason, at = self.loosening.step(percent, reason, state.inputs, now, hold_ms)
            if at is not None and self._edges != state.input_edges:
                self._edges = state.input_edges
                state.limit_edges += 1
                state.limit_edge_at = state.inputs_at if percent < state.limit_pct else at
            asked = imported - _DIMMED * dimmed  # what dims consumption is stricter than any share of the rated power
            if asked != self.importing_pct:
                asked = self.importing_pct = self.importing.step(asked, "", state.inputs, now, hold_ms)[0]
            dimmed = asked < 0
            imported = asked + _DIMMED * dimmed
        decided = percent, reason, imported, dimmed
        cap_w, import_w, reason, limits, export_w = self._meet(state, settings, decided, now_s)
        if cap_w is not None and state.inputs_settled:
            # A limit of somebody else frees nothing that contacts may have asked for before the start.
            wanted = wanted or bool(grid.table) or (settings.grid_table == "off" and not grid.unsure)
        said = percent, wanted, imported, reactive, outputs, import_w, export_w, cap_w, reason, limits
        if said == self.said:
            return is_new
        self.said = said
        if percent != state.limit_pct or reason != state.limit_reason:
            log.info("control", "limit %d %%, %s" % (percent, reason or "nobody limits"))
        state.limit_pct, state.limit_wanted, state.import_pct, state.reactive, state.outputs_wanted = said[:5]
        state.import_w, state.export_w, state.cap_w, state.limit_reason, state.limits = said[5:]
        return True

    def _meet(self, state, settings, decided, now_s):
        """Return what grid.limits.in_force does; what makes it is in memory only while others than the contacts limit."""
        made_of = decided, self.seen, now_s
        if self._made_of == made_of:
            return self._met
        if not (decided[3] or state.ems_limits or self.grid.is_limited):
            self._limits.unload()
            self._met = None, None, decided[1], "", None
        else:
            try:
                self._met = self._limits.load().in_force(state, settings, decided, now_s)
            except MemoryError:
                # What met before stays, and it is tried again with the next decision.
                self.grid.failures += 1
                log.warn("control", "no memory for the limits beside the contacts")
        self._made_of = made_of
        return self._met


class Table:
    """The table of grid contacts that is set, made anew when a setting of it changes; what makes it goes again."""

    def __init__(self):
        self.is_limited = False  # a person has set a limit
        self.table = None  # of grid.tables.make; None = no table is set
        self.unsure = False  # nobody knows which one is wanted, see Settings.unsure
        self.failures = 0  # times that there was no memory, for it or for the limits of others
        self._made_of = None
        self._version = -1
        self._tried_s = 0

    def follow(self, settings, now_s):
        """Make the table anew if it has to be; without memory the one in force stays, and it is tried again."""
        if settings.version == self._version or (self._tried_s and now_s - self._tried_s < _AGAIN_S):
            return
        made_of = settings.starting(("grid_table", "grid_rows", "grid_drm", "grid_open", "grid_unknown"))
        if made_of != self._made_of:
            try:
                self.table = None if settings.grid_table == "off" else _made(settings)
            except MemoryError:
                self._tried_s = now_s or 1
                self.failures += 1
                log.warn("control", "no memory for the table of the contacts; what is in force stays")
                return
            self._made_of = made_of
        self.unsure = settings.unsure("grid_")
        self.is_limited = max(settings.starting("limit_")) >= 0
        self._tried_s = 0
        self._version = settings.version


def _made(settings):
    with Part("bridge.logic.grid.tables") as tables:
        made = tables.make(settings)
    gc.collect()  # what was only needed to make it must not lie between what comes next
    return made
