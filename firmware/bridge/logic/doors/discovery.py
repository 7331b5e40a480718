"""Home Assistant's discovery: what each message of the announcement says. Pure; in memory only while it is announced.

Home Assistant merges several discovery messages into one device by its identifiers, so the components travel in groups
small enough for a board's memory. Source of the keys: Home Assistant MQTT documentation, device discovery.
"""

import json

from bridge import points
from bridge.logic.doors import announcing, messages

# Templates instead of dicts: a fifth of the memory, in the table of names as well as for each message.
_DEVICE_HEAD = (
    '{"dev":{"ids":["bridge_%s"],"name":%s,"mf":"sigen-bridge","mdl":"COM-terminal bridge","sn":"%s","sw":"%s"},'
    '"o":{"name":"sigen-bridge","sw":"%s"},"cmps":{'
)
_DEVICE_TAIL = '},"stat_t":%s,"cmd_t":%s,"avty_t":%s,"qos":0}'
# By item, not by attribute: to a template, value_json.update is a method of the dict.
_COMPONENT = '"%s":{"p":%s,"name":"%s","uniq_id":"bridge_%s_%s","val_tpl":"{{value_json[\'%s\']}}"}'
_SWITCH = ',"pl_on":"{\\"%s\\":true}","pl_off":"{\\"%s\\":false}","stat_on":"ON","stat_off":"OFF"'
# d: of the bridge itself. n: the same, and not shown unless a person switches it on, for its text changes all the time.
_CATEGORIES = {"d": ',"ent_cat":"diagnostic"', "n": ',"ent_cat":"diagnostic","en":false'}


def topic(group, state, settings):
    """Return the topic of discovery message number `group`; retained, so that Home Assistant finds it later."""
    return "%s/device/bridge_%s_%d/config" % (settings.mqtt_discovery, state.sn, group)


def pieces(group, state, settings):
    """Yield discovery message number `group` in pieces."""
    name = json.dumps(settings.system_name or "Bridge " + state.sn)
    yield _DEVICE_HEAD % (state.sn, name, state.sn, state.version, state.version)
    place = 0
    before = ""
    for rows, describe in ((points.rows(), _of_point), (points.facts(), _of_fact)):
        for row in rows:
            if place // announcing.GROUP == group:
                yield before + _COMPONENT % (row[0], describe(row), row[-1], state.sn, row[0], row[0])
                before = ","
            place += 1
    topics = [json.dumps(messages.topic(settings, state.sn, leaf)) for leaf in ("state", "set", "availability")]
    yield _DEVICE_TAIL % tuple(topics)


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
