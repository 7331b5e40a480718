"""Draws the wiring from its two sources: the COM terminal (boards/com.py) and each board's table of pins.

`python -m bridgectl.docs.wiring` writes docs/wiring.svg and prints the same as text; `--check` only says if it is old.
"""

import ast
import sys
from xml.sax.saxutils import escape

from bridgectl import firmware

firmware.load()
from known import BOARDS as _ROWS  # noqa: E402

ROOT = firmware.ROOT
PICTURE = ROOT / "docs" / "wiring.svg"
_CHIPS = tuple(row for row in _ROWS if row[1])


def _columns():
    """Return ((board, title, prefix of its pins), ...): boards of one wiring share a column."""
    columns = {}
    for board, _shared, _port, _builds, title, prefix in _CHIPS:
        columns.setdefault(tuple(sorted(pins(board).items())), []).append((board, title, prefix))
    return tuple((rows[0][0], ", ".join(row[1] for row in rows), rows[0][2]) for rows in columns.values())


_TABLES = ("_RS485_1", "_RS485_2", "_DI", "_DO", "_STRIP", "_BUTTON", "_MODEM_LEDS")
_ROW = 26
_WIDTH = 1310
_COLUMN = 190  # of a board
_TOP = 96
# What lies between the terminal and the chip, by the signal of com.TERMINAL.
_PARTS = {
    "DO1": "relay 1",
    "DO2": "relay 2",
    "DI1": "opto-isolator",
    "DI2": "opto-isolator",
    "DI3": "opto-isolator",
    "DI4": "opto-isolator",
    "DI5": "opto-isolator",
    "GND": "isolated ground",
    "PE": "shield to PE",
    "RS485-1": "transceiver 1",
    "RS485-2": "transceiver 2",
}
_COLOURS = {"DO": "#b85c00", "DI": "#1f6f43", "RS": "#1c5fa8", "GN": "#444444", "PE": "#7a8b00"}


def terminal():
    """Return (TERMINAL, SENSORS) of boards/com.py."""
    firmware.load()
    import com

    return com.TERMINAL, com.SENSORS


def tables(board):
    """Return {name: value} of the table of pins of a board, its own or the shared one, read without running it."""
    shared = next(row[1] for row in _CHIPS if row[0] == board)
    found = {}
    for folder in (shared, board):
        for path in sorted((ROOT / "boards" / folder).glob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in _TABLES:
                    found[node.targets[0].id] = ast.literal_eval(node.value.args[0])
    return found


def pins(board):
    """Return {use: GPIO number} of a board; uses like "DI1", "DO2", "RS485-1 TX", "strip", "modem LED power"."""
    table = tables(board)
    used = {f"DO{i + 1}": gpio for i, gpio in enumerate(table["_DO"])}
    used.update({f"DI{i + 1}": gpio for i, (gpio, _pulled) in enumerate(table["_DI"])})
    for port in ("1", "2"):
        _uart, tx, rx, de = table[f"_RS485_{port}"]
        used.update({f"RS485-{port} TX": tx, f"RS485-{port} RX": rx, f"RS485-{port} DE": de})
    used.update({"strip": table["_STRIP"], "button": table["_BUTTON"]})
    used.update({"modem LED power": table["_MODEM_LEDS"][0], "modem LED network": table["_MODEM_LEDS"][1]})
    return used


def chip_pins(board, prefix, signal):
    """Return the chip's pins behind a signal of the terminal as text: "GP10", "TX GP0 RX GP1 DE GP2", or ""."""
    used = pins(board)
    if signal in used:
        return prefix + str(used[signal])
    lines = [(role, used.get(f"{signal} {role}")) for role in ("TX", "RX", "DE")]
    return " ".join(f"{role} {prefix}{gpio}" for role, gpio in lines if gpio is not None)


def text():
    """Return the wiring as lines of text, 16 rows for the terminal and then what has no terminal."""
    rows, sensors = terminal()
    models = [model for model, _name in sensors]
    head = ["COM", "name", "part", *[title for _b, title, _p in _columns()], *models, "meaning"]
    body = [
        [
            str(pin),
            name,
            _PARTS[signal],
            *[chip_pins(board, prefix, signal) for board, _t, prefix in _columns()],
            *[str(wire) if wire else "" for wire in wires],
            meaning,
        ]
        for pin, name, signal, meaning, *wires in rows
    ]
    for use in ("strip", "button", "modem LED power", "modem LED network"):
        body.append(["", use, "", *[prefix + str(pins(board)[use]) for board, _t, prefix in _columns()], "", "", ""])
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [head, *body]]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]]) + "\n"


def svg():
    """Return the picture as SVG: terminal in the middle, site on the left, board on the right."""
    rows, sensors = terminal()
    height = _TOP + _ROW * (len(rows) + 6)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="13">',
        "<title>Wiring of the bridge at the COM terminal</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _label(560, 30, "COM terminal", size=18, anchor="middle"),
        _label(30, 66, "what is connected", size=12),
        _label(318, 66, "sensor's pin", size=12),
        *[_label(318 + 78 * i, 84, model, size=12) for i, (model, _name) in enumerate(sensors)],
        *[_label(740 + _COLUMN * i, 84, title, size=12) for i, (_b, title, _p) in enumerate(_columns())],
        _label(740, 66, "pins of the board", size=12),
    ]
    for i, row in enumerate(rows):
        parts += _row(_TOP + _ROW * i, *row)
    y = _TOP + _ROW * len(rows) + 30
    parts.append(_label(560, y, "not at the terminal", size=12, anchor="middle"))
    for use in ("strip", "button", "modem LED power", "modem LED network"):
        y += _ROW
        parts.append(_label(622, y, use, size=12))
        for k, (board, _title, prefix) in enumerate(_columns()):
            parts.append(_label(740 + _COLUMN * k, y, prefix + str(pins(board)[use]), size=11))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _row(y, pin, name, signal, meaning, *wires):
    """Return the elements of one pin of the terminal whose row begins at y."""
    colour = _COLOURS[signal[:2]]
    middle = y + _ROW / 2
    parts = [
        f'<line x1="456" y1="{middle}" x2="500" y2="{middle}" stroke="{colour}" stroke-width="2"/>',
        f'<line x1="606" y1="{middle}" x2="618" y2="{middle}" stroke="{colour}" stroke-width="2"/>',
        f'<rect x="500" y="{y + 2}" width="106" height="{_ROW - 4}" fill="#f2f2f2" stroke="{colour}"/>',
        _label(508, y + 18, str(pin), colour=colour),
        _label(534, y + 18, name),
        _label(30, y + 18, meaning, size=11),
        _label(622, y + 18, _PARTS[signal], size=12, colour=colour),
    ]
    for i, wire in enumerate(wires):
        if wire:
            parts.append(_label(330 + 78 * i, y + 18, str(wire), colour=colour))
    for i, (board, _title, prefix) in enumerate(_columns()):
        parts.append(_label(740 + _COLUMN * i, y + 18, chip_pins(board, prefix, signal), size=11))
    return parts


def _label(x, y, words, size=13, anchor="start", colour="#111111"):
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def main():
    if sys.argv[1:] == ["--check"]:
        if not PICTURE.exists() or PICTURE.read_text() != svg():
            sys.exit("docs/wiring.svg is not what the tables say: run python -m bridgectl.docs.wiring")
        return
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(svg())
    print(text(), end="")


if __name__ == "__main__":
    main()
