"""What the boards with an ESP32 share: watchdog, reset cause, radio. Their pins differ."""

import machine
from carrier import Carrier


class EspChip(Carrier):
    """The Board interface but for name and pins."""

    _tick_ms = 10  # FreeRTOS at 100 Hz, as every stock image has it

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
