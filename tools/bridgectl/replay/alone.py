"""Decides once more what needs nothing of the entries before it: an entry holds all that was known.

The limit's command at each word that it was told, orders beside the limit, and the loop of an export limit.
"""

import binascii

from bridgectl import firmware
from bridgectl.replay import kinds

firmware.load()

from bridge.logic.grid import command, export, orders  # noqa: E402 (importable only now)

_TICKS = 1 << 30
_TIMES = ("_next_at", "_read_at", "sent_at", "_good_at")
_FLAGS = ("owed", "read_first", "_ends", "_kept", "_silent", "acknowledged")


def check_command(outcome):
    """Tell a command that knows what is recorded what it was told, and compare what it knows and says then."""
    fields, now = outcome.fields, outcome.entry.now
    order = command.LimitCommand()
    for name in kinds.COMMAND_MEMORY:
        setattr(order, name, _known(name, fields["before" + name], now))
    event = kinds.EVENTS[fields["event"]]
    told = [fields["told_1"], fields["told_2"], fields["told_3"]]
    if event == "doubt":
        order.doubt()
    elif event == "age":
        order.age(now, told[0])
    elif event == "read":
        order.read(told[0], bool(told[1]), told[2], now)
    elif event == "wrote":
        order.wrote(told[0], told[1], now)
    elif event == "want":
        order.want(told[0], now)
    else:
        order.touch(bool(told[0]), now)
    outcome.is_checked = True
    said = {"text_sum": binascii.crc32(order.text.encode()) & 0xFFFF}
    said |= {"after" + name: _told(name, getattr(order, name), now) for name in kinds.COMMAND_DECIDED}
    _compare(outcome, said)


def _known(name, value, now):
    if name == "state":
        return command.STATES[value]
    if name in _TIMES:
        return None if value is None else (now + value) % _TICKS
    return bool(value) if name in _FLAGS else value


def _told(name, value, now):
    if name == "state":
        return command.STATES.index(value)
    if name in _TIMES:
        return None if value is None else (value - now + _TICKS // 2) % _TICKS - _TICKS // 2
    return int(value) if name in _FLAGS else value


def check_orders(outcome, settings):
    """Decide once more what is ordered, and compare what the commands are to hold."""
    fields = outcome.fields
    if fields["wanted"] is None:
        return  # orders are not in memory
    seen = [fields[name] for name in ("import_pct", "import_w", "export_w", "limit_pct", "rated_w")]
    wanted = orders.targets(settings, *seen, bool(fields["waits"]))
    outcome.is_checked = True
    said = {"wanted": wanted}
    names = zip(("import_raw", "export_raw", "stop_raw"), wanted, strict=True)
    said |= {name: raw for name, raw in names if raw != ""}
    _compare(outcome, said)


def check_export(outcome):
    """Let the loop move its cap once more."""
    fields, now = outcome.fields, outcome.entry.now
    loop = export.Export((now + fields["changed_at"]) % _TICKS, fields["cap_before_w"])
    held_at = None if fields["held_at"] is None else (now + fields["held_at"]) % _TICKS
    seen = [fields[name] for name in ("limit_w", "grid_w", "age_ms", "output_w")]
    outcome.is_checked = True
    _compare(outcome, {"cap_w": loop.step(*seen, held_at, fields["settle_ms"], now)})


def _compare(outcome, said):
    fields = outcome.fields
    outcome.mismatches += [
        f"{name}: recorded {fields[name]}, decided {said[name]}" for name in said if fields[name] != said[name]
    ]
