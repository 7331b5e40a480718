"""The reference board with an ESP32-WROOM-32 module of 4 MiB.

Pins and wiring: boards/README.md; `python -m bridgectl.docs.wiring` draws them from the table below.
"""

import machine
from carrier import Carrier
from micropython import const

# fmt: off
# GPIO numbers. Left alone: 0, 2, 5, 12, 15 (read at reset), 6 to 11 (flash), 1 and 3 (console), 36 and 39 (short false
# pulses when the radio starts, errata 3.11). 4 and 13 are pulled down by the chip from reset on: right for a driver.
#                uart tx  rx  de
_RS485_1 = const((1, 25, 26, 13))
_RS485_2 = const((2, 17, 16, 4))
#                 gpio, pulled up inside: 34 and 35 have no such resistor
_DI = const(((34, 0), (35, 0), (32, 1), (33, 1), (27, 1)))
_DO = const((18, 19))
_STRIP = const(23)
_BUTTON = const(14)
_MODEM_LEDS = const((21, 22))  # power, network
# fmt: on


class Board(Carrier):
    name = "esp32"
    _tick_ms = 10  # FreeRTOS at 100 Hz, as every stock image has it

    def __init__(self):
        Carrier.__init__(self, (_RS485_1, _RS485_2), _DI, _DO, _STRIP, _BUTTON, _MODEM_LEDS)

    def watchdog(self, ms):
        """Start the watchdog and return it: it has feed(). It cannot be stopped again."""
        return machine.WDT(timeout=ms)

    def reset_cause(self):
        """Return "power", "watchdog", "restart" or "unknown"."""
        cause = machine.reset_cause()
        if cause == machine.PWRON_RESET:
            return "power"
        if cause == machine.WDT_RESET:
            return "watchdog"
        if cause in (machine.HARD_RESET, machine.SOFT_RESET):
            return "restart"
        return "unknown"

    def _make_radio(self):
        from radio import Radio  # only here: what needs no radio needs no memory for it

        return Radio()
