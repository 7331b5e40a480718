"""Writes the tables of docs/grid.md and draws docs/grid.svg from those that the firmware decides by.

`python -m bridgectl.docs.grid` writes both; `--check` only says if they are old.
"""

import sys
from xml.sax.saxutils import escape

from bridgectl import firmware

PAGE = firmware.ROOT / "docs" / "grid.md"
PICTURE = firmware.ROOT / "docs" / "grid.svg"

_MADE = "This part is made by `python -m bridgectl.docs.grid` from the tables of the firmware.\n\n"
# heading, settings
TABLES = (
    ("ripple", {"grid_table": "ripple"}),
    ("ripple_reverse", {"grid_table": "ripple_reverse"}),
    ("fnn", {"grid_table": "fnn"}),
    ("single", {"grid_table": "single"}),
    ("drm 5678", {"grid_table": "drm", "grid_drm": "5678"}),
    ("drm 1234", {"grid_table": "drm", "grid_drm": "1234"}),
    ("drm 0567", {"grid_table": "drm", "grid_drm": "0567"}),
)
_NO_ROW, _DIMMED, _DISCONNECTED = 1, 4, 8
_GRAY = (0, 1, 3, 2)  # neighbours differ by one bit
_CELL_W, _CELL_H, _LEFT, _TOP, _GAP = 74, 34, 92, 58, 34
_WIDTH = _LEFT + 4 * _CELL_W + 20


def cells(changes):
    """Return what a table says of the 16 combinations, as (text, active %), by mask."""
    firmware.load()
    from bridge.logic.grid import tables
    from bridge.settings import Settings

    settings = Settings()
    refused = settings.apply(changes)
    if refused:
        raise ValueError(refused)
    data = tables.make(settings)[0]
    found = []
    for mask in range(16):
        percent, imported, marks = data[3 * mask : 3 * mask + 3]
        text = "x" if marks & _DISCONNECTED else f"{percent}" + (f"/{imported}" if imported < 100 else "")
        found.append((text + (" d" if marks & _DIMMED else "") + ("*" if marks & _NO_ROW else ""), percent))
    return found


def page():
    """Return the page as text: what a person wrote stands above, the tables are made anew."""
    head, _, _ = PAGE.read_text().partition(_MADE)
    said = [cells(changes) for _, changes in TABLES]
    lines = ["| DI1 DI2 DI3 DI4 | " + " | ".join(name for name, _ in TABLES) + " |", "|---" * (len(TABLES) + 1) + "|"]
    for mask in range(16):
        bits = " ".join(str(mask >> i & 1) for i in range(4))
        lines.append(f"| {bits} | " + " | ".join(table[mask][0].replace("*", "\\*") for table in said) + " |")
    return head + _MADE + "\n".join(lines) + "\n"


def picture():
    """Return the drawing as text: a map of four by four states for each table."""
    height = _TOP + 4 * _CELL_H + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{len(TABLES) * height}" font-family="serif">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for k, (name, changes) in enumerate(TABLES):
        top = k * height + _TOP
        parts.append(f'<text x="10" y="{top - 32}" font-weight="bold">{escape(name)}</text>')
        said = cells(changes)
        for row, high in enumerate(_GRAY):
            y = top + row * _CELL_H
            parts.append(f'<text x="10" y="{y + 22}" fill="#555">{_names(high << 2)}</text>')
            for column, low in enumerate(_GRAY):
                x = _LEFT + column * _CELL_W
                if not row:
                    parts.append(f'<text x="{x + 4}" y="{top - 8}" fill="#555">{_names(low)}</text>')
                text, percent = said[high << 2 | low]
                fill = f"hsl({percent * 120 // 100},60%,85%)"
                parts.append(
                    f'<rect x="{x}" y="{y}" width="{_CELL_W}" height="{_CELL_H}" fill="{fill}" stroke="#777"/>'
                )
                parts.append(f'<text x="{x + _CELL_W // 2}" y="{y + 22}" text-anchor="middle">{escape(text)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _names(mask):
    return "+".join(f"DI{i + 1}" for i in range(4) if mask >> i & 1) or "none"


def main():
    """Write page and picture, or with --check only compare them."""
    made = ((PAGE, page()), (PICTURE, picture()))
    if sys.argv[1:] == ["--check"]:
        old = [path.name for path, text in made if not path.exists() or path.read_text() != text]
        if old:
            sys.exit(f"{', '.join(old)} is not what the tables say: run python -m bridgectl.docs.grid")
        return
    for path, text in made:
        path.write_text(text)


if __name__ == "__main__":
    main()
