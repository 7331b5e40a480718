"""Where all limits meet: of each quantity the strictest one holds, and all that ask for one are told. Pure; in memory only
while somebody beside the contacts limits something.

A limit is (quantity, W, who asks for it and why). Nothing is remembered here: what holds is made anew from all that ask, so
no order in which they come, go or expire can leave a looser one, and what is released uncovers exactly the next.
"""

from bridge import points
from bridge.logic.grid import command
from micropython import const

GENERATION, EXPORT, IMPORT = 0, 1, 2
QUANTITIES = ("generation", "export", "import")
_FUSE_V = const(207)  # lowest voltage of a grid of 230 V (EN 50160): at no other one a fuse carries less power


def meet(limits):
    """Return (least W by quantity, None where nobody limits; all limits in words, strictest first)."""
    least, words = [None] * len(QUANTITIES), []
    for quantity in range(len(QUANTITIES)):
        # By who asks as well: of two that are equally strict the same one is always named first.
        asking = sorted([(watts, who) for of, watts, who in limits if of == quantity])
        if asking:
            least[quantity] = asking[0][0]
            told = ", then ".join(["%d W %s" % one for one in asking])
            words.append("%s: %s" % (QUANTITIES[quantity], told))
    return least, "; ".join(words)


def of_contacts(percent, reason, import_pct, dimmed, settings, rated_w):
    """Return what the contacts ask for. rated_w: 0 while nobody knows it, then any share of it is 0 W."""
    found = []
    if percent < 100:
        found.append((GENERATION, command.raw_limit(percent, rated_w), reason))
    if import_pct < 100:
        found.append((IMPORT, command.raw_limit(import_pct, rated_w), reason))
    if dimmed:
        found.append((IMPORT, settings.dim_import_w, "section 14a, " + reason))
    return found


def of_settings(settings, off_grid):
    """Return what a person has set. off_grid: as the plant says, None = not known, which may be off-grid."""
    found = []
    if settings.limit_user_w >= 0:
        found.append((GENERATION, settings.limit_user_w, "user"))
    if settings.limit_export_w >= 0:
        found.append((EXPORT, settings.limit_export_w, "export limit"))
    if settings.limit_import_w >= 0:
        found.append((IMPORT, settings.limit_import_w, "import limit"))
    if settings.limit_off_grid_w >= 0 and (off_grid is None or off_grid):
        found.append((GENERATION, settings.limit_off_grid_w, "off-grid"))
    if settings.limit_fuse_a >= 0:
        watts, who = settings.limit_fuse_a * _FUSE_V, "main fuse %d A" % settings.limit_fuse_a
        found += [(EXPORT, watts, who), (IMPORT, watts, who)]
    return found


def of_ems(held, now_s):
    """Return what an EMS has asked for and has not expired. held: (quantity, W, for s, until s), see tasks/ems."""
    return [(quantity, watts, "EMS") for quantity, watts, _, until_s in held if until_s is None or now_s < until_s]


def _cap(limit, export_cap_w):
    """Return (W that the plant may give, why) of a limit. export_cap_w: what the loop at the grid connection leaves it, or
    None: a plant that generates less than may be exported exports no more than that, whatever the house takes."""
    quantity, watts, who = limit
    if quantity == EXPORT and export_cap_w is not None:
        return max(export_cap_w, watts), "%s %d W at the grid" % (who, watts)
    return watts, "%d W: %s" % (watts, who)


def in_force(state, settings, decided, now_s):
    """Return (W that caps the plant beside the contacts' own %, W of import, the first of the reasons, all limits in
    words, W of export); None where nobody limits. decided: (percent, reason, import_pct,
    dimmed) of the contacts."""
    others = of_settings(settings, state.readings.value(points.number("plant_off_grid")))
    others += of_ems(state.ems_limits, now_s)
    capping = [_cap(limit, state.export_cap_w) for limit in others if limit[0] != IMPORT]
    percent, reason, import_pct, dimmed = decided
    asked = of_contacts(percent, reason, import_pct, dimmed, settings, state.rated_w)
    least, words = meet(others + asked)
    cap_w = None
    if capping:
        cap_w, why = min(capping)
        if percent >= 100 or cap_w < command.raw_limit(percent, state.rated_w):
            reason = why + ("; " + reason if reason else "")
    return cap_w, least[IMPORT], reason, words, least[EXPORT]
