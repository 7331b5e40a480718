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
        self._in_force = None  # (percent, reason)
        self._inputs = 0
        self._since = None  # of the wait, None = nothing waits

    def step(self, percent, reason, inputs, now, hold_ms):
        """Return (percent, reason, at): the limit in force, and when what is new in it began to count (None: not new)."""
        asked = (percent, reason)
        moved = inputs != self._inputs
        self._inputs = inputs
        if self._in_force is None or percent <= self._in_force[0]:
            at = now if self._in_force is None or percent < self._in_force[0] else None
        else:
            if moved or self._since is None:
                self._since = now
            if clock.ticks_diff(now, self._since) < hold_ms:
                return self._in_force + (None,)
            at = now
        self._in_force = asked
        self._since = None
        return asked + (at,)


def decide(state, settings, now_s):
    """Return (limit_pct, reason, wanted, outputs_mask).

    limit_pct: % of the plant's rated power. wanted: the plant shall be commanded at all. now_s: seconds of the clock.
    """
    wanted = settings.grid_table != "off"
    percent, reason = 100, ""
    if wanted and not state.inputs_settled:
        # What stood before the start still stands at the plant: no command until we know the contacts.
        wanted = False
    elif wanted:
        asking = state.inputs ^ settings.grid_closed_mask
        percent, reason = contacts.row(settings.grid_table, asking & ~state.chattering, settings.grid_open_pct)
        if state.chattering & contacts.GRID_MASK:
            percent, reason = contacts.chattering(state.chattering, settings.grid_chatter_pct, percent, reason)
    driven = outputs.decide(
        settings.do_safe_mask, state.output_command, state.server_command, settings.do_expire_s, now_s
    )
    return percent, reason, wanted, driven
