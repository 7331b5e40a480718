"""The tables of grid contacts: presets and the own one, made into 16 rows with everything decided. Pure.

In memory only while a setting changes; what it makes is all that the control law needs (contacts.row).

Sources: ripple receivers, facts of several makers: their order differs (K1 = 100 % or K1 = 0 %), so both are presets.
FNN relays S1 60 %, S2 30 %, W3 0 %, W4 dims consumption. DRM: AS/NZS 4777.2 and 4755, several at once: each counts, the
strictest of each quantity holds. Single contact: closed is 0 %, the logic interface of EN 50549-1.
"""

from bridge import grid_rows
from micropython import const

_FREE = const(100)  # %
_NO_ROW, _LAST, _DIMMED, _DISCONNECTED = 1, 2, 4, 8

_FNN = (
    "1000 p60 = FNN S1; 0100 p30 = FNN S2; 0010 p0 = FNN W3; 0001 d = FNN W4; "
    "1001 p60 d = FNN S1 + W4; 0101 p30 d = FNN S2 + W4; 0011 p0 d = FNN W3 + W4"
)
# preset: who limits, its rows
_PRESETS = {
    "ripple": ("ripple control", "1000 p100; 0100 p60; 0010 p30; 0001 p0"),
    "ripple_reverse": ("ripple control", "0001 p100; 0010 p60; 0100 p30; 1000 p0"),
    "fnn": ("FNN relays", _FNN),
    "single": ("grid contact", "1000 p0"),
}
# What DRM0 .. DRM8 ask for, as rows of one contact.
_MODES = ("x", "i0", "i50", "i75", "i100", "p0", "p50", "p75", "p100")


def make(settings):
    """Return (rows, texts, reactive, without) of the table that the settings name.

    rows: bytes by mask, 3 a row: active %, import %, marks (1 no row of its own, 2 the last one holds instead, 4 dimmed,
    8 disconnected); behind them the least of all active % and of all import %. texts: a line for each mask. reactive:
    (kind of grid_rows, value) by the masks that ask for any. without: what is told of a combination without a row.
    """
    who, rows = _chosen(settings)
    is_open = 0 not in rows
    if is_open:
        rows[0] = (settings.grid_open_pct, _FREE, 0, 0, False, False, "")
    data, texts, reactive = bytearray(), [], {}
    least_pct = least_imported = _FREE
    for mask in range(grid_rows.COUNT):
        names = " + ".join(["DI%d" % (i + 1) for i in range(4) if mask >> i & 1])
        row, told, marks = rows.get(mask), "", 0
        if row is None:
            row, told, marks = _without_a_row(mask, rows, who, names, settings)
        elif not mask and is_open:
            told = "no contact asks: %d %%" % row[0]
        else:
            told = _words(row, who, names or "no contact")
        percent, imported, kind, value, dimmed, disconnected, _ = row
        data.extend(bytes((percent, imported, marks | _DIMMED * dimmed | _DISCONNECTED * disconnected)))
        least_pct, least_imported = min(least_pct, percent), min(least_imported, imported)
        texts.append(told)
        if kind:
            reactive[mask] = (kind, value)
    data.extend(bytes((least_pct, least_imported)))
    return bytes(data), "\n".join(texts), reactive, ", no row of the table: " + _rule(settings)


def _chosen(settings):
    """Return (who limits, {mask: row}) of the table that is set."""
    if settings.grid_table == "drm":
        return "DRM", _drm(settings.grid_drm)
    if settings.grid_table == "own":
        return "own table", grid_rows.read(settings.grid_rows)[0]
    who, text = _PRESETS[settings.grid_table]
    return who, grid_rows.read(text)[0]


def _drm(modes):
    """Return the rows of contacts that carry the modes, four characters, DI1 first; "-" carries none."""
    rows = {}
    for mask in range(1, grid_rows.COUNT):
        asking = [modes[i] for i in range(4) if mask >> i & 1]
        if "-" in asking:
            continue
        single = [grid_rows.read("1000 " + _MODES[int(mode)])[0][1] for mode in asking]
        rows[mask] = _meet(single, " + ".join(["DRM" + mode for mode in sorted(asking)]))
    return rows


def _meet(rows, words):
    """Return the row that asks for all that the rows ask for; reactive power is that of the strictest one."""
    first = min(rows, key=_looseness)
    percent, imported = min([row[0] for row in rows]), min([row[1] for row in rows])
    return percent, imported, first[2], first[3], any([row[4] for row in rows]), any([row[5] for row in rows]), words


def _looseness(row):
    return row[0], row[1]


def _without_a_row(mask, rows, who, names, settings):
    """Return (row, text, marks) of a combination that the table does not have, by the rule that is set."""
    # In an order: of two that are equally strict the same one is taken everywhere.
    contained = [rows[m] for m in sorted(rows) if m and m & mask == m] or [rows[0]]
    rule = settings.grid_unknown
    marks = _NO_ROW
    if rule == "full":
        return (_FREE, _FREE, 0, 0, False, False, ""), "%s (%s)" % (who, names), marks
    if rule == "stated":
        return (settings.grid_unknown_pct, _FREE, 0, 0, False, False, ""), "%s (%s)" % (who, names), marks
    row = _meet(contained, min(contained, key=_looseness)[-1])
    return row, _words(row, who, names), marks | (_LAST if rule == "last" else 0)


def _rule(settings):
    if settings.grid_unknown == "stated":
        return "%d %% as stated" % settings.grid_unknown_pct
    return "100 %" if settings.grid_unknown == "full" else "the strictest holds"


def _words(row, who, names):
    percent, imported, kind, _, dimmed, disconnected, words = row
    text = words or who
    if disconnected:
        text += " disconnect"
    elif percent < _FREE or (imported == _FREE and not dimmed and not kind):
        text += " %d %%" % percent
    if imported < _FREE and not disconnected:
        text += " import %d %%" % imported
    if dimmed:
        text += " dimmed"
    return text + " (%s)" % names
