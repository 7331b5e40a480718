"""A strip that keeps what it was shown: `neopixel.strip` is the last frame as bytes, R, G, B per LED."""

import chip
import esp32

strip = b""
frames = 0


class NeoPixel:
    ORDER = (1, 0, 2, 3)

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)

    def __setitem__(self, i, colour):
        for channel in range(self.bpp):
            self.buf[i * self.bpp + self.ORDER[channel]] = colour[channel]

    def write(self):
        global strip, frames
        if chip.family == "esp32":
            esp32.strip_written()
        shown = bytearray(self.buf)
        for i in range(0, len(shown), self.bpp):
            shown[i], shown[i + 1] = shown[i + 1], shown[i]
        strip = bytes(shown)
        frames += 1


def _go_dark():
    global strip
    strip = b""


chip.on_reset(_go_dark)
