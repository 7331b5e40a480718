"""The control law: state and settings in, intents out. Pure, the one place where priorities live.

A limit is the strictest of all that ask for one; who asks is remembered. Nothing is commanded upwards before the
contacts have settled after a start.
"""

from bridge.logic import contacts


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
    outputs = settings.do_safe_mask if state.output_command is None else state.output_command
    return percent, reason, wanted, outputs
