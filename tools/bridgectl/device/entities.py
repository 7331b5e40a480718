"""What Home Assistant is told of each point, fact and setting, made out of their tables when a slot is made.

What a household may set becomes a select, a number, a switch or a text; what it may not a sensor, read only. Which is which
is the mark in the tables. An output is a switch while people switch it, and read only while a rule does. The text lies in
the flash, and no heap holds more than a line of it: its form stands in firmware/bridge/logic/doors/entities.py.
Source of the keys: Home Assistant MQTT documentation.
"""

import json

from bridgectl import firmware

# What a kind becomes: where it can be set, and where it is only shown.
_PLATFORMS = {
    "choice": ("select", "sensor"),
    "rate": ("select", "sensor"),
    "int": ("number", "sensor"),
    "bool": ("switch", "binary_sensor"),
    "text": ("text", "sensor"),
}
_CLASSES = {"W": "power", "A": "current", "s": "duration", "ms": "duration"}
_HOUSEHOLD, _SEEN = "h", "s"
_MOST = 1900  # bytes of entities in one message; the device stands beside them
_TEMPLATE = 70  # bytes of an entity that are the same for all, the serial number among them
# Of facts, see quantities.FACTS.
_CATEGORIES = {"": {}, "d": {"ent_cat": "diagnostic"}, "n": {"ent_cat": "diagnostic", "en": False}}
_CUT = "[:250]"  # a state of Home Assistant has 255 characters at most
# Setting, what its keys begin with, the owner whose rules they are, and the outputs of which one must have it.
_RULES = (
    ("do1_rules", "do1", "smart_load", "do1_owner"),
    ("do2_rules", "do2", "smart_load", "do2_owner"),
    ("heat_pump", "heat_pump", "heat_pump", "do1_owner"),
    ("generator", "generator", "generator", "do1_owner do2_owner"),
)


def text():
    """Return the messages with their lines, one for each entity."""
    firmware.load()
    of_state, of_settings = [*_points(), *_facts()], map(_line, [*_settings(), *_keys()])
    return "".join([*_messages("state", of_state), *_messages("settings", of_settings)])


def _messages(leaf, lines):
    """Yield the lines of one topic's entities, and a line before each message of them."""
    left = 0
    for line in lines:
        size = len(line.encode()) + 2 * len(line.partition("|")[0]) + _TEMPLATE
        if left < size:
            yield f"={leaf}\n"
            left = _MOST
        left -= size
        yield line


def _points():
    import table
    from bridge import points, quantities

    decimals = {row[0]: row[1] for row in points.rows()}
    for name, unit, device_class, state_class in table.rows(quantities.POINTS):
        told = {"name": quantities.title(name)}
        if unit:
            told |= {"unit_of_meas": unit, "sug_dsp_prc": decimals[name]}
        if device_class:
            told["dev_cla"] = device_class
        told |= {"stat_cla": state_class} if state_class else {"ent_cat": "diagnostic"}
        yield _of_state(name, "sensor", told)


def _facts():
    import table
    from bridge import quantities, settings_table

    for name, platform, unit, device_class, category in table.rows(quantities.FACTS):
        told = {"name": quantities.title(name), **_CATEGORIES[category]}
        told |= {"unit_of_meas": unit} if unit else {}
        told |= {"dev_cla": device_class} if device_class else {}
        if platform == "switch":
            owner = name + "_owner"
            rules = ",".join(word for word in settings_table.row(owner)[3] if word != "manual")
            command = {
                "pl_on": f'{{"{name}":true}}',
                "pl_off": f'{{"{name}":false}}',
                "stat_on": "ON",
                "stat_off": "OFF",
            }
            yield _of_state(name, platform, told | command, f"- - - manual {owner}")
            yield _of_state(name + "_contact", "binary_sensor", told, f"- - - {rules} {owner}", name)
        else:
            yield _of_state(name, platform, told)


def _of_state(name, platform, told, rule="", key=""):
    return f"{name}|{platform}|{key or name}|{rule}||{_rest(told)}\n"


def _rest(told):
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)[1:-1]


def _settings():
    """Yield (name, kind, low or choices, high, unit, command or "", "") of settings; %s in a command is the value."""
    import table
    from bridge import settings_table

    for fields in table.rows(settings_table.TABLE):
        mark = settings_table.mark(fields)
        if mark and mark in _HOUSEHOLD + _SEEN:
            name, kind, _, low, high, unit = settings_table.row(fields[0])
            value = "{{value|int}}" if kind in ("int", "rate") else "%s" if kind == "bool" else "{{value|to_json}}"
            yield name, kind, low, high, unit, f'{{"{name}":{value}}}' if mark == _HOUSEHOLD else "", ""


def _keys():
    """Yield the same of the keys of rules that a household may set, with the rule they are of."""
    import table
    from bridge import load_rules

    for setting, beginning, owner, outputs in _RULES:
        for key, kind, default, low, high, unit, who in table.rows(load_rules.TABLES[setting]):
            if who == _HOUSEHOLD:
                number = kind == "int"
                command = f'{{"{setting}":"+{key} {"{{value|int}}" if number else "{{value}}"}"}}'
                rule = f"{setting} {key} {default} {owner} {outputs}"
                range_ = (kind, int(low), int(high)) if number else ("choice", kind.split(","), "")
                yield f"{beginning}_{key}", *range_, unit, command, rule


def _line(entity):
    name, kind, low, high, unit, command, rule = entity
    told = {"name": title(name, kind, low, unit), "ent_cat": "config" if command else "diagnostic"}
    if unit:
        told["unit_of_meas"] = unit
    if unit in _CLASSES:
        told["dev_cla"] = _CLASSES[unit]
    if kind in ("choice", "rate"):
        told["ops"] = [str(x) for x in low]
    if kind in ("choice", "rate") and not command:
        told["dev_cla"] = "enum"
    if kind == "bool" and command:
        told |= {"pl_on": command % "true", "pl_off": command % "false", "stat_on": "True", "stat_off": "False"}
    elif kind == "bool":
        told |= {"pl_on": "True", "pl_off": "False"}
    elif command:
        told["cmd_tpl"] = command
    if command and kind in ("int", "text"):
        told |= {"min": low, "max": high}
    if command and kind == "int":
        told["mode"] = "box"
    end = _CUT if kind == "text" else ""
    # set_: some facts have the name of a setting, the import limit in force and the one that is set.
    return f"set_{name}|{_PLATFORMS[kind][not command]}|{name}|{rule}|{end}|{_rest(told)}\n"


def title(name, kind, low, unit):
    """Return the name for people: "limit_user_w" is "Limit user (-1 = none)", "do1_owner" is "DO1 owner"."""
    first, *words = name.split("_")
    if unit and words[-1] in (unit.lower(), "pct"):
        words.pop()
    first = first.upper() if first[:2] == "do" or first == "led" else first.capitalize()
    return " ".join([first, *words]) + (" (-1 = none)" if kind == "int" and low == -1 else "")
