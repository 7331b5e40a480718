"""What is kept while the uplink is away: how an entry lies in the journal, and how it is told later. Pure.

    entry: kind u8 | boot u32 | s since that start u32 | minute of the day u16, 0xFFFF = not known | what it says

`boot`, which each start draws by chance, and the journal's sequence number are the key by which a duplicate is known.
"""

import json
from math import isnan
from struct import pack, unpack_from

from micropython import const

ENERGY = 1
SIGNAL = 2
EVENT = 3
# Counters of the default set, and the decimals they are told with (points.py).
COUNTERS = (
    ("sensor_import_energy", 3),
    ("sensor_export_energy", 3),
    ("plant_pv_energy", 2),
    ("plant_load_energy", 2),
)

_HEAD = "<BIIH"
_HEAD_BYTES = const(11)
_NO_MINUTE = const(0xFFFF)
_LONGEST = const(160)  # bytes of a text


def energy(boot, at_s, minute, values):
    """Return the entry of all counters; values: in the order of COUNTERS, None = not good."""
    told = [float("nan") if value is None else value for value in values]
    return _head(ENERGY, boot, at_s, minute) + pack("<%df" % len(told), *told)


def signal(boot, at_s, minute, inputs, limit_pct, limit_w, became):
    """Return the entry of the grid's contacts, of what they limit, and in words of what became of it."""
    fields = pack("<BBi", inputs, limit_pct, -1 if limit_w is None else limit_w)
    return _head(SIGNAL, boot, at_s, minute) + fields + _cut(became)


def event(boot, at_s, minute, text):
    """Return the entry of something that happened, in words."""
    return _head(EVENT, boot, at_s, minute) + _cut(text)


def told(sequence, payload, boot, now_s):
    """Return an entry as the JSON that goes out, "" for one that a later version wrote.

    boot, now_s: of this start; the age of what an earlier one kept is not known.
    """
    kind, kept, at_s, minute = unpack_from(_HEAD, payload, 0)
    message = {
        "boot": "%08x" % kept,
        "n": sequence,
        "up_s": at_s,
        "age_s": now_s - at_s if kept == boot else None,
        "clock": None if minute == _NO_MINUTE else "%02d:%02d" % (minute // 60, minute % 60),
    }
    if kind == ENERGY:
        values = unpack_from("<%df" % len(COUNTERS), payload, _HEAD_BYTES)
        # A text for each number: a float32 of a chip, made longer by json, would tell digits that it has not.
        shown = ['"%s":%s' % (c[0], "null" if isnan(v) else "%.*f" % (c[1], v)) for c, v in zip(COUNTERS, values)]
        return json.dumps(message)[:-1] + ', "energy": {%s}}' % ",".join(shown)
    if kind == SIGNAL:
        inputs, limit_pct, limit_w = unpack_from("<BBi", payload, _HEAD_BYTES)
        message["contacts"] = [inputs >> i & 1 for i in range(5)]
        message["limit_pct"], message["limit_w"] = limit_pct, None if limit_w < 0 else limit_w
        message["limit_state"] = str(bytes(payload[_HEAD_BYTES + 6 :]), "utf-8")
    elif kind == EVENT:
        message["event"] = str(bytes(payload[_HEAD_BYTES:]), "utf-8")
    else:
        return ""
    return json.dumps(message)


def _cut(text):
    """Return as much of a text in UTF-8 as an entry takes; no character is torn, for such a one could never be told."""
    raw = text.encode()
    end = min(len(raw), _LONGEST)
    while end < len(raw) and raw[end] & 0xC0 == 0x80:
        end -= 1
    return raw[:end]


def _head(kind, boot, at_s, minute):
    return pack(_HEAD, kind, boot, at_s, _NO_MINUTE if minute is None else minute)
