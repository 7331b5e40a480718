"""Writes docs/settings.md, the list of all settings, from the one table that the firmware checks them by.

`python -m bridgectl.docs.settings` writes the page; `--check` only says if it is old.
"""

import sys

from bridgectl import firmware

PAGE = firmware.ROOT / "docs" / "settings.md"

_HEAD = """# Settings

Over USB: `bridgectl settings PORT` shows all, `bridgectl settings PORT set mqtt_host=192.0.2.1 plant_unit=1` sets some
(`NAME=-` asks for the value, for a password), `export FILE` writes all but the passwords, `import FILE` brings them back.
The running bridge obeys and goes on. Where it does not run, its prompt is used and the board restarts; the command says
so. `make provision` takes settings for a new board: `SETTINGS="mqtt_host=192.0.2.1 grid_table=ripple"`.

Damaged settings are no defaults: the ports are silent and the outputs open until somebody says which ones count from now
on, with `bridgectl settings PORT anew NAME=VALUE ...` (the defaults for all that is not named) or on the page *Settings*.

On the bridge's page *Settings*: the broker, the grid signal, ports, units and the outputs.
A new broker is tried before it is kept.

Over MQTT as JSON to `<prefix>/<SN>/set`, one or several at once: `{{"rs485_1_role": "listen", "plant_unit": 1}}`, 512
bytes at most. All are taken and stored, or none is; the answer on `<prefix>/<SN>/result` names each field that is refused,
and the rule. A setting is in force within some seconds and survives a restart. A new role of a port makes the bridge start
anew by itself, two seconds later; no other one does. A WLAN that cannot be joined gives way to the one of before, which is
set again then. In a JSON text a bool is `true` or `false`, an int or a rate a number, all else a text in quotes. What says
who may come in is not taken over MQTT: the passwords, which are shown nowhere, and `require_signature`.

What Home Assistant makes of them: [home_assistant.md](home_assistant.md); the column says what a household sets there, and
what it only sees.

What the roles of the RS485 ports are: [ports.md](ports.md).

This page is made by `python -m bridgectl.docs.settings` from the tables in `firmware/bridge/settings_table.py` and
`meanings.py`: {count} settings.
"""
# Beginnings of names, and the heading of their group, in the order of the page. The first that fits counts.
_GROUPS = (
    ("rs485_", "RS485 ports"),
    ("sensor_", "Power sensor"),
    ("plant_", "Plant"),
    ("server_", "Role server"),
    ("meter_", "Role meter"),
    ("gateway_", "Role gateway"),
    ("grid_", "Grid signal"),
    (("limit_", "dim_", "export_"), "Limits"),
    (("do_", "do1_", "do2_", "heat_", "generator"), "Outputs"),
    (("mqtt_", "publish_"), "MQTT"),
    ("wlan_", "House network"),
    ("", "Device"),
)
_TABLE = "\n| name | kind | default | allowed | unit | Home Assistant | meaning |\n|---|---|---|---|---|---|---|\n"
_MARKS = {"h": "sets", "s": "sees", "n": "", "": ""}


def page():
    """Return the page as text."""
    firmware.load()
    import table
    from bridge import meanings, settings_table

    meaning = dict(table.rows(meanings.TABLE))
    marks = [_MARKS[settings_table.mark(fields)] for fields in table.rows(settings_table.TABLE)]
    rows = [(*row, mark, meaning[row[0]]) for row, mark in zip(settings_table.rows(), marks, strict=True)]
    parts = [_HEAD.format(count=len(rows))]
    for beginnings, heading in _GROUPS:
        group = [row for row in rows if row[0].startswith(beginnings)]
        rows = [row for row in rows if row not in group]
        if group:
            parts += [f"\n## {heading}\n", _TABLE, *(_line(*row) for row in group)]
    return "".join(parts)


def _line(name, kind, default, low, high, unit, mark, meaning):
    cells = (f"`{name}`", kind, _shown(default), _allowed(kind, low, high), unit, mark, meaning)
    return "| " + " | ".join(cells) + " |\n"


def _shown(default):
    """Return a default as it is written in JSON, nothing for an empty text."""
    return {True: "true", False: "false"}[default] if isinstance(default, bool) else str(default)


def _allowed(kind, low, high):
    if kind == "bool":
        return "true, false"
    if kind in ("choice", "rate"):
        return ", ".join(str(choice) for choice in low)
    return f"{low} to {high}" if kind == "int" else f"{low} to {high} bytes"


def main():
    """Write the page, or with --check only compare it."""
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != page():
            sys.exit("docs/settings.md is not what the table says: run python -m bridgectl.docs.settings")
        return
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
