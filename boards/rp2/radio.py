"""The CYW43439 of a Pico W and a Pico 2 W. Source: MicroPython extmod/network_cyw43.c."""

from machine import Timer
from micropython import const
from wlan import Wlan

# fmt: off
_STATUS = const((
    # cyw43_tcpip_link_status
    (0,  "off"),
    (1,  "joining"),
    (2,  "joining"),         # joined, no address yet
    (3,  "joined"),
    (-1, "failed"),
    (-2, "not found"),
    (-3, "wrong password"),
))
# fmt: on

# CYW43_AUTH_WPA2_AES_PSK: MicroPython names only the mixed mode, which still lets TKIP in.
_WPA2_AES = const(0x00400004)

_MEAL_MS = const(1000)
_MOST_MEALS = const(12)


class Radio(Wlan):
    def __init__(self, feed):
        """feed: function that feeds the watchdog, if it runs."""
        Wlan.__init__(self, _STATUS)
        self._feed = feed
        self._meals = 0

    def scan(self):
        """Return as Wlan.scan. The driver may hold the chip for 10 s, the watchdog waits 8: it is fed meanwhile.

        From an interrupt (hard=True): a scheduled callback would run inside the driver, which may hold its lock.
        """
        self._meals = _MOST_MEALS
        feeder = Timer(-1, period=_MEAL_MS, mode=Timer.PERIODIC, callback=self._meal, hard=True)
        try:
            return Wlan.scan(self)
        finally:
            feeder.deinit()

    def _meal(self, _timer):
        if self._meals:  # a driver that never returns is a hang like any other
            self._meals -= 1
            self._feed()

    def _tune(self, station):
        station.config(pm=station.PM_NONE)  # power saving drops long connections

    def _prepare_hotspot(self, ssid, password):
        self._ap.config(ssid=ssid, key=password, security=_WPA2_AES)
        self._ap.active(True)
        self._tune(self._ap)
