"""A smart load: closed while the battery has enough, and, if wanted, only on what would be exported. Pure.

Unknown means open: without the battery's level, or off-grid without knowing, nothing is switched on.
"""

from bridge.logic.loads.day import within
from micropython import const

# Places in load_rules.LOAD.
_ON = const(0)
_OFF = const(1)
_SURPLUS = const(2)
_IMPORT = const(3)
_OFF_GRID = const(4)
_RATED = const(5)
_FROM = const(8)
_TO = const(9)

_OPEN = const(0)
_SOC = const(1)  # words of off_grid


def decide(rules, closed, seen):
    """Return (close it, at once, why). at once: what opens it is stronger than its minimum on time.

    rules: as load_rules reads them. closed: as it is now. seen: (SOC %, W of import at the grid, off-grid, minute of the
    day, import limit W), None where nobody knows, or where there is no limit.
    """
    soc, import_w, off_grid, minute, limit_w = seen
    if rules[_FROM] >= 0:
        if minute is None:
            return False, False, "nobody has told the time of the day"
        if not within(minute, rules[_FROM], rules[_TO]):
            return False, False, "not in its hours"
    if off_grid is None:
        return False, False, "the plant is not heard"
    if off_grid and rules[_OFF_GRID] != _SOC:
        return (False, True, "off-grid") if rules[_OFF_GRID] == _OPEN else (True, False, "off-grid")
    if not off_grid and limit_w is not None:
        if import_w is None:
            return False, True, "import is limited and not known"
        over_w = import_w + (0 if closed else rules[_RATED]) - limit_w
        if over_w > 0:
            return False, True, "import limit of %d W" % limit_w
    if soc is None:
        return False, False, "the battery's level is not known"
    if soc < (rules[_OFF] if closed else rules[_ON]):
        return False, False, "SOC %d %%" % soc
    if rules[_SURPLUS] and not off_grid:
        if import_w is None:
            return False, False, "the surplus is not known"
        if import_w > (rules[_IMPORT] if closed else -rules[_SURPLUS]):
            return False, False, "no surplus"
    return True, False, "SOC %d %%" % soc
