"""What the portal's pages get to see, and what they may ask for. Pure: texts in, dicts and texts out.

No secret leaves: the pages learn whether a password is set, never which.
"""

import json

from bridge import points, quantities
from bridge.logic import lights, room
from micropython import const

_GROUP = const(8)  # readings in one piece of the answer, about 500 bytes

# path: file in web/
FILES = {
    "/network": "network.html",
    "/system": "system.html",
    "/settings": "settings.html",
    "/status": "status.html",
    "/style.css": "style.css",
    "/app.js": "app.js",
    "/network.js": "network.js",
    "/system.js": "system.js",
    "/settings.js": "settings.js",
    "/settings.json": "settings.json",
    "/status.js": "status.js",
}

# What every answer carries: nothing from elsewhere is loaded into a page, no page of ours is shown inside another.
SAFETY = (
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
)


def status(state, settings, now, qualities):
    """Generator of the texts that make up the status as JSON; in pieces: memory for the whole may be missing.

    qualities: words for the qualities of readings, by number.
    "points": [meaning, value or null, unit, quality, age in s or null] of each point that ever had a value.
    """
    sign = "{"
    for part in (_now(state), _links(state), system(state, settings), _house(state, settings)):
        yield sign + json.dumps(part)[1:-1]
        sign = ","
    yield ',"points":['
    rows = []
    readings = state.readings
    n = 0
    for row in points.rows():
        if readings.quality(n):
            rows.append(("" if not rows else ",") + _point(readings, n, row, now, qualities))
        n += 1
        if len(rows) >= _GROUP:
            yield "".join(rows)
            rows = [""]
    yield "".join(rows) + "]}"


def _now(state):
    return {
        "version": state.version,
        "damaged": state.damaged,
        "uptime_s": state.uptime_s,
        "heap_free": state.heap_free,
        "blind_ms": state.blind_ms,
        "inputs": state.inputs if state.inputs_settled else None,
        "outputs": state.outputs,
        "leds": [(s, name) + lights.look(s, name) for s, name in zip(lights.SEGMENTS, state.segments)],
        "alarms": state.alarms,
        "limit_pct": state.limit_pct,
        "limit_reason": state.limit_reason,
        "limit_w": state.plant_limit_w,
        "limits": state.limits,
        "limit_state": state.plant_limit_state,
        "limit_text": state.plant_limit_text,
        "sensor_link": state.sensor_link,
        "plant_link": state.plant_link,
        "direction": state.sensor_direction,
        "why": (state.plant_why + " " + state.sensor_why).strip(),
    }


def _links(state):
    return {
        "rs485": state.rs485,
        "rs485_stats": state.rs485_stats,
        "gateway": room.gateway_text(state.gateway_waits, state.gateway),
        "uplink": state.uplink_text,
        "update_state": state.update_state,
        "update_percent": state.update_percent,
        "update_text": state.update_text,
        "update_slot": state.update_slot,
        "update_trial": state.update_trial,
    }


def _point(readings, n, row, now, qualities):
    name, decimals = row[:2]
    quality = qualities[readings.quality(n)]
    value = readings.last(n)
    age_s = readings.age_ms(n, now) // 1000 if quality in ("good", "suspect") else None
    text = None if value is None else "%.*f" % (decimals, value)
    if text and not text.strip("-0."):
        text = text.lstrip("-")  # a little less than nothing is nothing
    return json.dumps((quantities.title(name), readings.word(n, row) or text, quantities.unit(name), quality, age_s))


def system(state, settings):
    """Return what the system page shows."""
    return {
        "sn": state.sn,
        "created": state.system_created,
        "system_name": settings.system_name,
        "time_zone": settings.time_zone,
        "hotspot_left_s": state.hotspot_left_s,
    }


def network(state, settings, scanning):
    """Return what the network page shows. scanning: the list is being made anew."""
    shown = {
        "sn": state.sn,
        "created": state.system_created,
        "scanning": scanning,
        "scan_costs": settings.grid_table != "off",  # contacts are bound, and not read meanwhile
        "networks": list(state.wlan_networks),
    }
    shown.update(_house(state, settings))
    return shown


def _house(state, settings):
    return {
        "wlan_ssid": settings.wlan_ssid,
        "wlan_state": state.wlan_state,
        "wlan_refused": state.wlan_refused,
        "wlan_address": state.wlan_address,
        "wlan_signal": state.wlan_signal,
    }


def fields(body, names):
    """Return (fields, errors) of a JSON body: all of `names` and nothing else, each a text."""
    try:
        asked = json.loads(body)
    except ValueError:  # UnicodeError is one
        return {}, {"body": "must be JSON"}
    if not isinstance(asked, dict):
        return {}, {"body": "must be a JSON object"}
    errors = {}
    for name in asked:
        if name not in names:
            errors[str(name)[:40]] = "is unknown; known: " + ", ".join(names)
    for name in names:
        if not isinstance(asked.get(name), str):
            errors[name] = "must be a text"
    return asked, errors


def settings_now(state, settings):
    """Generator of the texts that make up {"sn", "damaged", "settings": {name: value}} as JSON.

    A secret is true if it is set.
    """
    shown = settings.shown()
    sign = '{"sn":%s,"damaged":%s,"settings":{' % (json.dumps(state.sn), json.dumps(state.damaged))
    for name in shown:
        yield sign + '"%s":%s' % (name, json.dumps(shown[name]))
        sign = ","
    yield "}}"


def changes(body, fewest=1):
    """Return (changes, untested, errors) of a JSON body {"changes": {name: value}, "untested": bool}.

    untested: a broker is kept also if it lets nobody in. fewest: changes that there must be.
    """
    try:
        asked = json.loads(body)
    except ValueError:  # UnicodeError is one
        return {}, False, {"body": "must be JSON"}
    if not isinstance(asked, dict) or sorted(asked) != ["changes", "untested"]:
        return {}, False, {"body": "must be a JSON object of changes and untested"}
    changes = asked["changes"]
    if not isinstance(changes, dict) or len(changes) < fewest:
        return {}, False, {"changes": "must name at least one setting"}
    return changes, asked["untested"] is True, {}


def broker(changes, settings):
    """Return (host, port, user, password) of the broker that allowed changes lead to, None if they lead to no other."""
    names = ("mqtt_host", "mqtt_port", "mqtt_user", "mqtt_password")
    wanted = tuple([changes.get(name, getattr(settings, name)) for name in names])
    return wanted if wanted[0] and wanted != tuple([getattr(settings, name) for name in names]) else None


def join_errors(asked, settings):
    """Return {field: rule} of what keeps a request to join a network from being tried."""
    errors = {}
    if not asked["ssid"]:
        errors["ssid"] = "must not be empty; choose a network from the list"
    for name, rule in settings.check(join_settings(asked))[1]:
        errors[name[len("wlan_") :]] = rule
    return errors


def join_settings(asked):
    """Return the settings of a request without errors to join a network."""
    return {"wlan_ssid": asked["ssid"], "wlan_password": asked["password"]}


def system_settings(asked):
    """Return the settings of a request without errors to create a system."""
    return {"system_name": asked["system_name"].strip(), "time_zone": asked["time_zone"]}


def system_errors(asked, settings):
    """Return {field: rule} of what keeps a system from being created."""
    errors = dict(settings.check(system_settings(asked))[1])
    if not asked["system_name"].strip():
        errors["system_name"] = "must not be empty; give the system a name that its owner knows it by"
    if not asked["time_zone"]:
        errors["time_zone"] = "must be a name of the IANA list, like Europe/Berlin"
    return errors
