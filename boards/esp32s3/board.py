"""The reference board with an ESP32-S3-WROOM-1 module of 8 MiB flash and 8 MiB octal PSRAM (N8R8).

Pins and wiring: boards/README.md; `python -m bridgectl.docs.wiring` draws them from the table below.
"""

from esp_chip import EspChip
from micropython import const

# fmt: off
# GPIO numbers. Left alone: 0, 3, 45, 46 (read at reset), 19 and 20 (USB), 26 to 37 (flash and octal PSRAM), 43 and 44
# (console); 18 is driven high for 60 µs at power-on (data sheet 2.3.3), so it is no relay and no driver.
#                uart tx  rx  de
_RS485_1 = const((1, 17, 15, 16))
_RS485_2 = const((2, 12, 10, 11))
#                 gpio, pulled up inside
_DI = const(((4, 1), (5, 1), (6, 1), (7, 1), (8, 1)))
_DO = const((13, 14))
_STRIP = const(21)
_BUTTON = const(9)
_MODEM_LEDS = const((1, 2))  # power, network
# fmt: on


class Board(EspChip):
    name = "esp32s3"

    def __init__(self):
        EspChip.__init__(self, (_RS485_1, _RS485_2), _DI, _DO, _STRIP, _BUTTON, _MODEM_LEDS)
