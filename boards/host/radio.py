"""The radio of the host board: access points from a list, joining that takes a moment, a hotspot that is only a port.

Interface as boards/wlan.py. The list is read anew each time, so that a network can come, change its password and go.
"""

import clock
from micropython import const

_JOIN_MS = const(800)
_MAX_SSID = const(32)  # bytes, IEEE 802.11
_MIN_KEY = const(8)
_MAX_KEY = const(63)  # characters of a WPA2 passphrase
_LOOPBACK = "127.0.0.1"


class Radio:
    """Station and hotspot. site: folder of the files `networks`, `clients` and `hotspot`, "" = no radio waves."""

    def __init__(self, site):
        self._site = site
        self._joining = None  # (ssid, password, ticks of the start)
        self._was_joined = False
        self._hotspot = ""
        self._tell_hotspot()

    def scan(self):
        """Return [(ssid, rssi_dbm, secured), ...], strongest first, each ssid once."""
        best = {}
        for ssid, rssi_dbm, password in self._networks():
            if ssid not in best or best[ssid][1] < rssi_dbm:
                best[ssid] = (ssid, rssi_dbm, password != "")
        return sorted(best.values(), key=_strength)

    def join(self, ssid, password):
        """Start joining and return; status() tells how it goes. password "" = an open network."""
        self._joining = (ssid, password, clock.ticks_ms())
        self._was_joined = False

    def leave(self):
        """Leave the network, or stop joining."""
        self._joining = None

    def status(self):
        """Return "off", "joining", "joined", "wrong password", "not found" or "failed" (also: connection lost)."""
        if not self._joining:
            return "off"
        ssid, password, at = self._joining
        # Once it is over the stamp is not looked at again: it would turn round after 6 days.
        if at is not None and clock.ticks_diff(clock.ticks_ms(), at) < _JOIN_MS:
            return "joining"
        self._joining = (ssid, password, None)
        known = [n for n in self._networks() if n[0] == ssid]
        if not known:
            return "failed" if self._was_joined else "not found"
        if password not in [n[2] for n in known]:
            return "wrong password"
        self._was_joined = True
        return "joined"

    def name_servers(self):
        """Return (): the PC has its own network, whatever is joined here."""
        return ()

    def address(self):
        """Return the address in the joined network as "a.b.c.d", or ""."""
        return _LOOPBACK if self.status() == "joined" else ""

    def rssi(self):
        """Return the signal of the joined network in dBm, or 0."""
        if self.status() != "joined":
            return 0
        return max([n[1] for n in self._networks() if n[0] == self._joining[0]])

    def hotspot_open(self, ssid, password):
        """Open the access point with WPA2. Raises ValueError if a name or password is not allowed."""
        if not 1 <= len(ssid.encode()) <= _MAX_SSID:
            raise ValueError("hotspot name: must be 1 to 32 bytes long")
        if not _MIN_KEY <= len(password) <= _MAX_KEY:
            raise ValueError("hotspot password: must be 8 to 63 characters long")
        self._hotspot = ssid
        self._tell_hotspot()

    def hotspot_close(self):
        """Close the access point; without effect if it is not open."""
        self._hotspot = ""
        self._tell_hotspot()

    def hotspot_address(self):
        """Return the own address in the hotspot's network as "a.b.c.d", or "" while it is closed."""
        return _LOOPBACK if self._hotspot else ""

    def hotspot_clients(self):
        """Return how many stations are connected to the hotspot."""
        text = self._text("clients").strip()
        return int(text) if self._hotspot and text.isdigit() else 0

    def _networks(self):
        """Return [(ssid, rssi_dbm, password or "" = open), ...] of the list; lines that are none are left out."""
        found = []
        for line in self._text("networks").split("\n"):
            parts = line.strip().rsplit(" ", 2)
            if len(parts) == 3 and parts[1].lstrip("-").isdigit():
                found.append((parts[0], int(parts[1]), "" if parts[2] == "-" else parts[2]))
        return found

    def _text(self, name):
        if not self._site:
            return ""
        try:
            with open(self._site + "/" + name) as file:
                return file.read()
        except OSError:  # the file is not there
            return ""

    def _tell_hotspot(self):
        if self._site:
            with open(self._site + "/hotspot", "w") as file:
                file.write(self._hotspot + "\n")


def _strength(row):
    return -row[1]
