"""Home Assistant's discovery: what is said of points and facts. Pure; in memory only while it is announced.

Source of the keys: Home Assistant MQTT documentation, device discovery.
"""

from bridge import points
from bridge.logic.doors import announced_device, announcing

# By item, not by attribute: to a template, value_json.update is a method of the dict.
_COMPONENT = '"%s":{"p":%s,"name":"%s","uniq_id":"bridge_%s_%s","val_tpl":"{{value_json[\'%s\']}}"}'
_SWITCH = ',"pl_on":"{\\"%s\\":true}","pl_off":"{\\"%s\\":false}","stat_on":"ON","stat_off":"OFF"'
_ABSENT = '"%s":{"p":"%s"}'  # takes an entity away that was there
# d: of the bridge itself. n: the same, and not shown unless a person switches it on, for its text changes all the time.
_CATEGORIES = {"d": ',"ent_cat":"diagnostic"', "n": ',"ent_cat":"diagnostic","en":false'}


def message(group, state, settings):
    """Return (topic, its text in pieces) of discovery message number `group`."""
    return announced_device.topic(group, state, settings), pieces(group, state, settings)


def pieces(group, state, settings):
    """Yield discovery message number `group` in pieces."""
    yield announced_device.head(state, settings)
    place = 0
    before = ""
    for rows, describe in ((points.rows(), _of_point), (points.facts(), _of_fact)):
        for row in rows:
            if place // announcing.GROUP == group:
                if row[1] == "switch":
                    yield before
                    yield from _output(row[0], row[-1], state.sn, settings)
                else:
                    yield before + _COMPONENT % (row[0], describe(row), row[-1], state.sn, row[0], row[0])
                before = ","
            place += 1
    yield announced_device.tail(state, settings, "state")


def _output(name, title, sn, settings):
    """Yield both forms of an output: a switch while people switch it, read only while a rule does; the other one goes."""
    ruled = getattr(settings, name + "_owner") != "manual"
    contact = name + "_contact"
    yield (
        _ABSENT % (name, "switch")
        if ruled
        else _COMPONENT
        % (
            name,
            '"switch"' + _SWITCH % (name, name),
            title,
            sn,
            name,
            name,
        )
    )
    yield ","
    described = '"binary_sensor"'
    yield _COMPONENT % (contact, described, title, sn, contact, name) if ruled else _ABSENT % (contact, "binary_sensor")


def _of_point(row):
    _, unit, decimals, _, _, device_class, state_class, _ = row
    text = '"sensor"'
    if unit:
        text += ',"unit_of_meas":"%s","sug_dsp_prc":%d' % (unit, decimals)
    if device_class:
        text += ',"dev_cla":"%s"' % device_class
    return text + (',"stat_cla":"%s"' % state_class if state_class else ',"ent_cat":"diagnostic"')


def _of_fact(row):
    _, platform, unit, device_class, category, _ = row
    text = '"%s"' % platform
    if category:
        text += _CATEGORIES[category]
    if unit:
        text += ',"unit_of_meas":"%s"' % unit
    if device_class:
        text += ',"dev_cla":"%s"' % device_class
    return text
