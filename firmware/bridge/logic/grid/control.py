"""The control law: state and settings in, intents out. Pure, the one place where priorities live.

A limit is the strictest of all that ask for one; who asks is remembered. Nothing is commanded upwards before the
contacts have settled after a start.
"""

import clock
from bridge.logic.grid import contacts, outputs


class Loosening:
    """Lets a stricter limit pass at once, and a looser one when the contacts were still for the hold time.

    Receivers change one relay at a time: what is asked for in between was never meant.
    """

    def __init__(self):
        self.in_force = None  # (percent, reason)
        self.inputs = 0
        self.since = None  # of the wait, None = nothing waits

    def step(self, percent, reason, inputs, now, hold_ms):
        """Return (percent, reason, at): the limit in force, and when what is new in it began to count (None: not new)."""
        asked = (percent, reason)
        moved = inputs != self.inputs
        self.inputs = inputs
        if self.in_force is None or percent <= self.in_force[0]:
            at = now if self.in_force is None or percent < self.in_force[0] else None
        else:
            if moved or self.since is None:
                self.since = now
            if clock.ticks_diff(now, self.since) < hold_ms:
                return self.in_force + (None,)
            at = now
        self.in_force = asked
        self.since = None
        return asked + (at,)


def schedules(settings):
    """Return True if the contacts limit active power: a table is set, and active scheduling is switched on."""
    return settings.grid_table != "off" and settings.grid_active


def decide(state, settings, table, last, now_s):
    """Return (limit_pct, reason, wanted, outputs_mask, import_pct, dimmed, reactive), and what `last` is from now on.

    limit_pct, import_pct: % of the plant's rated power. dimmed: consumption is dimmed. wanted: the plant shall be
    commanded at all. reactive: (kind, value) as in bridge/grid_rows.py, or None. table: of tables.make, or None. last:
    mask of the last combination that has a row, None = there was none. now_s: seconds of the clock.
    """
    driven = outputs.wanted(state, settings, now_s)
    if not table or not state.inputs_settled:
        # What stood before the start still stands at the plant: no command until we know the contacts.
        return (100, "", False, driven, 100, False, None), last
    asking = (state.inputs ^ settings.grid_closed_mask) & contacts.GRID_MASK & ~state.chattering
    place, reason, last = contacts.row(table, asking, last)
    percent, imported = contacts.limits(table, place)
    dimmed = contacts.dimmed(table, place)
    reactive = table[2].get(place) if settings.grid_reactive else None
    if state.chattering & contacts.GRID_MASK:
        # What the table never limits, a contact that is never still does not limit either.
        most_pct = settings.grid_chatter_pct
        least_pct, least_imported = contacts.limits(table, None)
        if least_imported < 100:
            imported = min(imported, most_pct)
        percent, reason = contacts.chattering(state.chattering, most_pct if least_pct < 100 else 100, percent, reason)
    if not settings.grid_active:
        percent, imported, dimmed = 100, 100, False
        reason = reason if reactive else ""
    return (percent, reason, settings.grid_active, driven, imported, dimmed, reactive), last
