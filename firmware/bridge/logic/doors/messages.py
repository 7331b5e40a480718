"""What goes over MQTT: the state as JSON, Home Assistant's discovery, and commands that come in. Pure.

Home Assistant merges several discovery messages into one device by its identifiers, so the components travel in groups
small enough for a board's memory. Source of the keys: Home Assistant MQTT documentation, device discovery.
"""

import json

import table
from bridge import points
from micropython import const

_GROUP = const(10)  # components of one discovery message, about 2 kB
_LONGEST_COMMAND = const(512)  # bytes
_LONGEST_ID = const(40)
_LONGEST_TEXT = const(250)  # characters; Home Assistant takes 255

_OUTPUTS = ("do1", "do2")

# Templates instead of dicts: a fifth of the memory, in the table of names as well as for each message.
_DEVICE_HEAD = (
    '{"dev":{"ids":["bridge_%s"],"name":%s,"mf":"sigen-bridge","mdl":"COM-terminal bridge","sn":"%s","sw":"%s"},'
    '"o":{"name":"sigen-bridge","sw":"%s"},"cmps":{'
)
_DEVICE_TAIL = '},"stat_t":"%s","cmd_t":"%s","avty_t":"%s","qos":0}'
# By item, not by attribute: to a template, value_json.update is a method of the dict.
_COMPONENT = '"%s":{"p":%s,"name":"%s","uniq_id":"bridge_%s_%s","val_tpl":"{{value_json[\'%s\']}}"}'
_SWITCH = ',"pl_on":"{\\"%s\\":true}","pl_off":"{\\"%s\\":false}","stat_on":"ON","stat_off":"OFF"'
# d: of the bridge itself. n: the same, and not shown unless a person switches it on, for its text changes all the time.
_CATEGORIES = {"d": ',"ent_cat":"diagnostic"', "n": ',"ent_cat":"diagnostic","en":false'}


def topic(settings, sn, leaf):
    """Return a topic of this bridge: leaf is state, availability, set or result."""
    return "%s/%s/%s" % (settings.mqtt_prefix, sn, leaf)


def facts(state):
    """Return the values of points.facts(), in its order; None = not known."""
    contacts = [_on(state.inputs >> i & 1) if state.inputs_settled else None for i in range(5)]
    outputs = [_on(state.outputs >> i & 1) for i in range(2)] + [state.chatter]
    limit = [state.limit_pct, state.plant_limit_w, state.limit_reason or "nobody limits", _limit_text(state)]
    memory = [state.uptime_s, state.heap_free, state.heap_min] + list(state.system_heap or (None, None))
    start = [state.reset_cause + (": " + state.restart_reason if state.restart_reason else ""), state.version]
    update = ("%s %s" % (state.update_state, state.update_text)).strip()
    return (
        contacts
        + outputs
        + limit
        + [link_text(state.sensor_link, state.sensor_why), link_text(state.plant_link, state.plant_why)]
        + list(state.rs485)
        + [state.gateway.get("text", "off")]
        + list(state.segments)
        + memory
        + start
        + [update, state.radio_text or "ok", state.wlan_signal or None, state.uplink_text]
    )


def _on(closed):
    return "ON" if closed else "OFF"


def link_text(link, why):
    """Return a link with its reason, as long as Home Assistant takes it."""
    return ("%s: %s" % (link, why))[:_LONGEST_TEXT] if why else link


def _limit_text(state):
    return ("%s %s" % (state.plant_limit_state, state.plant_limit_text)).strip()


def point_texts(readings):
    """Yield (id, text or None) of all points, since all are announced: the text has the point's decimals."""
    n = 0
    for row in points.rows():
        value = readings.value(n)
        text = None if value is None else "%.*f" % (row[2], value)
        if text and not text.strip("-0."):
            text = text.lstrip("-")  # a little less than nothing is nothing
        yield row[0], text
        n += 1


def state_pieces(state):
    """Yield the JSON of the state topic in pieces, for memory for the whole may be missing; what is not good is null."""
    before = "{"
    for point, text in point_texts(state.readings):
        yield before + '"%s":%s' % (point, "null" if text is None else text)
        before = ","
    for row, value in zip(points.facts(), facts(state)):
        yield before + '"%s":%s' % (row[0], json.dumps(value))
        before = ","
    yield "}"


def discovery_groups():
    """Return how many discovery messages there are."""
    return -(-(points.count() + table.count(points.FACTS)) // _GROUP)


def discovery_topic(group, state, settings):
    """Return the topic of discovery message number `group`; retained, so that Home Assistant finds it later."""
    return "%s/device/bridge_%s_%d/config" % (settings.mqtt_discovery, state.sn, group)


def discovery_pieces(group, state, settings):
    """Yield discovery message number `group` in pieces."""
    name = json.dumps(settings.system_name or "Bridge " + state.sn)
    yield _DEVICE_HEAD % (state.sn, name, state.sn, state.version, state.version)
    place = 0
    before = ""
    for rows, describe in ((points.rows(), _of_point), (points.facts(), _of_fact)):
        for row in rows:
            if place // _GROUP == group:
                yield before + _COMPONENT % (row[0], describe(row), row[-1], state.sn, row[0], row[0])
                before = ","
            place += 1
    yield _DEVICE_TAIL % tuple([topic(settings, state.sn, leaf) for leaf in ("state", "set", "availability")])


def _of_point(row):
    _, unit, decimals, _, _, device_class, state_class, _ = row
    text = '"sensor"'
    if unit:
        text += ',"unit_of_meas":"%s","sug_dsp_prc":%d' % (unit, decimals)
    if device_class:
        text += ',"dev_cla":"%s"' % device_class
    return text + (',"stat_cla":"%s"' % state_class if state_class else ',"ent_cat":"diagnostic"')


def _of_fact(row):
    name, platform, unit, device_class, category, _ = row
    text = '"%s"' % platform
    if category:
        text += _CATEGORIES[category]
    if unit:
        text += ',"unit_of_meas":"%s"' % unit
    if device_class:
        text += ',"dev_cla":"%s"' % device_class
    if platform == "switch":
        text += _SWITCH % (name, name)
    return text


def command(payload, retained, settings):
    """Read a message of the set topic: (outputs or None, setting changes, answer dict).

    outputs: (bits that are commanded, those of them that shall be closed). The answer is what goes to the result topic; if
    it is not ok, nothing is to be done.
    """
    answer = {"id": None, "ok": False}
    if retained:
        return _refused(answer, "message", "is retained, so it may be old; publish commands without retain")
    if len(payload) > _LONGEST_COMMAND:
        return _refused(answer, "message", "is longer than %d bytes" % _LONGEST_COMMAND)
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
