"""What all discovery messages to Home Assistant have in common: their topic, the device, and where values come from. Pure.

Home Assistant merges several messages into one device by its identifiers, so the components travel in groups small enough
for a board's memory. Source of the keys: Home Assistant MQTT documentation, device discovery.
"""

import json

from bridge.logic.doors import messages

# Templates instead of dicts: a fifth of the memory, in the table of names as well as for each message.
_HEAD = (
    '{"dev":{"ids":["bridge_%s"],"name":%s,"mf":"sigen-bridge","mdl":"COM-terminal bridge","sn":"%s","sw":"%s"},'
    '"o":{"name":"sigen-bridge","sw":"%s"},"cmps":{'
)
_TAIL = '},"stat_t":%s,"cmd_t":%s,"avty_t":%s,"qos":0}'


def topic(group, state, settings):
    """Return the topic of discovery message number `group`; retained, so that Home Assistant finds it later."""
    return "%s/device/bridge_%s_%d/config" % (settings.mqtt_discovery, state.sn, group)


def head(state, settings):
    """Return the beginning of a message: the device, and where its components begin."""
    name = json.dumps(settings.system_name or "Bridge " + state.sn)
    return _HEAD % (state.sn, name, state.sn, state.version, state.version)


def tail(state, settings, leaf):
    """Return the end of a message. leaf: of the topic that the values of its components come from."""
    topics = [json.dumps(messages.topic(settings, state.sn, of)) for of in (leaf, "set", "availability")]
    return _TAIL % tuple(topics)
