"""What is ordered at the plant beside its power, from the limits in force. Pure."""

from bridge.logic.grid import command

STOPPED = 0  # value of the command that stops the plant; command.NONE starts it


def targets(settings, import_pct, import_w, export_w, limit_pct, rated_w, waits):
    """Return what shall hold as (import, export at the grid, stop), register values; None: nothing is ordered.

    waits: the plant's rated power is still waited for; where a share of it is asked for, import is "" then: it stays.
    """
    wanted = None
    if settings.plant_import:
        if import_pct < 100 and not rated_w and waits:
            wanted = ""
        else:
            raw = command.raw_limit(import_pct, rated_w)
            raw = raw if import_w is None else min(raw, import_w)
            wanted = None if raw == command.NONE else raw
    nothing_flows = settings.plant_disconnect and limit_pct == 0 and import_pct == 0
    return wanted, export_w if settings.export_at == "grid" else None, STOPPED if nothing_flows else None
