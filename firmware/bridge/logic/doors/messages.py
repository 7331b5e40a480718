"""The state as it goes over MQTT and to the pages: values of points and facts, and the topics. Pure.

Beside it: announcing and discovery (Home Assistant), commands (what comes in).
"""

import json

from bridge import points
from bridge.logic import room
from bridge.logic.grid.command import reactive_text
from micropython import const

_LONGEST_TEXT = const(250)  # characters; Home Assistant takes 255


def topic(settings, sn, leaf):
    """Return a topic of this bridge: leaf is state, availability, set or result."""
    return "%s/%s/%s" % (settings.mqtt_prefix, sn, leaf)


def facts(state):
    """Return the values of points.facts(), in its order; None = not known."""
    contacts = [_on(state.inputs >> i & 1) if state.inputs_settled else None for i in range(5)]
    outputs = [_on(state.outputs >> i & 1) for i in range(2)]
    outputs += [(state.outputs_text or "commanded")[:_LONGEST_TEXT], state.chatter]
    limit = [state.limit_pct, state.plant_limit_w, state.limit_reason or "nobody limits", _limit_text(state)]
    limit += [state.import_pct, state.import_w, (state.limits or state.limit_reason or "nobody limits")[:_LONGEST_TEXT]]
    limit += [(state.orders or "none")[:_LONGEST_TEXT], reactive_text(state.reactive)]
    memory = [state.uptime_s, state.heap_free, state.heap_min] + list(state.system_heap or (None, None))
    start = [state.reset_cause + (": " + state.restart_reason if state.restart_reason else ""), state.version]
    update = ("%s %s" % (state.update_state, state.update_text)).strip()
    return (
        contacts
        + outputs
        + limit
        + [link_text(state.sensor_link, state.sensor_why), link_text(state.plant_link, state.plant_why)]
        + [state.sensor_direction or None]
        + list(state.rs485)
        + [room.gateway_text(state.gateway_waits, state.gateway), state.alarms[:_LONGEST_TEXT]]
        + list(state.segments)
        + memory
        + start
        + [
            update,
            "damaged: " + state.damaged if state.damaged else "ok",
            state.radio_text or "ok",
            state.wlan_signal or None,
            state.uplink_text,
        ]
    )


def _on(closed):
    return "ON" if closed else "OFF"


def link_text(link, why):
    """Return a link with its reason, as long as Home Assistant takes it."""
    return ("%s: %s" % (link, why))[:_LONGEST_TEXT] if why else link


def _limit_text(state):
    return ("%s %s" % (state.plant_limit_state, state.plant_limit_text)).strip()


def point_texts(readings):
    """Yield (id, JSON or None) of all points, since all are announced: numbers have the point's decimals, codes words."""
    n = 0
    for row in points.rows():
        value = readings.value(n)
        text = None if value is None else "%.*f" % (row[1], value)
        if text and not text.strip("-0."):
            text = text.lstrip("-")  # a little less than nothing is nothing
        word = readings.word(n, row) if text else None
        if word:
            text = '"%s"' % word
        yield row[0], text
        n += 1


def state_pieces(state):
    """Yield the JSON of the state topic in pieces, for memory for the whole may be missing; what is not good is null."""
    before = "{"
    for point, text in point_texts(state.readings):
        yield before + '"%s":%s' % (point, "null" if text is None else text)
        before = ","
    for name, value in zip(points.facts(), facts(state)):
        yield before + '"%s":%s' % (name, json.dumps(value))
        before = ","
    yield "}"
