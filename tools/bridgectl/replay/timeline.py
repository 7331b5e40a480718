"""What a recording tells a person: one line for each thing that happened, with the time since the start."""

from bridgectl.device import build as building
from bridgectl.replay import kinds
from bridgectl.replay.decisions import NO_VALUES, command

_TICKS = 1 << 30
_CONTACTS = ("DI1", "DI2", "DI3", "DI4", "DI5")
_OUTPUTS = ("DO1", "DO2")
_DAY_S = 86400


def head(file):
    """Yield who recorded, and what this program should know of it."""
    told = file.told
    version = told.get("version", "unknown")
    yield f"Version {version}, SN {told.get('sn', 'unknown')}, taken after {told.get('uptime_s', '?')} s"
    why = f": {told['why']}" if told.get("why") else ""
    yield f"Start by {told.get('start', 'unknown')}{why}"
    for text in told.get("rs485", ()):
        yield f"RS485 {text}"
    if told.get("damaged"):
        yield f"Damaged records: {told['damaged']}"
    if version != building.version():
        yield (
            f"This program is of version {building.version()}: what it decides otherwise may be a change, "
            "and entries that it does not know are left out."
        )


def verdict(outcomes):
    """Return in words whether everything was decided the same."""
    checked = sum(outcome.is_checked for outcome in outcomes)
    wrong = sum(bool(outcome.mismatches) for outcome in outcomes)
    unknown = sum(not outcome.has_settings for outcome in outcomes)
    text = f"{len(outcomes)} entries, {checked} of them decided once more: "
    text = (
        f"{unknown} entries are only told: by which settings they were decided is missing.\n{text}" if unknown else text
    )
    return text + (f"{wrong} DECIDED OTHERWISE" if wrong else "all the same" if checked else "nothing to compare")


def lines(file, outcomes):
    """Yield the lines. outcomes: of decisions.replay."""
    before = {}
    at_ms = last = None
    for outcome in outcomes:
        entry = outcome.entry
        if at_ms is None or not entry.follows:
            at_ms = 1000 * entry.now_s
            if before:
                yield "             ... something is missing here"
            before = {}
        else:
            at_ms += (entry.now - last) % _TICKS
        last = entry.now
        for text in _told(outcome, before.get(entry.kind)):
            yield f"{_time(at_ms, file.told.get('day_clock'))}  {text}"
        before[entry.kind] = outcome.fields
        for text in outcome.mismatches:
            yield f"{'':>12}  MISMATCH {text}"


def _time(at_ms, day_clock):
    tenths = at_ms // 100
    seconds = tenths // 10
    text = f"{seconds // 3600:4}:{seconds // 60 % 60:02}:{seconds % 60:02}.{tenths % 10}"
    if day_clock:
        minute, told_s = day_clock
        day_s = (minute * 60 + seconds - told_s) % _DAY_S
        text += f"  {day_s // 3600:02}:{day_s // 60 % 60:02}:{day_s % 60:02}"
    return text


def _told(outcome, before):
    try:
        return list(_words(outcome, before))
    except NO_VALUES:
        return ["an entry whose values make no sense"]


def _words(outcome, before):
    fields = outcome.fields
    told = {
        kinds.LAW: _law,
        kinds.SETTING: _setting,
        kinds.PLANT: _plant,
        kinds.LINKS: _links,
        kinds.ORDERS: _orders,
        kinds.RULES: _rules,
        kinds.COMMAND: _nothing,
        kinds.EXPORT: _nothing,
    }.get(outcome.entry.kind)
    if not told or not fields:
        yield f"an entry of kind {outcome.entry.kind} that this version does not know"
        return
    yield from told(outcome, fields, before or {})


def _law(outcome, fields, before):
    def is_new(*names):
        return any(before.get(name) != fields[name] for name in names)

    if is_new("contacts"):
        yield _contacts(fields["contacts"])
    for name, who in (("output_command", "the broker"), ("server_command", "the other master")):
        if is_new(name) and (before or fields[name] != (None, None)):
            yield f"{who} commands {_commands(fields[name])}"
    if is_new("ems_limits") and (before or fields["ems_limits"]):
        yield "the EMS asks for " + (", ".join(map(_ems, fields["ems_limits"])) or "nothing any more")
    if is_new("rated_w"):
        yield (
            f"the plant's rated power is {fields['rated_w']} W" if fields["rated_w"] else "its rated power is not known"
        )
    if is_new("off_grid") and (before or fields["off_grid"] is not None):
        yield {None: "nobody knows whether it is off-grid", 0: "the plant is on the grid"}.get(
            fields["off_grid"], "the plant is off-grid"
        )
    if is_new("limit_pct", "cap_w", "wanted", "reason_sum"):
        yield _limit(outcome, fields)
    if is_new("import_pct", "import_w"):
        yield _import(fields)
    if is_new("export_w") and (before or fields["export_w"] is not None):
        yield (
            f"export at the grid is held to {fields['export_w']} W"
            if fields["export_w"] is not None
            else ("export at the grid is not limited any more")
        )
    if is_new("reactive") and (before or fields["reactive"]):
        yield f"reactive power: {fields['reactive'] or 'nothing asked for'}"
    if is_new("outputs"):
        yield "outputs: " + ", ".join(
            f"{name} {'closed' if fields['outputs'] >> place & 1 else 'open'}" for place, name in enumerate(_OUTPUTS)
        )
    if before and is_new("failures"):
        yield "no memory to decide anew: what is in force stays"


def _contacts(bits):
    if not bits & 1:
        return "the contacts have not settled yet"
    closed = [name for place, name in enumerate(_CONTACTS) if bits >> 8 >> place & 1]
    moving = [name for place, name in enumerate(_CONTACTS) if bits >> 1 >> place & 1]
    text = "contacts closed: " + (", ".join(closed) or "none")
    return text + (", never still: " + ", ".join(moving) if moving else "")


def _commands(commands):
    words = [
        f"{name} {'closed' if command[0] else 'open'}"
        for name, command in zip(_OUTPUTS, commands, strict=False)
        if command
    ]
    return ", ".join(words) or "no output any more"


def _ems(limit):
    quantity, watts, for_s, _ = limit
    return f"{('generation', 'export', 'import')[quantity]} {watts} W" + (f" for {for_s} s" if for_s else "")


def _limit(outcome, fields):
    if not fields["wanted"]:
        return "limit: the plant is not commanded"
    limits = [f"{fields['limit_pct']} %"] if fields["limit_pct"] < 100 else []
    limits += [f"{fields['cap_w']} W"] if fields["cap_w"] is not None else []
    text = "limit: " + (" and ".join(limits) or "none")
    words = outcome.limits or outcome.reason
    return text + (f" ({words})" if words and not outcome.mismatches else "")


def _import(fields):
    limits = [f"{fields['import_pct']} %"] if fields["import_pct"] < 100 else []
    limits += [f"{fields['import_w']} W"] if fields["import_w"] is not None else []
    return "import limit: " + (" and ".join(limits) or "none")


def _setting(outcome, fields, before):
    if outcome.setting:
        name, old, new = outcome.setting
        old = bool(old) if isinstance(new, bool) else old
        yield f"setting {name}: {old!r} becomes {new!r}"
    else:
        yield "a setting was changed"


def _plant(outcome, fields, before):
    watts = "no limit" if fields["target_w"] is None else f"{fields['target_w']} W"
    state = fields["state"]
    word = command.STATES[state] if state < len(command.STATES) else f"state {state}"
    if any(before.get(name) != fields[name] for name in ("state", "target_w", "text")):
        yield f"plant: {watts} {word}" + (f", {fields['text']}" if fields["text"] else "")


def _links(outcome, fields, before):
    for name, device in (("plant_link", "plant"), ("sensor_link", "sensor")):
        if before.get(name) != fields[name]:
            yield f"{device}: link {fields[name]}"
    if before.get("exchanges") != fields["exchanges"]:
        yield f"{fields['exchanges']} good exchanges on both ports so far"


def _orders(outcome, fields, before):
    if before.get("orders", "") != fields["orders"]:
        yield f"orders: {fields['orders'] or 'none'}"


def _nothing(outcome, fields, before):
    """Say nothing: what came of it is told by the entries of the plant and of the law."""
    return ()


def _rules(outcome, fields, before):
    yield "rules of the outputs: " + ("words not known" if outcome.mismatches else outcome.reason or "none")
