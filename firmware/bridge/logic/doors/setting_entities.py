"""Home Assistant's entities for settings, and the values in force of the `settings` topic. Pure; in memory only meanwhile.

What each entity is was made out of the tables of settings and rules with the slot (bridgectl/device/entities.py). It lies
in the flash as a text: one line each, name | platform | rule | end of the value's template | rest of its JSON.
rule: for a key of the rules of an output, its setting, the key, its default, the owner and the outputs, spaces between.
"""

import json

from bridge.logic.doors import announced_device, announcing
from micropython import const

_GROUP = const(6)  # components of one discovery message, about 2 kB
_BLOCK = const(256)
# set_: some facts have the name of a setting, the import limit in force and the one that is set.
_COMPONENT = '"set_%s":{"p":"%s","uniq_id":"bridge_%s_set_%s","val_tpl":"{{value_json[\'%s\']%s}}",%s}'
_ABSENT = '"set_%s":{"p":"%s"}'  # takes an entity away that was there


def groups(path):
    """Return how many discovery messages there are. path: of the text. Raises OSError."""
    return -(-sum([1 for _ in _lines(path)]) // _GROUP)


def message(path, group, state, settings):
    """Return (topic, its text in pieces) of discovery message number `group`, which is one of these."""
    where = announced_device.topic(group, state, settings)
    return where, pieces(path, group - announcing.groups(), state, settings)


def pieces(path, group, state, settings):
    """Yield message number `group` of these in pieces. Raises OSError."""
    yield announced_device.head(state, settings)
    place, before = 0, ""
    for name, platform, rule, end, rest in _lines(path):
        if place // _GROUP == group:
            if _used(rule, settings):
                yield before + _COMPONENT % (name, platform, state.sn, name, name, end, rest)
            else:
                yield before + _ABSENT % (name, platform)
            before = ","
        place += 1
    yield announced_device.tail(state, settings, "settings")


def values(path, settings):
    """Yield the JSON of the settings in force that Home Assistant knows in pieces, the keys of rules in use among them.

    Raises OSError."""
    before = "{"
    for name, _, rule, _, _ in _lines(path):
        if not rule:
            value = getattr(settings, name)
        elif _used(rule, settings):
            of, key, value = rule.split(" ")[:3]
            words = getattr(settings, of).split(" ")  # as settings_check leaves it: pairs, with one space between
            if key in words[::2]:
                value = words[words.index(key) + 1]
            value = int(value) if value.isdigit() else value
        else:
            value = None
        yield before + '"%s":%s' % (name, json.dumps(value))
        before = ","
    yield "}"


def _used(rule, settings):
    """Return True for a setting, and for the key of a rule by which one of its outputs goes."""
    words = rule.split(" ")
    return not rule or words[3] in [getattr(settings, output) for output in words[4:]]


def _lines(path):
    """Yield the fields of each line of the text."""
    rest = b""
    with open(path, "rb") as file:
        while True:
            block = file.read(_BLOCK)
            if not block:
                return
            rest += block
            while b"\n" in rest:
                line, rest = rest.split(b"\n", 1)
                yield line.decode().split("|", 4)
