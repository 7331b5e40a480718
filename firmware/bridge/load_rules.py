"""The rules of what an output switches, as a text: read, checked, edited key by key. Pure; in memory only for that moment.

    on 90 off 80 surplus 1500 off_grid open

Pairs of a key and its value, with spaces or commas between; a key that is not named has its default. A text that begins
with + puts its pairs into the rules that stand, "- on off" takes keys out. What each key means to a person: meanings.py.
"""

import table

# key | kind or words | default | low | high | unit | who; kinds: int, and time, a time of the day or - for none
# who: h = the household too, in Home Assistant (logic/doors/entities.py), where it makes sense by itself
LOAD = """
on|int|90|1|100|%|h
off|int|80|0|99|%|h
surplus|int|0|0|30000|W|h
import|int|500|0|30000|W|
off_grid|open,soc,closed|open||||h
rated|int|0|0|17600|W|
min_on|int|60|0|86400|s|
min_off|int|60|0|86400|s|
from|time|-||||
to|time|-||||
of|limit,import,off_grid,alarm,di1,di2,di3,di4,di5|limit||||
"""
HEAT_PUMP = """
recommend|int|3000|100|30000|W|h
force|int|5000|100|30000|W|h
force_soc|int|10|0|100|%|h
import|int|500|0|30000|W|
lock|off,limit|limit||||
lock_buy|int|0|0|30000|W|
lock_soc|int|20|0|100|%|
lock_max|int|7200|60|7200|s|
lock_rest|int|3600|60|86400|s|
dwell|int|600|0|86400|s|
"""
GENERATOR = """
mode|auto,on,off|auto||||h
start|int|20|0|99|%|h
stop|int|80|1|100|%|h
quiet_start|int|10|0|99|%|h
off_grid|only,start,ignore|only||||h
load_on|int|0|0|30000|W|
load_off|int|0|0|30000|W|
load_s|int|20|1|3600|s|
cranks|int|3|1|10||
crank|int|30|5|300|s|
pause|int|60|5|600|s|
warm|int|60|0|1800|s|
cool|int|60|0|600|s|
stand|int|30|5|600|s|
rest|int|300|0|86400|s|
min_run|int|600|0|86400|s|
feedback|none,di5|none||||
quiet|time|-||||
quiet_end|time|-||||
test_d|int|0|0|365|d|
test|int|15|1|240|min|
lost|stop,start,keep|stop||||
lost_s|int|300|10|3600|s|
"""
TABLES = {"do1_rules": LOAD, "do2_rules": LOAD, "heat_pump": HEAT_PUMP, "generator": GENERATOR}
NONE = -1  # a time of the day that is not set
# of | low key | high key | whether both may be the same
_ORDERED = (
    (LOAD, "off", "on", False),
    (HEAT_PUMP, "recommend", "force", True),
    (GENERATOR, "start", "stop", False),
    (GENERATOR, "quiet_start", "start", True),
    (GENERATOR, "load_off", "load_on", True),
)
_PAIRS = ((LOAD, "from", "to"), (GENERATOR, "quiet", "quiet_end"))


def read(name, text):
    """Return (values in the order of the setting's table, reason why not or ""); words are their place, times minutes."""
    of = TABLES[name]
    found, reason = _pairs(of, text)
    if reason:
        return (), reason
    keys = [row[0] for row in table.rows(of)]
    values = [_value(row, found.get(row[0], row[2])) or 0 for row in table.rows(of)]
    for tables, low, high, same in _ORDERED:
        if tables is of:
            one, other = values[keys.index(low)], values[keys.index(high)]
            if one > other or (one == other and not same and one):
                return (), "%s (%d) must be %s %s (%d)" % (low, one, "at most" if same else "below", high, other)
    for tables, begin, end in _PAIRS:
        if tables is of and (values[keys.index(begin)] == NONE) != (values[keys.index(end)] == NONE):
            return (), "must name %s and %s together" % (begin, end)
    return tuple(values), ""


def edited(name, before, change):
    """Return (rules as text, reason why not or ""): `change` itself, or `before` with pairs put in (+) or taken out (-)."""
    of = TABLES[name]
    if change[:1] == "-":
        found, reason = _pairs(of, before)
        for key in change[1:].replace(",", " ").split():
            if table.row(of, key) is None:
                return "", _unknown(of, key)
            found.pop(key, None)
    else:
        found, reason = _pairs(of, before if change[:1] == "+" else "")
        more, wrong = _pairs(of, change[change[:1] == "+" :])
        found.update(more)
        reason = reason or wrong
    if reason:
        return "", reason
    text = " ".join(["%s %s" % (row[0], found[row[0]]) for row in table.rows(of) if row[0] in found])
    return text, read(name, text)[1]


def owners_refusal(accepted, one, other, safe_mask):
    """Return (name, why not) of one accepted change, ("", "") if there is none. one, other: owners of DO1 and DO2."""
    if (one == "heat_pump") != (other == "heat_pump"):
        for name in ("do1_owner", "do2_owner"):
            if name in accepted:
                return name, "heat_pump takes both outputs: set do1_owner and do2_owner to it, or neither"
    for bit, owner in ((1, one), (2, other)):
        if safe_mask & bit and owner in ("heat_pump", "generator"):
            for name in ("do_safe_mask", "do%d_owner" % bit):
                if name in accepted:
                    return (
                        name,
                        "the safe state of a heat pump and of a generator is open: do_safe_mask must not close it",
                    )
    return "", ""


def _pairs(of, text):
    """Return ({key: value as text}, why not or "")."""
    words = text.replace(",", " ").split()
    found = {}
    for i in range(0, len(words), 2):
        key = words[i]
        row = table.row(of, key)
        if row is None:
            return {}, _unknown(of, key)
        if key in found:
            return {}, "names %s twice" % key
        value = words[i + 1] if i + 1 < len(words) else ""
        if _value(row, value) is None:
            return {}, "%s must be %s" % (key, _rule(row))
        found[key] = value
    return found, ""


def _unknown(of, key):
    return "knows %s, not %s" % (", ".join([row[0] for row in table.rows(of)]), key[:12])


def _rule(row):
    """Return what the value of a row may be, in words."""
    _, kind, _, low, high, unit, _ = row
    if kind == "int":
        return "%s to %s" % (low, high) + (unit and " " + unit)
    return "a time such as 22:00, or -" if kind == "time" else "one of " + kind.replace(",", ", ")


def _value(row, text):
    """Return the number that stands for a value, None if it is not allowed."""
    _, kind, _, low, high, _, _ = row
    if kind == "time":
        return _minute(text)
    if kind != "int":
        words = kind.split(",")
        return words.index(text) if text in words else None
    if not (0 < len(text) <= 5 and text.encode().isdigit()):
        return None
    return int(text) if int(low) <= int(text) <= int(high) else None


def _minute(text):
    """Return the minute of the day of "22:00", NONE of "-", None of anything else."""
    if text == "-":
        return NONE
    hour, _, minute = text.partition(":")
    if len(minute) != 2 or not 0 < len(hour) <= 2 or not (hour + minute).encode().isdigit():
        return None
    return int(hour) * 60 + int(minute) if int(hour) < 24 and int(minute) < 60 else None
