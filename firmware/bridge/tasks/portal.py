"""The pages on the hotspot: listens on the hotspot's own address, and only while the hotspot is open.

Writer of portal_busy_at and scan_wanted. Settings are changed through settings.apply, updates through tasks/updater.
"""

import asyncio

import clock
import log
from bridge.tasks.captive_dns import NameServer
from bridge.tasks.portal_server import Server
from micropython import const

_IDLE_MS = const(500)
_STEP_MS = const(20)
_AGAIN_MS = const(5000)  # after a port could not be had
_BUSY_MS = const(60_000)  # a request this old says nothing any more
_SCAN_MS = const(20_000)  # longer than any scan


async def run(beat, state, settings, board, begin_update):
    """Serve the pages whenever the hotspot is open.

    begin_update: returns a session of tasks/updater (feed, finish, close), or raises slots.bundle.Refused.
    """
    portal = _Portal(state)
    while True:
        beat()
        if state.hotspot_open:
            await _serve(beat, portal, state, settings, board, begin_update)
        await asyncio.sleep_ms(_IDLE_MS)


async def _serve(beat, portal, state, settings, board, begin_update):
    # microdot needs about 13 kB of RAM on a chip, so it is loaded when the first hotspot opens; it stays loaded
    from bridge.tasks.portal_routes import Routes

    address = board.wlan().hotspot_address()
    routes = Routes(portal, state, settings, begin_update, _web_folder(), address, board.http_port)
    try:
        server = Server(address, board.http_port, routes.converse)
    except OSError as e:
        log.error("portal", "cannot listen on %s:%d: %s" % (address, board.http_port, e))
        await asyncio.sleep_ms(_AGAIN_MS - _IDLE_MS)
        return
    names = _name_server(address, board.dns_port)
    log.info("portal", "open at http://%s:%d/" % (address, board.http_port))
    try:
        while state.hotspot_open:
            beat()
            server.step()
            if names:
                names.step()
            portal.step()
            await asyncio.sleep_ms(_STEP_MS)
    finally:
        server.close()
        if names:
            names.close()
    portal.rest()
    log.info("portal", "closed")


def _name_server(address, port):
    try:
        return NameServer(address, port)
    except OSError as e:
        log.warn("portal", "no name server on port %d (%s): pages do not open by themselves" % (port, e))
        return None


def _web_folder():
    """Return the folder web/ of the slot that this file lies in, with a slash at its end."""
    return __file__.rsplit("/", 3)[0] + "/web/"


class _Portal:
    """What the phones want, written into the state."""

    def __init__(self, state):
        self._state = state
        self._scan_at = None  # ticks of the last wish for a scan
        self._networks = None  # the list before it
        self._systems = []  # whose probes were seen since the hotspot opened

    def heard(self, system):
        """Note a request; system: whose probe it was, or None."""
        self._state.portal_busy_at = clock.ticks_ms()
        if system and system not in self._systems:
            self._systems.append(system)
            log.info("portal", "a phone or computer looks for its page: " + system)

    def want_scan(self):
        """Ask the network task for a scan, if none is asked for already."""
        if not self.scanning():
            self._scan_at = clock.ticks_ms()
            self._networks = self._state.wlan_networks
            self._state.scan_wanted += 1

    def scanning(self):
        """Return True while a scan is asked for and has brought no new list."""
        return self._scan_at is not None and self._networks is self._state.wlan_networks

    def step(self):
        """Forget stamps before the ticks make them young again."""
        now = clock.ticks_ms()
        if self._state.portal_busy_at is not None and clock.ticks_diff(now, self._state.portal_busy_at) > _BUSY_MS:
            self._state.portal_busy_at = None
        if self._scan_at is not None and clock.ticks_diff(now, self._scan_at) > _SCAN_MS:
            self._scan_at = None

    def rest(self):
        """Forget everything: the hotspot is closed."""
        self._state.portal_busy_at = None
        self._scan_at = None
        self._systems = []
