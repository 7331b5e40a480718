"""The SunSpec registers as bytes: model 1 says who the bridge is, model 201 what its sensor measures. Pure."""

import struct

import table
from bridge import points
from bridge.devices import sunspec
from micropython import const

_MOST = const(32767)  # of an int16; -32768 means "not implemented"


class Image:
    """All registers from sunspec.BASE on: `image`, sunspec.WORDS * 2 bytes; `refresh` brings its values up to date."""

    def __init__(self, state, unit):
        self._state = state
        self.image = image = bytearray(2 * sunspec.WORDS)
        image[0:4] = sunspec.MARK
        self._put_common(2 * sunspec.COMMON_AT, unit)
        # (position in the image, point, raw per unit, is an accumulator)
        self._cells = self._put_meter(2 * sunspec.METER_AT)
        image[2 * sunspec.END_AT : 2 * sunspec.END_AT + 4] = sunspec.END

    def refresh(self):
        """Take the values of now."""
        image, state = self.image, self._state
        readings = state.readings
        for at, n, factor, accumulator in self._cells:
            if accumulator:
                # A counter that is not there reads 0, and it goes round at 32 bits.
                struct.pack_into(">I", image, at, _rounded((readings.last(n) or 0) * factor) & 0xFFFFFFFF)
                continue
            value = readings.value(n)
            raw = -_MOST - 1 if value is None else _rounded(value * factor)
            struct.pack_into(">h", image, at, raw if -_MOST <= raw <= _MOST else -_MOST - 1)
        event = 0 if state.sensor_link in ("ok", "partly") else sunspec.EVENT_MISSING_SENSOR
        struct.pack_into(">I", image, 2 * (sunspec.METER_AT + sunspec.EVENT_AT), event)

    def _put_common(self, at, unit):
        image, state = self.image, self._state
        struct.pack_into(">HH", image, at, sunspec.COMMON, sunspec.COMMON_WORDS)
        texts = {
            "manufacturer": "sigen-bridge",
            "model": "COM-terminal bridge",
            "version": state.version,
            "sn": state.sn,
        }
        for _, offset, words, kind, what in table.rows(sunspec.MODEL_1):
            where = at + 2 * int(offset)
            if kind == "string":
                text = texts[what].encode()[: 2 * int(words)]
                image[where : where + len(text)] = text
            else:
                struct.pack_into(">H", image, where, unit if what == "unit" else 0x8000)

    def _put_meter(self, at):
        """Put the header, the scale factors and "not implemented" into the rest; return the cells with values."""
        image, cells = self.image, []
        struct.pack_into(">HH", image, at, sunspec.METER, sunspec.METER_WORDS)
        for i in range(at + 4, at + 2 * (2 + sunspec.METER_WORDS), 2):
            image[i] = 0x80
        for first, behind in sunspec.ACCUMULATORS:
            for i in range(at + 2 * first, at + 2 * behind):
                image[i] = 0
        for _, offset, kind, source, factor in table.rows(sunspec.MODEL_201):
            where = at + 2 * int(offset)
            if kind == "sunssf":
                struct.pack_into(">h", image, where, int(source))
            elif source:
                cells.append((where, points.number(source), int(factor), kind == "acc32"))
        return tuple(cells)


def _rounded(value):
    return int(value + 0.5) if value >= 0 else -int(0.5 - value)
