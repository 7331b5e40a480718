"""How a table of grid contacts is written down: read, checked, edited row by row. Pure; in memory only for that moment.

    0000 p100; 1000 p60 c-0.95 = EVU 60; 0100 p30 i50 d; 0010 x

Rows are parted by ";". A row begins with its combination, DI1 first, 1 = the contact asks. Then, each once at most:
p  active power, at most so many % of the plant's rated power (0 to 100, as without it)
i  import, at most so many % (0 to 100)
c  cos phi, 0.8 to 1 or -0.8 to above -1, or
q  reactive power, -60 to 60 % of the rated apparent power
d  consumption is dimmed (section 14a)
x  disconnect: no power in either direction
=  what it means, in words
"""

from micropython import const

COUNT = const(16)  # combinations of DI1..DI4
COS_PHI, Q_SHARE = 1, 2  # kinds of reactive power; 0 = none
_LONGEST_TEXT = const(24)  # bytes
_LEAST_COS = const(800)  # thousandths
_MOST_Q = const(60)  # %
_FREE = const(100)  # %


def mask_of(combination):
    """Return the bit mask (bit 0 = DI1) of four digits 0 or 1, DI1 first; None for anything else."""
    if len(combination) != 4 or combination.strip("01"):
        return None
    return sum([1 << i for i in range(4) if combination[i] == "1"])


def combination_of(mask):
    """Return the four digits of a bit mask."""
    return "".join(["1" if mask >> i & 1 else "0" for i in range(4)])


def read(text):
    """Return ({mask: row}, reason why not or "") of a table; a row is (active %, import %, kind of reactive power, its
    value in thousandths or %, dimmed, disconnected, words)."""
    rows = {}
    for line, mask, reason in _lines(text):
        row = None
        if not reason:
            reason = "has two rows for " + combination_of(mask) if mask in rows else ""
            row, reason = (None, reason) if reason else _row(line)
        if reason:
            return {}, reason
        rows[mask] = row
    return rows, ""


def edited(before, change):
    """Return (table as text, reason why not or ""): `change` itself, or `before` with its rows put in (+) or taken out (-).

    "+0100 p60; 0010 p30" puts rows in place of those of the same combinations, "-0100; 0010" takes rows out.
    """
    sign = change[:1] if change[:1] in ("+", "-") else ""
    lines = {}
    for line, mask, _ in _lines(before if sign else ""):
        lines[mask] = line
    new = {}
    for line, mask, reason in _lines(change[len(sign) :]):
        reason = reason or ("has two rows for " + combination_of(mask) if mask in new else "")
        if not reason and sign == "-":
            line = "" if line == combination_of(mask) else line
            reason = "must name after - only combinations, not " + line if line else ""
        if reason:
            return "", reason
        new[mask] = line
    if sign and not new:
        return "", "must name a row after " + sign
    lines.update(new)
    text = "; ".join([lines[mask] for mask in sorted(lines) if lines[mask]])
    return text, read(text)[1]


def _lines(text):
    """Yield (row with single spaces, its mask, why it has none or "")."""
    for piece in text.split(";"):
        line = " ".join(piece.split())
        if not line:
            continue
        mask = mask_of(line.split("=")[0].split(" ")[0])
        yield (
            line,
            mask,
            "" if mask is not None else "must begin each row with four digits 0 or 1, DI1 first, not " + line[:12],
        )


def _row(line):
    """Return (row, "") of one line, or (None, why not)."""
    items, equals, words = line.partition("=")
    items, words = items.split(), words.strip()
    name = "row %s: " % items[0]
    found = {}
    for item in items[1:]:
        kind, number = item[0], item[1:]
        if kind not in _RULES:
            return None, name + "knows p, i, c, q, d and x, not " + item[:12]
        if kind in found:
            return None, name + "names %s twice" % kind
        value = _value(kind, number)
        if value is None:
            return None, name + _RULES[kind]
        found[kind] = value
    if not found:
        return None, name + "says nothing; p100 is no limit"
    if equals and not 0 < len(words.encode()) <= _LONGEST_TEXT:
        return None, name + "the words after = must be 1 to %d bytes long" % _LONGEST_TEXT
    if "c" in found and "q" in found:
        return None, name + "must not have both c and q"
    if "x" in found and len(found) > 1:
        return None, name + "x stands alone: nothing flows"
    free = 0 if "x" in found else _FREE
    kind = COS_PHI if "c" in found else Q_SHARE if "q" in found else 0
    value = found.get("c", found.get("q", 0))
    return (found.get("p", free), found.get("i", free), kind, value, "d" in found, "x" in found, words), ""


_RULES = {
    "p": "p must be a whole number, 0 to 100",
    "i": "i must be a whole number, 0 to 100",
    "c": "c must be 0.8 to 1, or -0.8 to above -1, with at most three decimals",
    "q": "q must be a whole number, -60 to 60",
    "d": "d stands alone",
    "x": "x stands alone",
}


def _value(kind, number):
    """Return the number of an item, None if it is out of its range."""
    if kind in ("d", "x"):
        return None if number else 1
    minus = number[:1] == "-"
    digits = number[1:] if minus else number
    if kind == "c":
        return _cos_phi(digits, minus)
    if not _plain(digits) or (minus and kind != "q"):
        return None
    value = int(digits)
    if value > (_MOST_Q if kind == "q" else _FREE):
        return None
    return -value if minus else value


def _cos_phi(digits, minus):
    whole, _, decimals = digits.partition(".")
    if whole not in ("0", "1") or len(decimals) > 3 or (decimals and not _plain(decimals)):
        return None
    value = int(whole + (decimals + "000")[:3])
    if not _LEAST_COS <= value <= 1000 or (minus and value == 1000):
        return None
    return -value if minus else value


def _plain(digits):
    """Return True for one to three digits of ASCII."""
    return 0 < len(digits) <= 3 and digits.encode().isdigit()
