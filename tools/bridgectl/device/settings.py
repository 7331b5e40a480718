"""The settings of a bridge from the PC: shown, set, kept in a file, brought back, by the rules of the bridge itself."""

import getpass
import json
import sys
import zoneinfo

from bridgectl import firmware
from bridgectl.device import console

firmware.load()

from bridge import settings_table as table  # noqa: E402 (importable only now)
from bridge.settings import Settings  # noqa: E402

_ACTIONS = "get [NAME ...], set NAME=VALUE ..., export FILE, import FILE or anew [NAME=VALUE ...]"
_ROWS = {row[0]: row for row in table.rows()}
_DECIDE = (
    "`bridgectl settings PORT anew NAME=VALUE ...` says what counts from now on; settings not named are the defaults."
)
_BOOLS = {"true": True, "false": False}


class SettingsError(Exception):
    """Settings are refused, by this PC or by the bridge; one line for each: its name, and the rule."""


def parsed(words):
    """Return the changes that NAME=VALUE words ask for, typed, as a dict; the value - is asked for, unseen.

    Raises SettingsError: no such setting, or a value that this PC's table refuses.
    """
    changes, errors = {}, {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            errors[word] = "must be NAME=VALUE"
        elif name not in _ROWS:
            errors[name] = "is no setting"
        else:
            changes[name] = _typed(name, text)
    _refuse(errors)
    if not changes:
        raise SettingsError("name what shall be set: NAME=VALUE ...")
    return checked(changes)


def whole(words):
    """Return NAME=VALUE words as all the settings that a new bridge has: rules between them count. Raises SettingsError."""
    changes = parsed(words)
    _refuse(dict(Settings().check(changes)[1]))
    return changes


def checked(changes):
    """Return changes that this PC takes; what depends on a user name or rows that are set is left to the bridge."""
    _refuse({name: "must be UTF-8" for name, value in changes.items() if isinstance(value, str) and not _utf8(value)})
    probe = Settings()
    probe.mqtt_user = "known to the bridge"
    probe.grid_rows = "0000 p100"
    errors = dict(probe.check(changes)[1])
    zone, known = changes.get("time_zone"), zoneinfo.available_timezones()
    if zone and known and zone not in known:
        errors["time_zone"] = "must be a name of the IANA list, like Europe/Berlin"
    _refuse(errors)
    return changes


def _utf8(text):
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes of the command line that are none, half of a character in a file
        return False
    return True


def _typed(name, text):
    """Return a value as its kind wants it; a text that is none of its kind stays one, and is refused as such."""
    kind = _ROWS[name][1]
    if kind == "bool":
        return _BOOLS.get(text, text)
    if kind in ("int", "rate"):
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() else text
    if text == "-" and kind in ("text", "secret"):
        return getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return text


def lines(shown, names=()):
    """Return all settings, or those named, as lines; what is not the default has a star. Raises SettingsError."""
    _refuse({name: "is no setting" for name in names if name not in shown})
    width = max(len(name) for name in shown)
    return [_line(name, value, width) for name, value in _ordered(shown) if not names or name in names]


def _ordered(shown):
    """Return the settings that a bridge told in the order of the table; those of another version come last."""
    order = [*_ROWS, *sorted(shown)]
    return sorted(shown.items(), key=lambda item: order.index(item[0]))


def _line(name, value, width):
    _, kind, default, _, _, unit = _ROWS.get(name, (name, "", value, "", "", ""))
    if kind == "secret":
        text = "set" if value else "not set"
        return f"{'*' if value else ' '} {name:{width}}  {text}"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{' ' if value == default else '*'} {name:{width}}  {text} {unit}".rstrip()


def exported(shown):
    """Return all settings but the secrets as the text of a file."""
    kept = {name: value for name, value in _ordered(shown) if _ROWS.get(name, ("", ""))[1] != "secret"}
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def imported(path):
    """Return the changes that a file holds, checked. Raises SettingsError."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as problem:
        raise SettingsError(f"{path} cannot be read: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:
        raise SettingsError(f"{path} is no JSON: {problem}") from problem
    if not isinstance(found, dict) or not found:
        raise SettingsError(f"{path} must hold a JSON object of settings")
    return checked(found)


def run(port, action, words):
    """Do what the command line asks and print what came of it. Raises SettingsError, console.ConsoleError."""
    if action == "get":
        answer = _asked(port, {"get": True})
        print("\n".join(lines(answer["settings"], words)))
        if answer.get("damaged"):
            print(f"Damaged and not to be read: {answer['damaged']}. {_DECIDE}", file=sys.stderr)
    elif action == "anew":
        changes = whole(words) if words else {}
        _asked(port, {"anew": changes})
        print("What was damaged begins anew" + (" with " + ", ".join(changes) if changes else ""))
    elif action == "set":
        _set(port, parsed(words))
    elif action == "export" and len(words) == 1:
        text = exported(_asked(port, {"get": True})["settings"])
        try:
            with open(words[0], "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as problem:
            raise SettingsError(f"{words[0]} cannot be written: {problem.strerror}") from problem
        print(f"{words[0]} holds all settings but the passwords.")
    elif action == "import" and len(words) == 1:
        _set(port, imported(words[0]))
    else:
        raise SettingsError(f"what shall be done? {_ACTIONS}")


def _set(port, changes):
    _asked(port, {"set": changes})
    print("In force and stored: " + ", ".join(changes))


def _asked(port, request):
    answer = console.ask(port, request, lambda text: print(text, file=sys.stderr, flush=True))
    _refuse(answer.get("errors") or {})
    return answer


def _refuse(errors):
    if errors:
        raise SettingsError("\n".join(f"{name} {rule}" for name, rule in errors.items()))
