"""Owns the radio: opens and closes the hotspot, joins the house network, scans when asked.

The radio is shared, so a scan happens before the hotspot opens and its result is kept; others only when a person asks.
BLOCKS while scanning: 2 to 3 s on the ESP32, up to 10 s on the RP2040 (boards/wlan.py). So none happens by itself where
contacts are bound, and none at all while a limit is in force.
"""

import asyncio
import random

import clock
import log
from bridge.logic.network import scanning
from bridge.logic.network.joining import Joining
from bridge.logic.network.window import Window
from micropython import const
from store import record

_STEP_MS = const(250)
_AGAIN_S = const(10)  # after the radio refused, and between two scans
_BUSY_MS = const(60_000)  # a request this recent means that a person is at the page
_UPDATING = ("receiving", "installed")  # until the restart the page shows how it went
_MAX_NETWORKS = const(20)  # the strongest; a list for a person to pick from
_LONGEST_SN = const(32)  # bytes of a network's name
_SHORTEST_PASSWORD = const(8)
_LONGEST_PASSWORD = const(63)  # WPA2


async def run(beat, state, settings, board, device):
    """Keep hotspot and house network as the settings, the window and the button want them.

    device: record of the provisioning {"sn", "hotspot_password"}, {} or None without one.
    The record `window` beside it carries the hotspot's window over a restart.
    """
    radio = board.wlan()
    if radio is None:
        state.radio_text = board.radio_text or "this board has no WLAN"
        log.warn("network", state.radio_text + ": no hotspot, no house network, no broker")
    elif not provisioned(device):
        log.error("network", "no serial number and hotspot password: no hotspot, run `make provision`")
    hotspot = _Hotspot(state, settings, radio, device if provisioned(device) else None, board.data + "/window")
    house = _House(state, settings, radio)
    try:
        while True:
            beat()
            hotspot.step(clock.seconds())
            if radio:
                house.step(clock.seconds())
            await asyncio.sleep_ms(_STEP_MS)
    finally:
        hotspot.close()
        house.forget()


def provisioned(device):
    """Return True if a record of the provisioning can name and lock a hotspot; there is no default for either."""
    if not device:
        return False
    sn, password = device.get("sn"), device.get("hotspot_password")
    return (
        isinstance(sn, str)
        and 1 <= len(sn.encode()) <= _LONGEST_SN
        and isinstance(password, str)
        and _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD
    )


class _Hotspot:
    """The hotspot and its window."""

    def __init__(self, state, settings, radio, device, window_path):
        self._state = state
        self._settings = settings
        self._radio = radio
        self._device = device
        self._path = window_path
        stored, now_s = record.load(window_path), clock.seconds()
        state.system_created = bool(settings.system_name)
        state.hotspot_possible = bool(radio and device)
        self._window = Window(stored, state.system_created, state.button_presses, now_s)
        self._stored = stored
        self._due_s = now_s
        self._listening = False  # the access point is up

    def step(self, now_s):
        state, window = self._state, self._window
        state.system_created = bool(self._settings.system_name)
        wanted = window.step(state.system_created, state.button_presses, now_s) or state.hotspot_for_trial
        if window.stored() != self._stored and state.system_created:
            self._keep(window.stored())
        if self._radio and self._device:
            if wanted and not self._listening and now_s >= self._due_s:
                self._open(now_s)
            elif self._listening and not wanted and state.update_state not in _UPDATING:
                self.close()
                log.info("network", "hotspot closed; the button opens it again")
        state.hotspot_open = self._listening
        state.hotspot_left_s = window.left_s(now_s) if self._listening else 0
        state.hotspot_clients = self._radio.hotspot_clients() if self._listening else 0

    def close(self):
        """Take the access point off the air, and say so."""
        if self._listening:
            self._radio.hotspot_close()
        self._listening = False
        self._state.hotspot_open = False
        self._state.hotspot_clients = 0

    def _open(self, now_s):
        if scanning.by_itself(self._settings) and not scanning.refusal(self._state):
            _scan(self._state, self._radio)  # now, while no phone can be thrown off
        self._due_s = now_s + _AGAIN_S
        try:
            self._radio.hotspot_open(self._device["sn"], self._device["hotspot_password"])
        except OSError as e:
            log.error("network", "hotspot does not open: %s" % e)
            return
        self._listening = True
        log.info("network", "hotspot %s is open" % self._device["sn"])

    def _keep(self, content):
        self._stored = content  # tried once: a dead flash must not be tried four times a second
        try:
            record.save(self._path, content)
        except OSError as e:
            log.error("network", "hotspot window is not stored: %s" % e)


class _House:
    """The house network, and scans for it."""

    def __init__(self, state, settings, radio):
        self._state = state
        self._settings = settings
        self._radio = radio
        self._joining = Joining()
        self._scans = state.scan_wanted
        self._scan_due_s = 0

    def step(self, now_s):
        state, settings, radio, joining = self._state, self._settings, self._radio, self._joining
        before = joining.word
        todo = joining.step(
            settings.wlan_ssid, settings.wlan_password, radio.status(), self._busy(), now_s, random.getrandbits(8)
        )
        if todo == "join":
            self._join()
        elif todo == "leave":
            radio.leave()
        joined = joining.word == "joined"
        if joined != (before == "joined"):
            log.info("network", "joined the house network as %s" % radio.address() if joined else "house network lost")
        elif joining.word not in (before, "joining"):
            log.warn("network", "house network: " + joining.word)
        state.wlan_state = joining.word
        state.wlan_address = radio.address() if joined else ""
        state.wlan_signal = radio.rssi() if joined else 0
        state.name_servers = radio.name_servers()
        # not while joining: the ESP32 refuses to scan then
        state.scan_refused = scanning.refusal(state)
        if state.scan_wanted != self._scans and state.scan_refused:
            self._scans = state.scan_wanted
            log.info("network", "no search: " + state.scan_refused)
        elif state.scan_wanted != self._scans and joining.word != "joining" and now_s >= self._scan_due_s:
            self._scans = state.scan_wanted
            self._scan_due_s = now_s + _AGAIN_S
            _scan(state, radio)

    def forget(self):
        """Say nothing about the house network any more: nobody looks after it."""
        self._state.wlan_state = "off"
        self._state.wlan_address = ""
        self._state.wlan_signal = 0

    def _join(self):
        try:
            self._radio.join(self._settings.wlan_ssid, self._settings.wlan_password)
        except OSError as e:
            log.warn("network", "the radio does not start to join: %s" % e)  # its status ends the attempt

    def _busy(self):
        at = self._state.portal_busy_at
        return self._state.hotspot_clients > 0 and at is not None and clock.ticks_diff(clock.ticks_ms(), at) < _BUSY_MS


def _scan(state, radio):
    """Scan, and keep the strongest networks; a list each time, so that a reader sees that it is a new one."""
    try:
        found = radio.scan()
    except OSError as e:
        log.warn("network", "scan failed: %s" % e)
        return
    state.wlan_networks = found[:_MAX_NETWORKS]
