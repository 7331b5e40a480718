"""A message of the `set` topic: commands to the outputs, and settings. Pure."""

import json

from micropython import const

_LONGEST = const(512)  # bytes
_LONGEST_ID = const(40)

_OUTPUTS = ("do1", "do2")


def read(payload, retained, settings):
    """Read a message of the set topic: (outputs or None, setting changes, answer dict).

    outputs: (bits that are commanded, those of them that shall be closed). The answer is what goes to the result topic; if
    it is not ok, nothing is to be done.
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
    name = asked.pop("id", None)
    answer["id"] = name if isinstance(name, (str, int)) and len(str(name)) <= _LONGEST_ID else None
    errors = {}
    bits = mask = 0
    for i, field in enumerate(_OUTPUTS):
        if field in asked:
            wanted = asked.pop(field)
            if wanted is not True and wanted is not False:
                errors[field] = "must be true or false"
                continue
            bits |= 1 << i
            mask |= wanted << i
    accepted, refused = settings.check(asked)
    for field, reason in refused:
        errors[str(field)[:_LONGEST_ID]] = reason
    if errors:
        answer["errors"] = errors
        return None, {}, answer
    answer["ok"] = True
    return (bits, mask) if bits else None, accepted, answer


def _refused(answer, field, rule):
    answer["errors"] = {field: rule}
    return None, {}, answer
