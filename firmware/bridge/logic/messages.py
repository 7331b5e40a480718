"""What goes over MQTT: the state as JSON, Home Assistant's discovery, and commands that come in. Pure.

Home Assistant merges several discovery messages into one device by its identifiers, so the components travel in groups
small enough for a board's memory. Source of the keys: Home Assistant MQTT documentation, device discovery.
"""

import json

from bridge import points
from bridge.logic import lights
from micropython import const

_GROUP = const(10)  # components of one discovery message, about 2 kB
_LONGEST_COMMAND = const(512)  # bytes
_LONGEST_ID = const(40)

_OUTPUTS = ("do1", "do2")


def topic(settings, sn, leaf):
    """Return a topic of this bridge: leaf is state, availability, set or result."""
    return "%s/%s/%s" % (settings.mqtt_prefix, sn, leaf)


def facts(state):
    """Return the values of points.FACTS, in its order; None = not known."""
    contacts = [_on(state.inputs >> i & 1) if state.inputs_settled else None for i in range(5)]
    outputs = [_on(state.outputs >> i & 1) for i in range(2)]
    limit = [state.limit_pct, state.limit_reason or "nobody limits", _limit_text(state)]
    memory = [state.uptime_s, state.heap_free, state.heap_min, state.reset_cause, state.version]
    update = ("%s %s" % (state.update_state, state.update_text)).strip()
    return (
        contacts
        + outputs
        + limit
        + [state.sensor_link, state.plant_link]
        + list(state.segments)
        + memory
        + [update, state.wlan_signal or None]
    )


def _on(closed):
    return "ON" if closed else "OFF"


def _limit_text(state):
    return ("%s %s" % (state.plant_limit_state, state.plant_limit_text)).strip()


def point_texts(readings):
    """Return (id, text or None) of all points that ever had a value: the text has the point's decimals."""
    found = []
    for n in range(readings.count):
        if readings.quality(n):
            value = readings.value(n)
            row = points.POINTS[n]
            found.append((row[0], None if value is None else "%.*f" % (row[2], value)))
    return found


def state_json(state):
    """Return the JSON of the state topic; a reading that is not good is null."""
    parts = ['"%s":%s' % (point, "null" if text is None else text) for point, text in point_texts(state.readings)]
    known = {}
    for row, value in zip(points.FACTS, facts(state)):
        known[row[0]] = value
    return "{" + ",".join(parts + [json.dumps(known)[1:-1]]) + "}"


def discovery_groups():
    """Return how many discovery messages there are."""
    return -(-len(points.POINTS) // _GROUP) + -(-len(points.FACTS) // _GROUP)


def discovery(group, state, settings):
    """Return (topic, payload) of discovery message number `group`; retained, so that Home Assistant finds it later."""
    of_points = -(-len(points.POINTS) // _GROUP)
    if group < of_points:
        rows = points.POINTS[group * _GROUP : (group + 1) * _GROUP]
        components = {row[0]: _of_point(row, state.sn) for row in rows}
    else:
        group_at = (group - of_points) * _GROUP
        rows = points.FACTS[group_at : group_at + _GROUP]
        components = {row[0]: _of_fact(row, state.sn) for row in rows}
    payload = {
        "dev": {
            "ids": ["bridge_" + state.sn],
            "name": settings.system_name or "Bridge " + state.sn,
            "mf": "sigen-bridge",
            "mdl": "COM-terminal bridge",
            "sn": state.sn,
            "sw": state.version,
        },
        "o": {"name": "sigen-bridge", "sw": state.version},
        "cmps": components,
        "stat_t": topic(settings, state.sn, "state"),
        "cmd_t": topic(settings, state.sn, "set"),
        "avty_t": topic(settings, state.sn, "availability"),
        "qos": 0,
    }
    where = "%s/device/bridge_%s_%d/config" % (settings.mqtt_discovery, state.sn, group)
    return where, json.dumps(payload)


def _of_point(row, sn):
    point, unit, decimals, _, _, device_class, state_class, meaning = row
    component = _component("sensor", point, sn, meaning)
    if unit:
        component["unit_of_meas"] = unit
        component["sug_dsp_prc"] = decimals
    if device_class:
        component["dev_cla"] = device_class
    if state_class:
        component["stat_cla"] = state_class
    else:
        component["ent_cat"] = "diagnostic"
    return component


def _of_fact(row, sn):
    point, platform, unit, device_class, meaning = row
    component = _component(platform, point, sn, meaning)
    if unit:
        component["unit_of_meas"] = unit
    if device_class:
        component["dev_cla"] = device_class
    if platform == "switch":
        component["pl_on"] = '{"%s":true}' % point
        component["pl_off"] = '{"%s":false}' % point
        component["stat_on"] = "ON"
        component["stat_off"] = "OFF"
    return component


def _component(platform, point, sn, meaning):
    return {
        "p": platform,
        "name": meaning,
        "uniq_id": "bridge_%s_%s" % (sn, point),
        "val_tpl": "{{value_json.%s}}" % point,
    }


def command(payload, retained, outputs, settings):
    """Read a message of the set topic: (outputs mask or None, setting changes, answer dict).

    outputs: mask in force. The answer is what goes to the result topic; if it is not ok, nothing is to be done.
    """
    answer = {"id": None, "ok": False}
    if retained:
        return _refused(answer, "message", "is retained, so it may be old; publish commands without retain")
    if len(payload) > _LONGEST_COMMAND:
        return _refused(answer, "message", "is longer than %d bytes" % _LONGEST_COMMAND)
    try:
        asked = json.loads(payload)
    except (ValueError, UnicodeError):
        return _refused(answer, "message", "is not JSON; send an object such as {\"do1\": true}")
    if not isinstance(asked, dict) or not asked:
        return _refused(answer, "message", "must be a JSON object with at least one field")
    name = asked.pop("id", None)
    answer["id"] = name if isinstance(name, (str, int)) and len(str(name)) <= _LONGEST_ID else None
    errors = {}
    mask = None
    for i, field in enumerate(_OUTPUTS):
        if field in asked:
            wanted = asked.pop(field)
            if wanted is not True and wanted is not False:
                errors[field] = "must be true or false"
                continue
            mask = ((outputs if mask is None else mask) & ~(1 << i)) | wanted << i
    accepted, refused = settings.check(asked)
    for field, reason in refused:
        errors[str(field)[:_LONGEST_ID]] = reason
    if errors:
        answer["errors"] = errors
        return None, {}, answer
    answer["ok"] = True
    return mask, accepted, answer


def _refused(answer, field, rule):
    answer["errors"] = {field: rule}
    return None, {}, answer


def led_look(state):
    """Return [(segment, state, (r, g, b), flashing)] of the strip, for pages."""
    return [(s, name) + lights.look(s, name) for s, name in zip(lights.SEGMENTS, state.segments)]
