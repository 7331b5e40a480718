"""The radio of the ESP32. Source: MicroPython ports/esp32/network_wlan.c, ESP-IDF esp_wifi_types."""

from micropython import const
from wlan import Wlan

# fmt: off
_STATUS = const((
    # STAT_* of the port and the reasons of wifi_err_reason_t that it passes on
    (1000, "off"),
    (1001, "joining"),
    (1010, "joined"),
    (8,    "joining"),         # it left the network before, on the way to this one
    (15,   "wrong password"),  # 4-way handshake timed out
    (202,  "wrong password"),  # authentication failed
    (204,  "wrong password"),  # handshake timed out
    (201,  "not found"),
    (210,  "not found"),       # none with a security that we speak
    (211,  "not found"),       # none that is secure enough
    (212,  "not found"),       # none that is strong enough
))
# fmt: on

_WPA2_PSK = const(3)  # WIFI_AUTH_WPA2_PSK; its name in MicroPython has changed (AUTH_WPA2_PSK, WLAN.SEC_WPA2)


class Radio(Wlan):
    def __init__(self):
        Wlan.__init__(self, _STATUS)

    def _tune(self, station):
        # Without reconnects=0 the port tries for ever and never says what is wrong.
        station.config(reconnects=0, pm=station.PM_NONE)

    def _prepare_hotspot(self, ssid, password):
        # This chip takes settings only while the interface is up: for some milliseconds, less than the interval of
        # beacons, its access point is the chip's default one. The new profile throws out who came in between.
        self._ap.active(True)
        self._ap.config(ssid=ssid, key=password, security=_WPA2_PSK)
