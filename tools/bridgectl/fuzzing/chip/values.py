"""The decoders of values from outside: commands, forms, registers; as in stored.py.

Texts go out in hexadecimal: what is read need not be UTF-8.
"""

import json


def plain(value):
    """Return a value so that every JSON reader takes it."""
    if isinstance(value, str):
        return value.encode().hex()
    if isinstance(value, dict):
        return [[plain(key), plain(value[key])] for key in value]
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return repr(value)


def command():
    """In: what came on the topic `set`. Out: [null or outputs as (bits, mask), changes, answer]."""
    from bridge.logic.doors import set_message
    from bridge.settings import Settings

    in_force = Settings()

    def take(data):
        outputs, changes, _, _, answer = set_message.read(data, False, in_force)
        text = json.dumps(answer)
        return [outputs, plain(changes), answer["ok"], plain(answer.get("errors", {})), text.encode().hex()]

    return take


def fields():
    """In: 0 or 1 for the page, the body of a request. Out: [errors, changes]."""
    from bridge.logic.doors import pages
    from bridge.settings import Settings

    in_force = Settings()
    of = (
        (("ssid", "password"), pages.join_errors, pages.join_settings),
        (("system_name", "time_zone"), pages.system_errors, pages.system_settings),
    )

    def take(data):
        names, check, changes = of[data[0] & 1 if data else 0]
        asked, errors = pages.fields(data[1:], names)
        errors = errors or check(asked, in_force)
        if errors:
            json.dumps(errors)
            return [plain(errors), []]
        accepted, refused = in_force.check(changes(asked))
        return [plain(refused), plain(accepted)]

    return take


def readings():
    """In: values of points, [device and row, 8 bytes] each. Out: [point, quality, value, cell] of each, in order."""
    from bridge import points
    from bridge.devices import registers, sdm120ct, sdm230, sigenergy
    from bridge.readings import Readings

    tables = [registers.rows(device) for device in (sdm230, sdm120ct, sigenergy)]

    def take(data):
        found = []
        held = Readings()
        bound = {}
        for at in range(0, len(data) - 9, 10):
            rows = tables[data[at] % len(tables)]
            _, kind, scale, point, _, _ = rows[data[at + 1] % len(rows)]
            if bound.setdefault(point, (kind, scale)) != (kind, scale):
                continue
            n = points.number(point)
            if not held.quality(n):
                held.bind(point, kind, scale, 1000)
            quality = held.put(n, data, at + 2, 5)
            value = held.value(n)
            found.append(
                [point, kind, scale, data[at + 2 : at + 10].hex(), quality, None if value is None else repr(value)]
            )
        held.expire(2000)
        return found

    return take
