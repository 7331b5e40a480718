"""The control law: state and settings in, intents out. Pure, the one place where priorities live.

A limit is the strictest of all that ask for one; who asks is remembered. Nothing is commanded upwards before the
contacts have settled after a start.
"""

import clock
from bridge.logic.grid import contacts


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


def decide(state, settings):
    """Return (limit_pct, reason, wanted, outputs_mask).

    limit_pct: % of the plant's highest active power. wanted: the plant shall be commanded at all.
    """
    wanted = settings.grid_table != "off"
    percent, reason = 100, ""
    if wanted and not state.inputs_settled:
        # What stood before the start still stands at the plant: no command until we know the contacts.
        wanted = False
    elif wanted:
        percent, reason = contacts.row(settings.grid_table, state.inputs)
    return percent, reason, wanted, _outputs(state, settings)


def _outputs(state, settings):
    """Return the contacts to drive: what was commanded last, by the broker or by the other master; else the safe state."""
    by_broker, by_master = state.output_command, state.server_command
    if by_master is None or (by_broker is not None and state.output_command_s > state.server_command_s):
        return settings.do_safe_mask if by_broker is None else by_broker
    return by_master
