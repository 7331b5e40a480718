"""Joins the house network and stays in it. In memory only while one is set, or a broker that needs one.

The record `wlan` holds the credentials that joined last. When new ones do not join and these do, the settings are put back.
"""

import asyncio
import random

import clock
import log
from bridge.logic.network.joining import Joining
from micropython import const
from store import record

_STEP_MS = const(250)
_BUSY_MS = const(60_000)  # a request this recent means that a person is at the page


async def run(beat, state, settings, board):
    """Keep the house network as the settings want it; end when they want none."""
    radio = board.wlan()
    house = _House(state, settings, radio, board.data + "wlan")
    try:
        while settings.wlan_ssid or settings.mqtt_host:
            beat()
            if radio:
                house.step(clock.seconds())
            await asyncio.sleep_ms(_STEP_MS)
        if radio:
            house.step(clock.seconds())  # leaves it
        state.wlan_kept = False  # or the flash fails: then it is asked for again after the next start
    finally:
        house.forget()


class _House:
    """The house network."""

    def __init__(self, state, settings, radio, path):
        self._state = state
        self._settings = settings
        self._radio = radio
        self._path = path
        stored = record.load(path)
        self._joining = Joining(_credentials(stored))

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
        if todo == "joined" or (todo == "leave" and joining.word == "off"):
            self._keep()
        joined = joining.word == "joined"
        if joined != (before == "joined"):
            log.info("network", "joined the house network as %s" % radio.address() if joined else "house network lost")
        elif joining.word not in (before, "joining"):
            log.warn("network", "house network: " + joining.word)
        state.wlan_state = joining.word
        state.wlan_refused = joining.refused
        state.wlan_address = radio.address() if joined else ""
        state.wlan_signal = radio.rssi() if joined else 0
        state.name_servers = radio.name_servers()

    def forget(self):
        """Say nothing about the house network any more: nobody looks after it."""
        self._state.wlan_state = "off"
        self._state.wlan_refused = ""
        self._state.wlan_address = ""
        self._state.wlan_signal = 0
        self._state.name_servers = None

    def _join(self):
        try:
            self._radio.join(*self._joining.tried)
        except OSError as e:
            log.warn("network", "the radio does not start to join: %s" % e)  # its status ends the attempt

    def _keep(self):
        """Let flash hold what joined as what worked last, and the settings what is true."""
        ssid, password = self._joining.tried
        put_back = ssid != self._settings.wlan_ssid or password != self._settings.wlan_password
        if put_back:
            log.warn("network", "%s; back in the network of before" % self._joining.refused)
        try:
            if not ssid:
                record.remove(self._path)
                return
            record.save(self._path, {"ssid": ssid, "password": password})
            self._state.wlan_kept = True
            if put_back:  # else their table would take memory at the busiest moment, for nothing
                self._settings.apply({"wlan_ssid": ssid, "wlan_password": password})
        except (OSError, MemoryError) as e:
            log.error("network", "the house network is not stored: %s" % (str(e) or "no memory"))  # joined it is

    def _busy(self):
        at = self._state.portal_busy_at
        return self._state.hotspot_clients > 0 and at is not None and clock.ticks_diff(clock.ticks_ms(), at) < _BUSY_MS


def _credentials(stored):
    """Return (ssid, password) of a record, None if it holds none."""
    known = (stored.get("ssid"), stored.get("password")) if stored else ()
    return known if known and all([isinstance(text, str) for text in known]) else None
