"""The radio of both chips behind one interface: a station and a hotspot, with what both ports understand.

A board's radio.py adds what its port does in its own way.

Portable profile: ssid, key and security only. Station and hotspot share one radio and its channel: while the hotspot is
open, scanning and joining make its clients stutter, so scan before it is opened.
"""

from micropython import const
from network import WLAN

_MAX_SSID = const(32)  # bytes, IEEE 802.11
_MIN_KEY = const(8)  # characters of a WPA2 passphrase
_MAX_KEY = const(63)


class Wlan:
    """One radio. words: ((status number of the port, word), ...)."""

    def __init__(self, words):
        self._words = words
        self._wanted = False
        self._sta = WLAN(WLAN.IF_STA)
        self._ap = WLAN(WLAN.IF_AP)

    def scan(self):
        """Return [(ssid, rssi_dbm, secured), ...], strongest first, each ssid once, without hidden ones.

        BLOCKS for 2 to 3 s, on RP2040 for 10 s at worst, and nothing else runs meanwhile. Raises OSError.
        """
        self._wake()
        best = {}
        for ssid, _bssid, _channel, rssi_dbm, security, _ in self._sta.scan():
            name = _text(ssid)
            if name and (name not in best or best[name][1] < rssi_dbm):
                best[name] = (name, rssi_dbm, security != 0)
        return sorted(best.values(), key=_strength)

    def join(self, ssid, password):
        """Start joining and return; status() tells how it goes. password "" = an open network. Raises OSError."""
        self._wake()
        if self.status() in ("joined", "joining"):  # the ESP32 refuses to start while it is connecting
            self._sta.disconnect()
        self._wanted = True
        self._sta.connect(ssid, password or None)

    def leave(self):
        """Leave the network, or stop joining."""
        self._wanted = False
        if self._sta.active():
            self._sta.disconnect()

    def status(self):
        """Return "off", "joining", "joined", "wrong password", "not found" or "failed" (also: connection lost)."""
        if not self._sta.active():
            return "off"
        number = self._sta.status()
        word = "failed"
        for known, meaning in self._words:
            if known == number:
                word = meaning
        if not self._wanted:
            return "joined" if word == "joined" else "off"
        return "failed" if word == "off" else word

    def address(self):
        """Return the address in the joined network as "a.b.c.d", or ""."""
        return self._sta.ipconfig("addr4")[0] if self._sta.isconnected() else ""

    def name_servers(self):
        """Return the addresses of the joined network's name servers as a tuple, None while no network is joined."""
        return (self._sta.ifconfig()[3],) if self._sta.isconnected() else None

    def rssi(self):
        """Return the signal of the joined network in dBm, or 0."""
        return self._sta.status("rssi") if self._sta.isconnected() else 0

    def hotspot_open(self, ssid, password):
        """Open the access point with WPA2. Raises ValueError if a name or password is not allowed, else OSError."""
        if not 1 <= len(ssid.encode()) <= _MAX_SSID:
            raise ValueError("hotspot name: must be 1 to 32 bytes long")
        if not _MIN_KEY <= len(password) <= _MAX_KEY:
            raise ValueError("hotspot password: must be 8 to 63 characters long")
        self._prepare_hotspot(ssid, password)

    def hotspot_close(self):
        """Close the access point; without effect if it is not open."""
        if self._ap.active():
            self._ap.active(False)

    def hotspot_address(self):
        """Return the own address in the hotspot's network as "a.b.c.d", or "" while it is closed."""
        return self._ap.ipconfig("addr4")[0] if self._ap.active() else ""

    def hotspot_clients(self):
        """Return how many stations are connected to the hotspot."""
        return len(self._ap.status("stations")) if self._ap.active() else 0

    def _wake(self):
        if not self._sta.active():
            self._sta.active(True)
            self._tune(self._sta)

    def _tune(self, station):
        """Set what only this port knows."""

    def _prepare_hotspot(self, ssid, password):
        """Bring the access point up with its profile, in the port's order."""
        raise NotImplementedError


def _strength(row):
    return -row[1]


def _text(ssid):
    """Return an SSID as text; "" if it is hidden or not UTF-8, for nobody could pick it from a list."""
    try:
        return ssid.decode()
    except UnicodeError:
        return ""
