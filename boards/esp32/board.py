"""The reference board with an ESP32-WROVER-E module of 4 MiB flash and 8 MiB PSRAM; an ESP32-WROOM-32E fits too.

Pins and wiring: boards/README.md; `python -m bridgectl.docs.wiring` draws them from the table below.
"""

from esp_chip import EspChip
from micropython import const

# fmt: off
# GPIO numbers. Left alone: 0, 2, 5, 12, 15 (read at reset), 6 to 11 (flash), 16 and 17 (PSRAM), 1 and 3 (console).
# 4 and 13 are pulled down by the chip from reset on: right for a driver. 36 and 39 see pulses of 80 ns when the radio
# starts (errata 3.11): right for a contact, whose 100 nF swallow them, and for nothing else.
#                uart tx  rx  de
_RS485_1 = const((1, 25, 26, 13))
_RS485_2 = const((2, 32, 33, 4))
#                 gpio, pulled up inside: 34 to 39 have no such resistor
_DI = const(((34, 0), (35, 0), (36, 0), (39, 0), (27, 1)))
_DO = const((18, 19))
_STRIP = const(23)
_BUTTON = const(14)
_MODEM_LEDS = const((21, 22))  # power, network
# fmt: on


class Board(EspChip):
    name = "esp32"

    def __init__(self):
        EspChip.__init__(self, (_RS485_1, _RS485_2), _DI, _DO, _STRIP, _BUTTON, _MODEM_LEDS)
