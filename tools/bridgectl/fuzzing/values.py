"""Inputs for the decoders of values from outside, and what must be true of their answers (chip/values.py)."""

import json
import math
import struct

from bridgectl.fuzzing import mutate, rules

from bridge import points  # isort: skip (rules makes it importable)

_SUSPECT, _GOOD = 2, 3
_STRIKES = 8  # suspect values of a counter in a row that mean another meter
_MINUTE = {"s": 30 / 60, "p": 5000 / 60}  # kWh or kvarh that a counter of sensor or plant can count in a minute


def command_input(rng):
    asked = rules.object(rng)
    for name in ("do1", "do2", "id"):
        if rng.random() < 0.4:
            asked[name] = rng.choice((True, False, True, False, 1, None, "x" * 41, "7", [], 2**70))
    return mutate.json_bytes(rng, asked)


def command_wrong(data, answer):
    outputs, changes, ok, errors, text = answer
    if not ok and (outputs is not None or changes or not errors):
        return "is refused, and something is to be done, or it does not say why"
    for name, value in changes:
        name = bytes.fromhex(name).decode()
        if not rules.allowed(name, rules.told(name, value)):
            return f"{name} becomes {value}"
    try:
        # What is no UTF-8, or half a surrogate pair, MicroPython takes for a character, and so it goes out again.
        json.loads(bytes.fromhex(text).decode(errors="strict" if rules.is_text(data) else "replace"))
    except ValueError as problem:
        return f"answers what is no JSON: {problem}"
    known, asked = rules.strict(data)
    if not known or len(data) > 512 or not isinstance(asked, dict) or not asked:
        return None
    good = all(v in (True, False) and isinstance(v, bool) for n, v in asked.items() if n in ("do1", "do2"))
    good = good and all(rules.allowed(n, v) for n, v in asked.items() if n not in ("do1", "do2", "id"))
    good = good and not rules.NOT_OVER_MQTT & asked.keys()
    if asked.get("mqtt_password") and not asked.get("mqtt_user"):
        return "a password without a user was taken" if ok else None
    if ok != good and not (good and rules.RELATED & asked.keys()):
        return "a good command was refused" if good else "a bad command was taken"
    if not ok:
        return None
    commanded = [(1 << i, asked[name] << i) for i, name in enumerate(("do1", "do2")) if name in asked]
    told = [sum(bits) for bits in zip(*commanded)] or None
    wanted = {n: v for n, v in asked.items() if n in rules.ROWS}
    taken = {bytes.fromhex(n).decode(): rules.told(bytes.fromhex(n).decode(), v) for n, v in changes}
    return None if (outputs, taken) == (told, wanted) else f"asked was {told} and {wanted}"


def fields_input(rng):
    names = (("ssid", "password"), ("system_name", "time_zone"))
    which = rng.randrange(2)
    right = (
        "net",
        "x" * 8,
        "",
        "x" * 63,
        "x" * 64,
        "ä" * 17,
        "Europe/Berlin",
        " ",
        "\x01",
        mutate.text(rng, 10),
        mutate.text(rng, 40),
        "E" + mutate.text(rng, 20),
    )
    asked = {name: rng.choice(right) for name in names[which]}
    if rng.random() < 0.3:
        asked[rng.choice(names[which] + ("more",))] = mutate.json_value(rng, names[which], 1)
    return bytes((which,)) + mutate.json_bytes(rng, asked)


def fields_wrong(data, answer):
    errors, changes = answer
    if errors:
        return None
    for name, text in changes:
        name = bytes.fromhex(name).decode()
        if not rules.allowed(name, rules.told(name, text)):
            return f"{name} becomes {text}"
    names = ("system_name", "time_zone") if data and data[0] & 1 else ("wlan_ssid", "wlan_password")
    return None if {bytes.fromhex(n).decode() for n, _ in changes} == set(names) else "takes other fields than asked"


def readings_input(rng):
    out = b""
    for _ in range(rng.randint(1, 12)):
        high = rng.choice((300.0, 120.0, 30000.0, 1.0, 1e7, 360.0, 70.0))
        value = rng.choice(
            (
                0.0,
                -0.0,
                high,
                -high,
                high * 1.001,
                high * 1.02,
                math.inf,
                -math.inf,
                math.nan,
                1e-40,
                rng.gauss(0, high),
            )
        )
        kind = rng.choice("fffihQ")
        if kind == "f":
            raw = struct.pack(">f", value) + bytes(4)
        elif kind == "h":
            raw = rng.choice((0, 1, 0x7FFF, 0x8000, 0xFFFF, rng.randrange(0x10000))).to_bytes(2, "big") + bytes(6)
        elif kind == "i":
            raw = struct.pack(
                ">i", rng.choice((0, -1, 200000, 200001, -200000, 2**31 - 1, -(2**31), rng.randint(-9999, 9999)))
            ) + bytes(4)
        else:
            raw = struct.pack(">Q", rng.choice((0, 10**9, 10**9 + 1, 2**32, 2**64 - 1, rng.randrange(10**9))))
        again = rng.randint(1, 9) if rng.random() < 0.1 else 1
        where = bytes((rng.randrange(3), rng.choice((0, 1, 2, rng.randrange(24)))))
        out += (where + (raw if rng.random() < 0.9 else rng.randbytes(8))) * again
    return out


def readings_wrong(data, answer):
    last, strikes = {}, {}
    for point, kind, scale, raw, quality, text in answer:
        _, _, low, high, what = points.row(point)
        size = struct.calcsize(">" + kind)
        value = struct.unpack(">" + kind, bytes.fromhex(raw)[:size])[0] * scale
        counter = what == points.COUNTER
        if quality == _SUSPECT:
            strikes[point] = strikes.get(point, 0) + 1
            inside = low <= value <= high and (not counter or 0 <= value - last.get(point, value) <= _MINUTE[point[0]])
            if inside and abs(value) < 1e6:
                return f"{point}: {value} is taken for implausible"
            continue
        # Floats are judged by their first register, so a limit is exact to 7 bits of the mantissa (points.py).
        room = (high + 2 ** (math.frexp(high)[1] - 8)) if kind == "f" else high
        if quality != _GOOD or not math.isfinite(value) or not (low and -room) <= value <= room:
            return f"{point}: {value} counts as good"
        grown = value - last.get(point, value)
        may_be_new = strikes.get(point, 0) >= _STRIKES - 1
        if counter and not may_be_new and not 0 <= grown <= _MINUTE[point[0]] + 1.1:
            return f"{point}: a counter went from {last[point]} to {value}"
        if not math.isclose(float(text), value, rel_tol=1e-6, abs_tol=1e-9):
            return f"{point}: {text} instead of {value}"
        last[point], strikes[point] = value, 0
    return None
