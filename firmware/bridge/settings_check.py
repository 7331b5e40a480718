"""What may be set: the limits of the settings' table, and the rules between settings. In a board's memory only while a
change, or what was stored, is checked; the table comes with it.
"""

from bridge import settings_table
from micropython import const
from parts import Part
from utf8 import well_formed

DAMAGED = "are damaged and cannot be read: a person has to say which ones count from now on (page Settings)"

# Why a rate above 9600 is not on the lists (guide, table of cables).
_RATE_RULE = "RS485 of the COM terminal runs at 9600 bps at most (cable up to 1000 m)"

# What rules between settings speak of.
_TOGETHER = (
    "mqtt_user", "mqtt_password", "rs485_1_role", "meter_stale_ms", "sensor_poll_ms", "grid_table", "grid_rows",
    "do1_owner", "do2_owner", "do_safe_mask", "plant_reactive", "limit_export_w", "limit_fuse_a",
)  # fmt: skip
# Texts of a form of their own: bridge/text_forms.py.
_FORMS = ("wlan_password", "time_zone", "grid_drm", "plant_host", "mqtt_host", "mqtt_prefix", "mqtt_discovery")
_RULES = ("do1_rules", "do2_rules", "heat_pump", "generator")  # bridge/load_rules.py
_POLLS_AN_AGE = const(2)
_AGES = (
    ("meter_stale_ms", "must be at least twice sensor_poll_ms, which is %d; it is %d"),
    ("sensor_poll_ms", "%d is more than half of meter_stale_ms, which is %d: set both"),
    ("rs485_1_role", "meter needs a sensor_poll_ms (%d) of at most half of meter_stale_ms (%d)"),
)


def _refusal(row, value):
    """Return why a value is not allowed for the setting `row`, or None."""
    name, kind, _, low, high, unit = row
    if kind == "bool":
        return None if isinstance(value, bool) else "must be true or false"
    if kind in ("int", "rate"):
        if isinstance(value, bool) or not isinstance(value, int):
            return "must be a whole number"
        if kind == "rate" and value not in low:
            return _RATE_RULE if value > 9600 else "must be one of " + ", ".join([str(x) for x in low])
        if kind == "int" and not low <= value <= high:
            return "must be %d to %d%s, not %d" % (low, high, unit and " " + unit, value)
        return None
    if kind == "choice":
        return None if isinstance(value, str) and value in low else "must be one of " + ", ".join(low)
    if not isinstance(value, str):
        return "must be a text"
    raw = value.encode()  # a loop over the text itself would keep each new character for ever
    size = len(raw)
    if not low <= size <= high:
        return "must be %d to %d bytes long, not %d" % (low, high, size)
    if any([byte < 32 for byte in raw]):
        return "must have no control characters"
    if not well_formed(raw):
        return "must be UTF-8; send every character as itself, not as two \\u escapes"
    if name not in _FORMS:
        return None
    with Part("bridge.text_forms", "bridge.text_forms") as forms:
        return forms.refusal(name, value, raw)


def check(changes, current, over_mqtt=False):
    """Return (accepted, refused): what may be set, a dict, and (name, why not), a list.

    current: the Settings in force; over_mqtt: they come in by a door that not all settings may come in by."""
    accepted, refused = {}, []
    barred = settings_table.barred() if over_mqtt else ()
    for name in changes:
        row = settings_table.row(name)
        value = changes[name]
        reason = "is no setting" if row is None else _refusal(row, value)
        if not reason and name in barred:
            reason = "is not taken over MQTT: set it on a page, or by cable"
        if name == "grid_rows" and not reason:
            with Part("bridge.grid_rows", "bridge.grid_rows") as rows:
                value, reason = rows.edited(current.grid_rows, value)
            reason = reason or _refusal(row, value)
        if name in _RULES and not reason:
            with Part("bridge.load_rules", "bridge.load_rules") as rules:
                value, reason = rules.edited(name, getattr(current, name), value)
            reason = reason or _refusal(row, value)
        if reason:
            refused.append((name, reason))
        else:
            accepted[name] = value
    while True:
        name, reason = _together(accepted, current)
        if not name:
            return accepted, refused
        del accepted[name]
        refused.append((name, reason))


def _together(accepted, current):
    """Return (name, why not) of one change that another setting forbids, ("", "") if there is none.

    Rules between settings stand here. What is in force is not taken back by a change of something else.
    """
    values = [accepted.get(name, getattr(current, name)) for name in _TOGETHER]
    user, password, role, stale_ms, poll_ms, grid, rows, one, other, safe_mask = values[:10]
    if password and not user:  # MQTT 3.1.1, 3.1.2.9: no password without a user name
        if "mqtt_password" in accepted:
            return "mqtt_password", "needs a user name: set mqtt_user with it"
        if "mqtt_user" in accepted:
            return "mqtt_user", "must not be empty while a password is set: empty mqtt_password with it"
    if role == "meter" and stale_ms < _POLLS_AN_AGE * poll_ms:
        # A meter that is played falls silent when its values are old: one poll may be lost before they are.
        for name, rule in _AGES:
            if name in accepted:
                return name, rule % (poll_ms, stale_ms)
    if grid == "own" and not rows:
        name = "grid_rows" if "grid_rows" in accepted else "grid_table"
        if name in accepted:
            return name, "own needs at least one row: set grid_rows with it"
    if values[10] and min(values[11:]) < 0:
        for name in _TOGETHER[10:]:
            if name in accepted:
                return name, "plant_reactive takes the plant's own mode: limit_export_w and limit_fuse_a must limit"
    if "do_safe_mask" in accepted or "do1_owner" in accepted or "do2_owner" in accepted:
        with Part("bridge.load_rules", "bridge.load_rules") as rules:
            return rules.owners_refusal(accepted, one, other, safe_mask)
    return "", ""
