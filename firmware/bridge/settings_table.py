"""Every setting, declared once: loading, checking, the pages, MQTT `set` and the manual derive from this table;
what each means to a person stands in meanings.py, which no board holds. In a board's memory only while somebody asks.
A secret is a kind, so that printing can refuse it.
"""

import table
from micropython import const
from parts import Part
from utf8 import well_formed

# name | kind | default | low or choices | high | unit
# kinds: int, bool, choice (of words), rate (choice of numbers), text (low..high = bytes), secret (a text never shown)
TABLE = """
rs485_1_role|choice|master|master,gateway,listen,server,meter,find,off||
rs485_1_baud|rate|9600|1200,2400,4800,9600||bps
rs485_1_parity|choice|N|N,E,O||
rs485_2_role|choice|master|master,gateway,listen,server,find,off||
rs485_2_baud|rate|9600|1200,2400,4800,9600||bps
rs485_2_parity|choice|N|N,E,O||
sensor_model|choice|sdm230|sdm230,sdm120ct,none||
sensor_unit|int|1|1|247|
sensor_longest|int|0|0|125|
sensor_inverted|bool|false|||
sensor_poll_ms|int|250|100|60000|ms
sensor_slow_ms|int|10000|1000|600000|ms
plant_unit|int|247|1|247|
plant_host|text||0|21|
plant_poll_ms|int|2000|1000|60000|ms
plant_slow_ms|int|30000|2000|600000|ms
plant_import|bool|false|||
plant_disconnect|bool|false|||
plant_reactive|bool|false|||
server_unit|int|1|1|247|
server_outputs|bool|false|||
meter_model|choice|sdm230|sdm230,sdm120ct||
meter_unit|int|1|1|247|
meter_think_ms|int|20|5|500|ms
meter_policy|choice|silent|silent,safe,last||
meter_stale_ms|int|2000|500|60000|ms
meter_safe_w|int|0|-30000|30000|W
gateway_port|int|502|1|65534|
gateway_fresh_ms|int|1000|0|60000|ms
gateway_deadline_ms|int|1500|200|60000|ms
gateway_idle_s|int|60|5|3600|s
gateway_clients|int|8|1|16|
gateway_writers|text||0|120|
grid_table|choice|off|off,ripple,ripple_reverse,drm,fnn,single,own||
grid_active|bool|true|||
grid_reactive|bool|false|||
grid_drm|text|5678|4|4|
grid_rows|text||0|600|
grid_unknown|choice|strictest|strictest,last,full,stated||
grid_unknown_pct|int|0|0|100|%
grid_closed_mask|int|0|0|15|
grid_open_pct|int|100|0|100|%
grid_chatter_pct|int|0|0|100|%
grid_settle_ms|int|50|20|1000|ms
grid_hold_ms|int|1000|0|60000|ms
limit_user_w|int|-1|-1|5000000|W
limit_export_w|int|-1|-1|5000000|W
export_at|choice|plant|plant,grid||
limit_import_w|int|-1|-1|5000000|W
limit_off_grid_w|int|-1|-1|5000000|W
limit_fuse_a|int|-1|-1|1000|A
dim_import_w|int|4200|0|100000|W
do_safe_mask|int|0|0|3|
do_expire_s|int|0|0|86400|s
do1_owner|choice|manual|manual,smart_load,heat_pump,generator,follow||
do2_owner|choice|manual|manual,smart_load,heat_pump,generator,follow||
do1_rules|text||0|160|
do2_rules|text||0|160|
heat_pump|text||0|160|
generator|text||0|300|
mqtt_host|text||0|64|
mqtt_port|int|1883|1|65535|
mqtt_user|text||0|64|
mqtt_password|secret||0|64|
mqtt_prefix|text|bridge|1|32|
mqtt_discovery|text|homeassistant|0|32|
publish_ms|int|5000|500|600000|ms
wlan_ssid|text||0|32|
wlan_password|secret||0|64|
system_name|text||0|40|
time_zone|text||0|40|
recorder|choice|auto|auto,on,off||
led_brightness|int|60|1|100|%
require_signature|bool|false|||
"""

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


def check(changes, current):
    """Return (accepted, refused): what may be set, a dict, and (name, why not), a list. current: the Settings in force."""
    accepted, refused = {}, []
    for name in changes:
        row = _row(name)
        value = changes[name]
        reason = "is no setting" if row is None else _refusal(row, value)
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


def whole(changes):
    """Return all settings as a dict: `changes`, and the defaults of the others."""
    values = {row[0]: row[2] for row in rows()}
    values.update(changes)
    return values


def differing(changes, current):
    """Return what is not as its default once `changes` are made, as a dict."""
    values = {}
    for fields in table.rows(TABLE):
        value = changes.get(fields[0], getattr(current, fields[0]))
        # As texts: to type all rows takes a chip a tenth of a second more, and nobody else has a turn meanwhile.
        if (str(value).lower() if isinstance(value, bool) else str(value)) != fields[2]:
            values[fields[0]] = value
    return values


def shown(current):
    """Return all settings as a dict; a secret reads True if it is set, False if not."""
    return {
        row[0]: bool(getattr(current, row[0])) if row[1] == "secret" else getattr(current, row[0]) for row in rows()
    }


def rows():
    """Yield (name, kind, default, low or choices, high, unit) of all settings, typed by their kind."""
    for fields in table.rows(TABLE):
        yield _typed(fields)


def names():
    """Return the names of all settings."""
    return [fields[0] for fields in table.rows(TABLE)]


def _row(name):
    fields = table.row(TABLE, name) if isinstance(name, str) else None
    return fields and _typed(fields)


def _typed(fields):
    name, kind, default, low, high, unit = fields
    if kind == "bool":
        default = default == "true"
    elif kind == "choice":
        low = low.split(",")
    elif kind == "rate":
        default, low = int(default), [int(x) for x in low.split(",")]
    else:
        low, high = int(low), int(high)
        if kind == "int":
            default = int(default)
    return name, kind, default, low, high, unit
