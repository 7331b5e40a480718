"""What the Pico W (RP2040) and the Pico 2 W (RP2350) share: pins, radio, lines, watchdog. Both carry a CYW43439.

Pins and wiring: boards/README.md; `python -m bridgectl.docs.wiring` draws them from the table below.
"""

import machine
from carrier import Carrier
from micropython import const
from timed_line import TimedLine

# fmt: off
# GP numbers. UART0 may use GP0 and GP1, UART1 GP4 and GP5; GP23 to GP25 and GP29 belong to the radio.
#                uart tx rx de
_RS485_1 = const((1,  4, 5, 6))
_RS485_2 = const((0,  0, 1, 2))
#                 gpio, pulled up inside
_DI = const(((10, 1), (11, 1), (12, 1), (13, 1), (14, 1)))
_DO = const((18, 19))
_STRIP = const(22)
_BUTTON = const(15)
_MODEM_LEDS = const((20, 21))  # power, network
# fmt: on

# RP2040: 24 bits at two counts per microsecond. RP2350 counts one, but the port keeps that limit up to 1.28.
_MAX_WATCHDOG_MS = const(8388)

_BY_TIMER = const(1)  # bit of the register REASON


class Pico(Carrier):
    """The Board interface but for the name and the address of REASON: why the watchdog reset; 0 after power-on."""

    _reason = 0
    _dog = None

    def __init__(self):
        Carrier.__init__(self, (_RS485_1, _RS485_2), _DI, _DO, _STRIP, _BUTTON, _MODEM_LEDS)

    def watchdog(self, ms):
        """Start the watchdog, at most 8388 ms, and return it: it has feed(). It cannot be stopped again."""
        self._dog = machine.WDT(timeout=min(ms, _MAX_WATCHDOG_MS))
        return self._dog

    def reset_cause(self):
        """Return "power", "watchdog" or "restart"."""
        if machine.reset_cause() != machine.WDT_RESET:
            return "power"
        # The port resets by way of the watchdog too and calls both the same; the chip knows the difference.
        return "watchdog" if machine.mem32[self._reason] & _BY_TIMER else "restart"

    def _make_line(self, *port):
        return TimedLine(*port)

    def _make_radio(self):
        try:
            from radio import Radio  # only here: an image for a board without W has no network module
        except ImportError:
            self.radio_text = "this image has no WLAN"
            return None
        return Radio(self._feed)

    def _feed(self):
        if self._dog:
            self._dog.feed()
