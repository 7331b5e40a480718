"""Every setting, declared once: loading, checking, the pages, MQTT `set` and the manual derive from this table;
what each means to a person stands in meanings.py, which no board holds, what may be set beyond the table's limits in
settings_check.py. In a board's memory only while somebody asks. A secret is a kind, so that printing can refuse it.
"""

import table

# name | kind | default | low or choices | high | unit | who, where it is not the installer alone
# kinds: int, bool, choice (of words), rate (choice of numbers), text (low..high = bytes), secret (a text never shown)
# who sets it: h the household, in Home Assistant; s the installer, and Home Assistant shows it; n nobody over MQTT (a page
# or the cable: it says who may come in)
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
plant_import|bool|false||||s
plant_disconnect|bool|false||||s
plant_reactive|bool|false||||s
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
grid_table|choice|off|off,ripple,ripple_reverse,drm,fnn,single,own|||s
grid_active|bool|true||||s
grid_reactive|bool|false||||s
grid_drm|text|5678|4|4||s
grid_rows|text||0|600||s
grid_unknown|choice|strictest|strictest,last,full,stated|||s
grid_unknown_pct|int|0|0|100|%|s
grid_closed_mask|int|0|0|15||s
grid_open_pct|int|100|0|100|%|s
grid_chatter_pct|int|0|0|100|%|s
grid_settle_ms|int|50|20|1000|ms|s
grid_hold_ms|int|1000|0|60000|ms|s
limit_user_w|int|-1|-1|5000000|W|h
limit_export_w|int|-1|-1|5000000|W|s
export_at|choice|plant|plant,grid|||s
limit_import_w|int|-1|-1|5000000|W|h
limit_off_grid_w|int|-1|-1|5000000|W|h
limit_fuse_a|int|-1|-1|1000|A|s
dim_import_w|int|4200|0|100000|W|s
do_safe_mask|int|0|0|3||s
do_expire_s|int|0|0|86400|s|s
do1_owner|choice|manual|manual,smart_load,heat_pump,generator,follow|||s
do2_owner|choice|manual|manual,smart_load,heat_pump,generator,follow|||s
do1_rules|text||0|160||s
do2_rules|text||0|160||s
heat_pump|text||0|160||s
generator|text||0|300||s
mqtt_host|text||0|64|
mqtt_port|int|1883|1|65535|
mqtt_user|text||0|64|
mqtt_password|secret||0|64||n
mqtt_prefix|text|bridge|1|32|
mqtt_discovery|text|homeassistant|0|32|
publish_ms|int|5000|500|600000|ms
wlan_ssid|text||0|32|
wlan_password|secret||0|64||n
system_name|text||0|40||h
time_zone|text||0|40||s
recorder|choice|auto|auto,on,off|||h
history|choice|auto|auto,on,off|||
led_brightness|int|60|1|100|%|h
require_signature|bool|true||||n
"""


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


def mark(fields):
    """Return who may set the setting of a row of TABLE: h, s, n, or "" for the installer alone."""
    return fields[6] if len(fields) > 6 else ""


def barred():
    """Return the names of the settings that nobody sets over MQTT."""
    return [fields[0] for fields in table.rows(TABLE) if mark(fields) == "n"]


def names():
    """Return the names of all settings."""
    return [fields[0] for fields in table.rows(TABLE)]


def row(name):
    """Return the row of a setting as rows() has it, None if there is none of this name."""
    fields = table.row(TABLE, name) if isinstance(name, str) else None
    return fields and _typed(fields)


def _typed(fields):
    name, kind, default, low, high, unit = fields[:6]
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
