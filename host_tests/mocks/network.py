"""WLAN of both ports, on the virtual clock, with a list of simulated access points; see chip.py.

`network.air` is [[ssid, key, rssi_dbm], ...]: key "" = open, ssid None = one that is not text. The addresses are
loopback, so that servers of the firmware under test can really be reached.
"""

import time

import chip
import esp32

STA_IF = 0
AP_IF = 1
STAT_IDLE = 0
STAT_CONNECTING = 1
STAT_GOT_IP = 3
STAT_NO_AP_FOUND = -2
STAT_WRONG_PASSWORD = -3

air = []
join_ms = 2500  # until the network says yes or no
address_ms = 500  # from there to an address
scan_ms = 2200
station_address = "127.0.0.1"
hotspot_address = "127.0.0.1"
clients = []  # MAC addresses of the stations in the hotspot
dead = False  # the radio answers no command any more
# The first WLAN() of the esp32 port starts the driver: nothing else runs meanwhile, and it takes memory of the system.
start_ms = 3500
_START_BYTES = 36_600
_driver = None  # None, "running", or "broken": short of memory once, it fails until the next reset

_ESP32_REASON = {-2: 201, -3: 15, -1: 200}


class _Interface:
    """What one interface keeps until the next reset."""

    def __init__(self):
        self.up = False
        self.profile = {}
        self.wanted = None
        self.since = 0
        self.reconnects = -1


_interfaces = [_Interface(), _Interface()]


class WLAN:
    IF_STA = 0
    IF_AP = 1
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2
    SEC_OPEN = 0

    _KEYS = ()

    def __init__(self, interface=0):
        self._start()
        self._number = interface

    def _start(self):
        """Do what the first WLAN() of this port does."""

    def active(self, up=None):
        it = self._it()
        if up is None:
            return it.up
        self._command()
        it.up = bool(up)
        it.wanted = None

    def scan(self):
        self._command()
        if not self._it().up:
            raise OSError("STA must be active")
        for _ in range(scan_ms // 100):  # the driver blocks, interrupts and timers do not
            time.pass_ms(100)
        found = []
        for i, (ssid, key, rssi_dbm) in enumerate(air):
            name = b"\xff\xfe\xfd" if ssid is None else ssid.encode()
            found.append((name, bytes((2, 0, 0, 0, 0, i)), 1 + i % 11, rssi_dbm, 3 if key else 0, 1))
        return found

    def connect(self, ssid, key=None):
        self._command()
        it = self._it()
        if not it.up:
            raise OSError("Wifi Not Started" if chip.family == "esp32" else -1)
        if chip.family == "esp32" and it.wanted and self._outcome() == 1:
            raise OSError("Wifi Internal State Error")
        it.wanted = (ssid, key or "")
        it.since = time.passed_ms()

    def disconnect(self):
        self._command()
        self._it().wanted = None

    def isconnected(self):
        return bool(clients) if self._number else self._outcome() == 3

    def status(self, what=None):
        if what == "stations":
            if self._number != self.IF_AP:
                raise ValueError("AP required")
            return [(mac,) for mac in clients]
        if what == "rssi":
            if not self.isconnected():
                raise OSError("Wifi Not Connected" if chip.family == "esp32" else -1)
            return [rssi_dbm for ssid, _key, rssi_dbm in air if ssid == self._it().wanted[0]][0]
        if what is not None:
            raise ValueError("unknown status param")
        return self._number_of(self._outcome())

    def config(self, what=None, **settings):
        if what is not None:
            return self._it().profile.get(what)
        self._command()
        for name in settings:
            if name not in self._KEYS:
                raise ValueError("unknown config param")
        self._check_profile(settings)
        self._it().profile.update(settings)

    def ifconfig(self):
        return self.ipconfig("addr4")[0], "255.255.255.0", "192.0.2.1", "192.0.2.53"

    def ipconfig(self, what):
        if what != "addr4":
            raise ValueError("unknown config param")
        if self._number:
            return (hotspot_address if self._it().up else "0.0.0.0", "255.255.255.0")
        return (station_address if self.isconnected() else "0.0.0.0", "255.255.255.0")

    def _it(self):
        return _interfaces[self._number]

    def _command(self):
        if dead:
            raise OSError("Wifi Timeout") if chip.family == "esp32" else OSError(-110)

    def _outcome(self):
        """Return the CYW43's word for the link: 0 down, 1 joining, 2 no address yet, 3 up, negative: failed."""
        it = self._it()
        if not it.up or not it.wanted:
            return 0
        passed_ms = time.passed_ms() - it.since
        if passed_ms < join_ms:
            return 1
        for ssid, key, _rssi_dbm in air:
            if ssid == it.wanted[0]:
                if key != it.wanted[1]:
                    return -3
                return 2 if passed_ms < join_ms + address_ms else 3
        return -2

    def _number_of(self, outcome):
        raise NotImplementedError

    def _check_profile(self, settings):
        """Refuse what this port refuses."""


class _Cyw43(WLAN):
    SEC_WPA_WPA2 = 0x00400006
    SEC_WPA3 = 0x01000004
    SEC_WPA2_WPA3 = 0x01400004
    PM_NONE = 0x10
    _KEYS = ("ssid", "key", "security", "channel", "pm", "txpower", "hostname", "antenna", "trace")

    def _number_of(self, outcome):
        return outcome


class _Esp32(WLAN):
    def _start(self):
        global _driver
        if _driver == "broken":
            raise OSError("Wifi Internal Error")  # the log says: netif duplicate key
        if _driver is None:
            time.pass_ms(start_ms)
            try:
                esp32.take(_START_BYTES)
            except OSError:
                _driver = "broken"
                raise OSError("WiFi Out of Memory") from None
            _driver = "running"

    SEC_WPA2 = 3
    SEC_WPA_WPA2 = 4
    _KEYS = ("ssid", "key", "security", "channel", "pm", "txpower", "hidden", "max_clients", "reconnects", "protocol")

    def _number_of(self, outcome):
        if outcome == 3:
            return 1010
        if not outcome:
            return 1000
        # By default the port tries for ever and never passes the reason on.
        if outcome > 0 or self._it().profile.get("reconnects", -1) != 0:
            return 1001
        return _ESP32_REASON[outcome]

    def _check_profile(self, settings):
        if not self._it().up:
            raise OSError("Wifi Invalid Mode")
        if self._number and settings.get("security") and not 8 <= len(settings.get("key", "")) <= 63:
            raise OSError("Wifi Invalid Password")


def hotspot():
    """Return (ssid, key, security) of the open hotspot, or None."""
    it = _interfaces[1]
    return (it.profile.get("ssid"), it.profile.get("key"), it.profile.get("security")) if it.up else None


def station_profile():
    """Return what was configured on the station, for tests."""
    return _interfaces[0].profile


def _become(port):
    globals()["WLAN"] = _Esp32 if port == "esp32" else _Cyw43
    globals()["STAT_CONNECTING"] = 1001 if port == "esp32" else 1


def _forget():
    global _driver
    _driver = None
    _interfaces[:] = [_Interface(), _Interface()]


chip.follow(_become)
chip.on_reset(_forget)
