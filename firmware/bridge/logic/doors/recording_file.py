"""The flight recorder's ring as the lines of a text file: the same file at every door. Pure; in memory for that moment.

Each line begins with its CRC-32, eight hexadecimal digits, and a space. Then, in this order: JSON objects that say who
recorded, and the settings that it decides by as they are now; pieces of the ring, the number of the first byte, and the
bytes in base64; JSON with the number of bytes in all, so that a file that was cut is known by its end.
"""

import json
from binascii import b2a_base64, crc32

from micropython import const

FORMAT = const(1)
_PIECE = const(48)  # bytes in a line


def lines(state, settings, now):
    """Yield the lines, as texts with their line feed. now: ticks.

    While this goes on the recorder may go on: what is overwritten meanwhile is left out, and the numbers show it.
    """
    recording = state.recorder
    if not recording:
        return
    end, size = recording.count, len(recording.ring)
    yield _line({"flight_recorder": FORMAT, "version": state.version, "sn": state.sn})
    told = {"start": state.reset_cause, "why": state.restart_reason, "damaged": state.damaged}
    told.update(
        {
            "ticks": now,
            "settings_version": settings.version,
            "uptime_s": state.uptime_s,
            "day_clock": state.day_clock,
            "rs485": state.rs485,
            "rs485_stats": state.rs485_stats,
        }
    )
    yield _line(told)
    shown = settings.shown()
    for name in sorted(shown):
        if name.startswith(recording.deciding):
            yield _line({"name": name, "value": shown[name]})
    at = max(0, end - size)
    while at < end:
        at = max(at, recording.count - size)
        count = min(_PIECE, end - at)
        octets = bytes([recording.ring[n % size] for n in range(at, at + count)])
        yield _checked("%d %s" % (at, b2a_base64(octets).decode().strip()))
        at += count
    yield _line({"end": end})


def _line(told):
    return _checked(json.dumps(told))


def _checked(text):
    return "%08x %s\n" % (crc32(text.encode()), text)
