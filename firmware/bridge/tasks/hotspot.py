"""Opens and closes the hotspot, and scans for the networks that its page shows. In memory only while its window is open.

The radio is shared, so a scan happens before the hotspot opens and its result is kept; others only when a person asks.
BLOCKS while scanning: 2 to 3 s on the ESP32, up to 10 s on the RP2040 (boards/wlan.py). So none happens by itself where
contacts are bound, and none at all while a limit is in force.
"""

import asyncio

import clock
import log
from bridge.logic.network.window import Window, scan_refusal, scans_by_itself
from micropython import const
from store import record

_STEP_MS = const(250)
_AGAIN_S = const(10)  # after the radio refused, and between two scans
_UPDATING = ("receiving", "installed")  # until the restart the page shows how it went
_MAX_NETWORKS = const(20)  # the strongest; a list for a person to pick from
_LONGEST_SN = const(32)  # bytes of a network's name
_SHORTEST_PASSWORD = const(8)
_LONGEST_PASSWORD = const(63)  # WPA2


async def run(beat, state, settings, board, device):
    """Keep the hotspot as the settings, the window and the button want it; end when it is closed.

    device: record of the provisioning {"sn", "hotspot_password"}, {} or None without one.
    The record `window` beside it carries the hotspot's window over a restart.
    """
    radio = board.wlan()
    if radio is None:
        state.radio_text = board.radio_text or "this board has no WLAN"
        log.warn("network", state.radio_text + ": no hotspot, no house network, no broker")
    elif not provisioned(device):
        log.error("network", "no serial number and hotspot password: no hotspot, run `make provision`")
    hotspot = _Hotspot(state, settings, radio, device if provisioned(device) else None, board.data + "window")
    ended = False
    try:
        while hotspot.step(clock.seconds()):
            beat()
            await asyncio.sleep_ms(_STEP_MS)
        ended = True
    finally:
        if not ended:
            state.hotspot_possible = None  # it died: its window may be open still, and is looked at again
        hotspot.close()


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
    """The hotspot, its window and the scans for its page."""

    def __init__(self, state, settings, radio, device, window_path):
        self._state = state
        self._settings = settings
        self._radio = radio
        self._device = device
        self._path = window_path
        stored, now_s = record.load(window_path), clock.seconds()
        state.system_created = bool(settings.system_name)
        state.hotspot_possible = bool(radio and device)
        self._window = Window(stored, state.system_created, state.hotspot_presses, now_s)
        self._stored = stored
        self._scans = state.scan_wanted
        self._scan_due_s = 0
        self._due_s = now_s
        self._listening = False  # the access point is up

    def step(self, now_s):
        """Take the next step; return True while the hotspot is open or shall be."""
        state, window = self._state, self._window
        state.system_created = bool(self._settings.system_name)
        wanted = window.step(state.system_created, state.button_presses, now_s) or state.hotspot_for_trial
        if window.stored() != self._stored and state.system_created:
            self._keep(window.stored())
        state.hotspot_presses = state.button_presses  # only now: a press that found no memory is seen again
        if self._radio and self._device:
            if wanted and not self._listening and now_s >= self._due_s:
                self._open(now_s)
            elif self._listening and not wanted and state.update_state not in _UPDATING:
                self.close()
                log.info("network", "hotspot closed; the button opens it again")
        state.hotspot_open = self._listening
        state.hotspot_left_s = window.left_s(now_s) if self._listening else 0
        state.hotspot_clients = self._radio.hotspot_clients() if self._listening else 0
        # not while joining: the ESP32 refuses to scan then
        state.scan_refused = scan_refusal(state)
        if state.scan_wanted != self._scans and state.scan_refused:
            self._scans = state.scan_wanted
            log.info("network", "no search: " + state.scan_refused)
        elif state.scan_wanted != self._scans and state.wlan_state != "joining" and now_s >= self._scan_due_s:
            self._scans = state.scan_wanted
            self._scan_due_s = now_s + _AGAIN_S
            _scan(state, self._radio)
        return state.hotspot_possible and (wanted or self._listening)

    def close(self):
        """Take the access point off the air, and say so."""
        listening, self._listening = self._listening, False
        self._state.hotspot_open = False
        self._state.hotspot_clients = self._state.hotspot_left_s = 0
        if listening:
            self._radio.hotspot_close()

    def _open(self, now_s):
        if scans_by_itself(self._settings) and not scan_refusal(self._state):
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


def _scan(state, radio):
    """Scan, and keep the strongest networks; a list each time, so that a reader sees that it is a new one."""
    try:
        found = radio.scan()
    except OSError as e:
        log.warn("network", "scan failed: %s" % e)
        return
    state.wlan_networks = found[:_MAX_NETWORKS]
