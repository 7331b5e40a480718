"""The limits that an EMS asks for over MQTT, and data/ems, which keeps them over a restart. In memory for a moment only.

A limit is (quantity, W, for s, until s), the last two None if it holds until it is released. After a restart its time
begins anew: it may hold longer than it was asked for, never shorter.
"""

import log
from store import record


def kept(path, now_s):
    """Return the limits that were in force before the restart; a record that holds anything else holds none."""
    found = []
    for row in (record.load(path) or {}).get("limits", ()):
        if isinstance(row, list) and len(row) == 3 and _counts(row):
            found.append(_from(row[0], row[1], row[2], now_s))
    return tuple(found)


def obeyed(path, held, asked, now_s):
    """Return the limits after a command and without those that have expired, stored first. asked: (quantity, W or None =
    released, for s or None) each. OSError: flash failed; then the stricter of both is not known to last, and is told."""
    limits = {limit[0]: limit for limit in held if limit[3] is None or now_s < limit[3]}
    for quantity, watts, for_s in asked:
        limits.pop(quantity, None)
        if watts is not None:
            limits[quantity] = _from(quantity, watts, for_s, now_s)
    found = tuple([limits[quantity] for quantity in sorted(limits)])
    try:
        record.save(path, {"limits": [limit[:3] for limit in found]})
    except OSError as e:
        log.warn("ems", "its limits could not be recorded (error %d); they end with a restart" % e.errno)
    return found


def _from(quantity, watts, for_s, now_s):
    return quantity, watts, for_s, None if for_s is None else now_s + for_s


def _counts(row):
    """Return True if the fields of a stored row are numbers as they can be."""
    whole = [isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in row]
    return whole[0] and whole[1] and (row[2] is None or (whole[2] and row[2] > 0)) and row[0] < 3
