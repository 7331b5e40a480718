"""Home Assistant's discovery, and the values in force of the `settings` topic. Pure; in memory only meanwhile.

What each entity is was made out of the tables with the slot (bridgectl/device/entities.py). It lies in the flash as a text:
    =state                                              a message begins: the topic that its values come from
    name | platform | key | rule | end | rest           an entity: its value in that topic, end of the value's template,
                                                        rest of its JSON
rule, words with spaces between: a setting, a key of it and the key's default ("-" for what is none), the owners of which
one must be that of an output, and the outputs. An entity whose rule does not hold is taken away.

Home Assistant merges several messages into one device by its identifiers, so the entities travel in messages small enough
for a board's memory. Source of the keys: Home Assistant MQTT documentation, device discovery.
"""

import json

from bridge.logic.doors import messages
from micropython import const

_BLOCK = const(128)
_FIELDS = const(5)  # of an entity, before the rest of its JSON
# Templates instead of dicts: a fifth of the memory, in the table of names as well as for each message.
_HEAD = (
    '{"dev":{"ids":["bridge_%s"],"name":%s,"mf":"sigen-bridge","mdl":"COM-terminal bridge","sn":"%s","sw":"%s"},'
    '"o":{"name":"sigen-bridge","sw":"%s"},"cmps":{'
)
_TAIL = '},"stat_t":%s,"cmd_t":%s,"avty_t":%s,"qos":0}'
# By item, not by attribute: to a template, value_json.update is a method of the dict.
_COMPONENT = '"%s":{"p":"%s","uniq_id":"bridge_%s_%s","val_tpl":"{{value_json[\'%s\']%s}}",'
_ABSENT = '"%s":{"p":"%s"}'


def count(path):
    """Return how many messages there are. path: of the text. Raises OSError."""
    return sum([1 for fields, _ in _lines(path) if len(fields) == 1])


def message(path, number, state, settings):
    """Return (topic, its text in pieces) of a message; retained, so that Home Assistant finds it later."""
    return topic(number, state, settings), pieces(path, number, state, settings)


def topic(number, state, settings):
    """Return the topic of a message by its number."""
    return "%s/device/bridge_%s_%d/config" % (settings.mqtt_discovery, state.sn, number)


def pieces(path, number, state, settings):
    """Yield a message by its number in pieces, text or UTF-8. Raises OSError."""
    sn = state.sn
    yield _HEAD % (sn, json.dumps(settings.system_name or "Bridge " + sn), sn, state.version, state.version)
    leaf, before = "", ""
    for fields, rest in _lines(path):
        if len(fields) == 1:
            if leaf:
                break
            leaf = fields[0][1:] if not number else ""
            number -= 1
        elif leaf:
            name, platform, key, rule, end = fields
            yield before
            if _holds(rule, settings):
                yield _COMPONENT % (name, platform, sn, name, key, end)
                yield rest
                yield "}"
            else:
                yield _ABSENT % (name, platform)
            before = ","
    yield _TAIL % tuple([json.dumps(messages.topic(settings, sn, of)) for of in (leaf, "set", "availability")])


def values(path, settings):
    """Yield the JSON of the settings in force that Home Assistant knows in pieces, the keys of rules that hold among them.

    Raises OSError."""
    leaf, before = "", "{"
    for fields, _ in _lines(path):
        if len(fields) == 1:
            leaf = fields[0]
        elif leaf == "=settings":
            yield before + '"%s":%s' % (fields[2], json.dumps(_value(fields[2], fields[3], settings)))
            before = ","
    yield "}"


def _value(name, rule, settings):
    if not rule:
        return getattr(settings, name)
    if not _holds(rule, settings):
        return None
    of, key, value = rule.split(" ")[:3]
    words = getattr(settings, of).split(" ")  # as settings_check leaves it: pairs, with one space between
    if key in words[::2]:
        value = words[words.index(key) + 1]
    return int(value) if value.isdigit() else value


def _holds(rule, settings):
    words = rule.split(" ")
    return not rule or any([getattr(settings, output) in words[3].split(",") for output in words[4:]])


def _lines(path):
    """Yield (fields of a line but its last, the last one as bytes) of each line of the text."""
    left = b""
    with open(path, "rb") as file:
        while True:
            block = file.read(_BLOCK)
            if not block:
                return
            left += block
            end = left.find(b"\n")
            while end >= 0:
                line, left = left[:end], left[end + 1 :]
                yield _split(line)
                end = left.find(b"\n")


def _split(line):
    at = -1
    for _ in range(_FIELDS):
        at = line.find(b"|", at + 1)
        if at < 0:
            return [line.decode()], b""
    return line[:at].decode().split("|"), memoryview(line)[at + 1 :]
