"""Every setting, declared once: loading, checking, the pages, MQTT `set` and the manual derive from this table.

Only what differs from the default is stored. A secret is a kind, so that printing can refuse it.
"""

import table
from store import record
from utf8 import well_formed

# name | kind | default | low or choices | high | unit | meaning
# kinds: int, bool, choice (of words), rate (choice of numbers), text (low..high = bytes), secret (a text never shown)
TABLE = """
rs485_1_role|choice|master|master,gateway,listen,server,meter,find,off|||What RS485-1 does: master (polls and commands the plant), gateway (and lets Modbus TCP clients reach it), listen (hears another master), server (answers one), meter (answers one as the sensor would), find (searches what answers), off
rs485_1_baud|rate|9600|1200,2400,4800,9600||bps|Baud rate of RS485-1
rs485_1_parity|choice|N|N,E,O|||Parity of RS485-1
rs485_2_role|choice|master|master,gateway,listen,server,find,off|||What RS485-2 does, with the sensor as RS485-1 with the plant
rs485_2_baud|rate|9600|1200,2400,4800,9600||bps|Baud rate of RS485-2
rs485_2_parity|choice|N|N,E,O|||Parity of RS485-2
sensor_model|choice|sdm230|sdm230,sdm120ct,none|||Power sensor at RS485-2
sensor_unit|int|1|1|247||Modbus unit of the sensor
sensor_longest|int|0|0|125||Most registers in one read of the sensor, as `bridgectl pace --probe-longest` finds it; 0 = as its document says
sensor_poll_ms|int|250|100|60000|ms|How often the fast values of the sensor are read
sensor_slow_ms|int|10000|1000|600000|ms|How often its other values are read
plant_unit|int|247|1|247||Modbus unit of the plant
plant_poll_ms|int|2000|1000|60000|ms|How often the plant is read; never under 1000 ms
plant_slow_ms|int|30000|2000|600000|ms|How often its other values are read
server_unit|int|1|1|247||Role server: the unit that the bridge answers to
server_outputs|bool|false||||Role server: the other master may switch DO1 and DO2
meter_model|choice|sdm230|sdm230,sdm120ct|||Role meter: the model that the bridge plays
meter_unit|int|1|1|247||Role meter: the unit that it answers to
meter_think_ms|int|20|5|500|ms|Role meter: time from a request to the answer
meter_policy|choice|silent|silent,safe,last|||Role meter: what is said when the sensor is stale: silent (nothing), safe (meter_safe_w), last (the last value)
meter_stale_ms|int|2000|500|60000|ms|Role meter: age at which the sensor is stale
meter_safe_w|int|0|-30000|30000|W|Role meter: the power that is told by policy safe
gateway_port|int|502|1|65534||Role gateway: TCP port; with two gateways the sensor's is the next one
gateway_fresh_ms|int|1000|0|60000|ms|Role gateway: a reply is never older; 0 = nothing is kept
gateway_deadline_ms|int|1500|200|60000|ms|Role gateway: a client has an answer by then, if only an exception
gateway_idle_s|int|60|5|3600|s|Role gateway: a client that says nothing for so long is dropped
gateway_clients|int|8|1|16||Role gateway: clients at once; the Pico W image has sockets for 3
gateway_writers|text||0|120||Role gateway: addresses that may write, with commas between; empty = nobody
grid_table|choice|off|off,ripple,ripple_reverse|||Active dry-contact scheduling: off, ripple (DI1 100 %, DI2 60 %, DI3 30 %, DI4 0 %) or ripple_reverse (DI1 0 % .. DI4 100 %)
grid_closed_mask|int|0|0|15||Contacts that are closed at rest, so that a broken wire counts as asking: bit 0 = DI1 .. bit 3 = DI4
grid_open_pct|int|100|0|100|%|Limit while no contact asks for one; 100 = none
grid_chatter_pct|int|0|0|100|%|Limit while a contact has not been still for 10 s; a stricter one of another contact holds
grid_settle_ms|int|50|20|1000|ms|How long a contact must be still before it counts
grid_hold_ms|int|1000|0|60000|ms|How long the contacts must be still before a looser limit counts; a stricter one counts at once
do_safe_mask|int|0|0|3||Outputs closed in the safe state, bit 0 = DO1
do_expire_s|int|0|0|86400|s|A command to an output is forgotten after so long, and the safe state holds; 0 = never
mqtt_host|text||0|64||MQTT broker; an address never blocks, a name may for some seconds; empty = no uplink
mqtt_port|int|1883|1|65535||MQTT port
mqtt_user|text||0|64||MQTT user
mqtt_password|secret||0|64||MQTT password
mqtt_prefix|text|bridge|1|32||First level of the bridge's topics
mqtt_discovery|text|homeassistant|0|32||Prefix of Home Assistant discovery; empty = off
publish_ms|int|5000|500|600000|ms|How often the state is published
wlan_ssid|text||0|32||House network
wlan_password|secret||0|63||Password of the house network
system_name|text||0|40||Name of the system; empty = not created yet
time_zone|text||0|40||Time zone, IANA name
led_brightness|int|60|1|100|%|Brightness of the LED strip
require_signature|bool|false||||Refuse updates without a signature
"""

# Why a rate above 9600 is not on the lists (guide, table of cables).
_RATE_RULE = "RS485 of the COM terminal runs at 9600 bps at most (cable up to 1000 m)"


def _refusal(row, value):
    """Return why a value is not allowed for the setting `row`, or None."""
    name, kind, _, low, high, unit, _ = row
    if kind == "bool":
        return None if isinstance(value, bool) else "must be true or false"
    if kind in ("int", "rate"):
        if isinstance(value, bool) or not isinstance(value, int):
            return "must be a whole number"
        if kind == "rate" and value not in low:
            return _RATE_RULE if value > 9600 else "must be one of " + ", ".join([str(x) for x in low])
        if kind == "int" and not low <= value <= high:
            return "must be %d to %d %s, not %d" % (low, high, unit, value)
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
    if name in ("mqtt_prefix", "mqtt_discovery") and any([c in value for c in "+#"]):
        return "must not contain + or #"
    return None


class Settings:
    """The settings in force, as attributes of the names in TABLE."""

    def __init__(self, path=None):
        """path: record that holds what differs from the defaults; None = keep nothing."""
        self._path = path
        self.version = 0  # counts changes, so that tasks notice one
        self.ignored = []  # what the record held and the table refuses: (name, reason)
        for row in rows():
            setattr(self, row[0], row[2])
        stored = record.load(path) if path else None
        if stored:
            accepted, self.ignored = self.check(stored)
            for name in accepted:
                setattr(self, name, accepted[name])

    def check(self, changes):
        """Return (accepted, refused): a dict of what may be set, and a list of (name, why not)."""
        accepted, refused = {}, []
        for name in changes:
            row = _row(name)
            reason = "is no setting" if row is None else _refusal(row, changes[name])
            if reason:
                refused.append((name, reason))
            else:
                accepted[name] = changes[name]
        return accepted, refused

    def apply(self, changes):
        """Set and store all of `changes`, or none of them; return what `check` refuses. OSError: flash failed, nothing set."""
        accepted, refused = self.check(changes)
        if refused:
            return refused
        if self._path:
            record.save(self._path, self._differing(accepted))
        for name in accepted:
            setattr(self, name, accepted[name])
        self.version += 1
        return refused

    def shown(self):
        """Return all settings as a dict; a secret reads True if it is set, False if not."""
        return {row[0]: bool(getattr(self, row[0])) if row[1] == "secret" else getattr(self, row[0]) for row in rows()}

    def _differing(self, changes):
        values = {row[0]: changes.get(row[0], getattr(self, row[0])) for row in rows()}
        return {row[0]: values[row[0]] for row in rows() if values[row[0]] != row[2]}


def rows():
    """Yield (name, kind, default, low or choices, high, unit, meaning) of all settings, typed by their kind."""
    for fields in table.rows(TABLE):
        yield _typed(fields)


def names():
    """Return the names of all settings."""
    return [fields[0] for fields in table.rows(TABLE)]


def _row(name):
    fields = table.row(TABLE, name) if isinstance(name, str) else None
    return fields and _typed(fields)


def _typed(fields):
    name, kind, default, low, high, unit, meaning = fields
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
    return name, kind, default, low, high, unit, meaning
