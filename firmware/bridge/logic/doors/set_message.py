"""A message of the `set` topic: commands to the outputs, limits, settings, the time of the day, what to send. Pure."""

import json

from micropython import const
from utf8 import well_formed

_LONGEST = const(512)  # bytes
_LONGEST_ID = const(40)

_OUTPUTS = ("do1", "do2")
_QUANTITIES = ("generation_w", "export_w", "import_w")  # in the order of grid.limits
_MOST_W = const(5000000)
_LONGEST_S = const(86400)


def read(payload, retained, settings):
    """Read a message of the set topic: (outputs or None, setting changes, limits, minute of the day or None, answer dict).

    limits: what an EMS asks for, (quantity, W or None = released, for s or None) each.
    outputs: (bits that are commanded, those of them that shall be closed). The answer is what goes to the result topic; if
    it is not ok, nothing is to be done. "recording" in it: the flight recorder's file is to be sent; "update": the
    address of a bundle that is to be fetched.
    """
    answer = {"id": None, "ok": False}
    if retained:
        return _refused(answer, "message", "is retained, so it may be old; publish commands without retain")
    if len(payload) > _LONGEST:
        return _refused(answer, "message", "is longer than %d bytes" % _LONGEST)
    try:
        asked = json.loads(payload)
    except (ValueError, UnicodeError):
        return _refused(answer, "message", 'is not JSON; send an object such as {"do1": true}')
    if not isinstance(asked, dict) or not asked:
        return _refused(answer, "message", "must be a JSON object with at least one field")
    answer["id"] = _echo(asked.pop("id", None), _LONGEST_ID)
    errors = {}
    bits = mask = 0
    for i, field in enumerate(_OUTPUTS):
        if field in asked:
            wanted = asked.pop(field)
            if wanted is not True and wanted is not False:
                errors[field] = "must be true or false"
                continue
            owner = (settings.do1_owner, settings.do2_owner)[i]
            if owner != "manual":
                errors[field] = "is switched by a rule, " + owner + "; set " + field + "_owner to manual to command it"
                continue
            bits |= 1 << i
            mask |= wanted << i
    limits, rule = _limits(asked.pop("limit", None)) if "limit" in asked else ((), "")
    if rule:
        errors["limit"] = rule
    minute = None
    if "clock" in asked:
        minute = _minute(asked.pop("clock"))
        if minute is None:
            errors["clock"] = "must be the local time of the day, such as 21:05"
    if "recording" in asked:
        answer["recording"] = asked.pop("recording")
        if answer["recording"] is not True:
            errors["recording"] = "must be true"
    if "update" in asked:
        answer["update"] = asked.pop("update")
        if not _address(answer["update"]):
            errors["update"] = "must be the address of a bundle, http://host:port/path, of 200 characters at most"
    accepted, refused = settings.check(asked, over_mqtt=True)
    for field, reason in refused:
        errors[_echo(str(field)[:_LONGEST_ID], _LONGEST_ID, "?")] = reason
    if errors:
        answer["errors"] = errors
        answer.pop("recording", None)
        answer.pop("update", None)
        return None, {}, (), None, answer
    answer["ok"] = True
    return (bits, mask) if bits else None, accepted, limits, minute, answer


def _address(text):
    """Return True for what begins as an address of the web does; bridge/logic/update/pull.py reads it."""
    return isinstance(text, str) and text.startswith("http://") and 8 < len(text) <= 200 and " " not in text


def _echo(value, longest, instead=None):
    """Return what somebody sent if it may be sent back as it is, else `instead`: a text in UTF-8, or a whole number.

    longest: in characters or digits.
    """
    if not isinstance(value, (str, int)) or len(str(value)) > longest:
        return instead
    return value if isinstance(value, int) or well_formed(value.encode()) else instead


def _limits(asked):
    """Return (limits, why not or "") of {"generation_w": W or null, "export_w": ..., "import_w": ..., "for_s": s}."""
    if not isinstance(asked, dict):
        return (), "must be an object of generation_w, export_w, import_w and for_s"
    for_s = asked.pop("for_s", None)
    if for_s is not None and not _whole(for_s, 1, _LONGEST_S):
        return (), "for_s must be 1 to %d s, or be left out" % _LONGEST_S
    found = []
    for name in asked:
        if name not in _QUANTITIES:
            known = "knows generation_w, export_w, import_w and for_s, not %s"
            return (), known % _echo(name[:_LONGEST_ID], _LONGEST_ID, "?")
        if asked[name] is not None and not _whole(asked[name], 0, _MOST_W):
            return (), "%s must be 0 to %d W, or null to release it" % (name, _MOST_W)
        found.append((_QUANTITIES.index(name), asked[name], for_s))
    return tuple(found), "" if found else "must name at least one of generation_w, export_w and import_w"


def _minute(text):
    """Return the minute of the day of "21:05", None of anything else."""
    if not isinstance(text, str) or len(text) != 5 or text[2] != ":" or not (text[:2] + text[3:]).encode().isdigit():
        return None
    hour, minute = int(text[:2]), int(text[3:])
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def _whole(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _refused(answer, field, rule):
    answer["errors"] = {field: rule}
    return None, {}, (), None, answer
