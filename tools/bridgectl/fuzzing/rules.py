"""What JSON means and what the table of settings allows, read anew: the oracle of stored.py and values.py."""

import json
import re

from bridgectl import firmware
from bridgectl.fuzzing import mutate

firmware.load()

from bridge import settings_table as table  # noqa: E402 (importable only now)

_OCTET = r"([01]?\d?\d|2[0-4]\d|25[0-5])"
_PORT = r"0*([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
# name, and the form that its text must have beside the table's columns
_FORMS = {
    "mqtt_host": "[^ /:@]*",
    "mqtt_prefix": "[^+#$]*",
    "mqtt_discovery": "[^+#$]*",
    "plant_host": rf"|{_OCTET}(\.{_OCTET}){{3}}(:{_PORT})?",
    "grid_drm": r"(?=.*[0-8])(?!.*([0-8]).*\1)[0-8-]{4}",
    "wlan_password": "|[ -~]{8,63}|[0-9a-fA-F]{64}",
    "time_zone": "|UTC"
    "|(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific)(/[A-Za-z0-9_+-]+)+",
}
# What rules between settings, or a language of its own, judge too: whether one of these is taken depends on others.
RELATED = {
    *("mqtt_user", "mqtt_password", "rs485_1_role", "meter_stale_ms", "sensor_poll_ms", "grid_table", "grid_rows"),
    *("do1_owner", "do2_owner", "do_safe_mask", "do1_rules", "do2_rules", "heat_pump", "generator"),
    *("plant_reactive", "limit_export_w", "limit_fuse_a"),
}
ROWS = {row[0]: row for row in table.rows()}
NAMES = tuple(ROWS)
NOT_OVER_MQTT = set(table.barred())


def plain(value):
    """Return a value as chip/stored.py tells it."""
    if isinstance(value, str):
        return value.encode(errors="surrogatepass").hex()
    if isinstance(value, dict):
        return [[plain(key), plain(value[key])] for key in value]
    if isinstance(value, list):
        return [plain(part) for part in value]
    return repr(value)


def strict(body):
    """Return (True, value) of JSON that every reader takes alike, else (False, None)."""
    try:
        text = body.decode()
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False, None
    # Other readers differ in floats' last digits, in surrogates, and in numbers that only look like whole ones.
    return not ("\\u" in text or any(c in text for c in "eE.\\")), value


def is_text(data):
    """Return True if data is UTF-8 without escapes that may be surrogates."""
    try:
        return "\\u" not in data.decode()
    except ValueError:
        return False


def is_json(body):
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _no_constant(name):
    raise ValueError(name)


def allowed(name, value):
    """Return True if a setting may have this value: the table's columns, read anew."""
    if name not in ROWS:
        return False
    _, kind, _, low, high, _ = ROWS[name]
    if kind == "bool":
        return value in (True, False) and isinstance(value, bool)
    if kind in ("int", "rate"):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and (value in low if kind == "rate" else low <= value <= high)
    if not isinstance(value, str):
        return False
    if kind == "choice":
        return value in low
    try:
        size = len(value.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    of_its_own = re.fullmatch(_FORMS.get(name, ".*"), value, re.S)
    return low <= size <= high and of_its_own and not any(ord(c) < 32 for c in value)


def told(name, text):
    """Return a setting's value as chip/stored.py tells it, typed by the table's kind; None if it has another type."""
    kind = ROWS[name][1]
    try:
        if kind == "bool":
            return {"True": True, "False": False}[text]
        if kind in ("int", "rate"):
            return int(text)
        return bytes.fromhex(text).decode()
    except (ValueError, KeyError, TypeError):
        return None


def object(rng):
    """Return a dict with settings of ours, many of them right."""
    asked = {}
    for name in rng.sample(NAMES, rng.randint(0, 4)):
        _, kind, default, low, high, _ = ROWS[name]
        right = default
        if kind == "int":
            right = rng.choice((low, high, low - 1, high + 1, rng.randint(low, high)))
        elif kind in ("choice", "rate"):
            right = rng.choice(low)
        elif kind in ("text", "secret"):
            right = rng.choice(
                (
                    "x" * high,
                    "ä" * high,
                    "x" * (high + 1),
                    "a/+",
                    "home",
                    "Europe/Berlin",
                    "0a" * 32,
                    "\x7f",
                    "\t",
                    mutate.text(rng, high),
                    mutate.text(rng, high // 3),
                )
            )
        asked[name] = right if rng.random() < 0.8 else mutate.json_value(rng, NAMES, 1)
    return asked
