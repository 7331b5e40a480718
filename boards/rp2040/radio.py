"""The CYW43439 of a Pico W. Source: MicroPython extmod/network_cyw43.c."""

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


class Radio(Wlan):
    def __init__(self):
        Wlan.__init__(self, _STATUS)

    def _tune(self, station):
        station.config(pm=station.PM_NONE)  # power saving drops long connections

    def _prepare_hotspot(self, ssid, password):
        self._ap.config(ssid=ssid, key=password, security=_WPA2_AES)
        self._ap.active(True)
        self._tune(self._ap)
