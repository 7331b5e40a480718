"""What a program at the console may ask for: the settings, with the rules and the words that MQTT has. Pure.

In: {"id": text or number, "get": true}, {"id": ..., "set": {name: value, ...}}, or "anew" in place of "set", which lets
them count in place of what is damaged. Out: {"id", "ok": true}, with all "settings" after a get (a secret is true if it is
set) and the names of what is "damaged", or {"id", "ok": false, "errors": {field: rule}}.
"""

import json


def answer(line, settings, damaged="", decide=None):
    """Return (answer as dict, names of the settings that changed).

    line: bytes of a JSON object; damaged: names of records; decide(changes): as settings.apply, see app.
    """
    try:
        asked = json.loads(line)
    except (ValueError, UnicodeError):
        return _refused(None, {"line": 'is not JSON; send an object such as {"get": true}'})
    if not isinstance(asked, dict):
        return _refused(None, {"line": "must be a JSON object"})
    mark = asked.pop("id", None)
    if not isinstance(mark, (str, int)):  # what is nested deeper than the interpreter goes cannot be said again
        mark = None
    if asked.get("get") is True and len(asked) == 1:
        return {"id": mark, "ok": True, "damaged": damaged, "settings": settings.shown()}, ()
    apply = decide if "anew" in asked else settings.apply
    changes = asked.get("anew" if "anew" in asked else "set")
    if len(asked) != 1 or not isinstance(changes, dict) or not (changes or "anew" in asked):
        return _refused(mark, {"line": 'must hold "get": true or "set": {name: value}, and "id" at most'})
    try:
        refused = apply(changes)
    except OSError as e:
        return _refused(mark, {"settings": "could not be stored (error %d); nothing was changed" % e.errno})
    return _refused(mark, dict(refused)) if refused else ({"id": mark, "ok": True}, sorted(changes))


def _refused(mark, errors):
    return {"id": mark, "ok": False, "errors": errors}, ()
