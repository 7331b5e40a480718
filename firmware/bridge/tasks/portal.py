"""The pages on the hotspot: listens on the hotspot's own address, and only while the hotspot is open.

Writer of portal_busy_at and scan_wanted. Guarded by doors/admission, limited by captive/streams, filled by doors/pages.
Settings are changed through settings.apply, updates go to a session of tasks/updater.
"""

import asyncio
import json
import os
import sys

import clock
import log
from bridge import readings
from bridge.logic.doors import admission, pages
from captive import probes
from captive.name_server import NameServer
from captive.server import Server
from captive.streams import Rejected
from micropython import const
from slots.version import Refused

_IDLE_MS = const(500)
_STEP_MS = const(20)
_AGAIN_MS = const(4000)  # after a port could not be had
_BUSY_MS = const(60_000)  # a request this old says nothing any more
_SCAN_MS = const(20_000)  # longer than any scan

_MAX_JSON = const(1024)  # bytes of a request's body
_MAX_UPLOAD = const(262_144)  # bytes of a bundle
_PIECE = const(512)  # bytes of an upload at once

_HEADERS = ("origin", "content-type", admission.MARK)
_JSON = {"Content-Type": "application/json"}


async def run(beat, state, settings, board, begin_update):
    """Serve the pages whenever the hotspot is open.

    begin_update: returns a session of tasks/updater (feed, finish, close), or raises slots.version.Refused.
    """
    wishes = _Wishes(state)
    while True:
        beat()
        if state.hotspot_open:
            await _serve(beat, wishes, state, settings, board, begin_update)
        await asyncio.sleep_ms(_IDLE_MS)


async def _serve(beat, wishes, state, settings, board, begin_update):
    address, port = board.wlan().hotspot_address(), board.http_port
    routes = _Routes(wishes, state, settings, begin_update, address, port)
    try:
        server = Server(address, port, _HEADERS, routes.converse)
    except OSError as e:
        log.error("portal", "cannot listen on %s:%d: %s" % (address, port, e))
        await asyncio.sleep_ms(_AGAIN_MS)
        return
    names = _name_server(address, board.dns_port)
    log.info("portal", "open at " + routes.home)
    try:
        while state.hotspot_open:
            beat()
            server.step()
            if names:
                names.step()
            wishes.step()
            await asyncio.sleep_ms(_STEP_MS)
    finally:
        server.close()
        if names:
            names.close()
        wishes.forget()
    log.info("portal", "closed")


def _name_server(address, port):
    try:
        return NameServer(address, port)
    except OSError as e:
        log.warn("portal", "no name server on port %d (%s): pages do not open by themselves" % (port, e))
        return None


class _Wishes:
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

    def forget(self):
        """Forget everything: the hotspot is closed."""
        self._state.portal_busy_at = None
        self._scan_at = None
        self._systems = []


class _Routes:
    """Answers requests; `home` is the address that a person could type."""

    def __init__(self, wishes, state, settings, begin_update, address, port):
        # 13 kB of RAM on a chip: loaded when the first hotspot opens, not before
        from microdot import Microdot, Request, Response

        Request.max_readline = 1 << 16  # the limits of captive/streams hold
        Request.max_body_length = _MAX_JSON
        Request.max_content_length = _MAX_UPLOAD
        self._read, self._respond = Request.create, Response
        self._wishes = wishes
        self._state = state
        self._settings = settings
        self._begin_update = begin_update
        self._own = address if port == 80 else "%s:%d" % (address, port)
        self.home = probes.redirection(address, port)
        self._app = app = Microdot()
        for path, name in pages.FILES:
            app.get(path)(_file(name))
        app.get("/")(self._start)
        app.get("/api/status")(self._status)
        app.get("/api/system")(lambda _: pages.system(state, settings))
        app.get("/api/networks")(lambda _: pages.network(state, settings, wishes.scanning()))
        app.post("/api/scan")(self._scan)
        app.post("/api/join")(self._join)
        app.post("/api/system")(self._create)
        app.post("/api/update")(self._update)
        app.errorhandler(404)(lambda _: _refusal(404, {"address": "is unknown; begin at " + self.home}))
        app.errorhandler(405)(lambda _: _refusal(405, {"method": "is not for this address"}))
        app.errorhandler(413)(_too_large)
        app.errorhandler(Exception)(_fault)

    async def converse(self, incoming, outgoing, place):
        """Answer one request. Raises OSError when the phone is gone."""
        answer = None
        try:
            request = await self._read(self._app, incoming, outgoing, None)
        except Rejected as e:
            answer = _refusal(e.status, {e.field: e.rule})
        except (ValueError, IndexError):  # microdot's, for a request line or an address that it cannot read
            answer = _refusal(400, {"request": "must be: method, address, HTTP/1.x"})
        place.answering()
        if not answer:
            answer = self._stopped(request) if request else _refusal(400, {"request": "is empty"})
        response = self._respond(*answer) if answer else await self._app.dispatch_request(request)
        for name, value in pages.SAFETY:
            response.headers[name] = value
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        await response.write(outgoing)

    def _stopped(self, request):
        """Return the answer to a request that is led away or refused, or None."""
        headers = {name.lower(): request.headers[name] for name in request.headers}
        verdict = admission.verdict(request.method, request.path, headers, self._own)
        self._wishes.heard(probes.system(headers.get("host", "").split(":")[0].lower(), request.path))
        if verdict == "redirect":
            return _redirection(self.home)
        if verdict:
            return _refusal(verdict[0], {verdict[1]: verdict[2]})
        if request.content_length > (_MAX_UPLOAD if request.path == "/api/update" else _MAX_JSON):
            return _too_large(request)
        return None

    def _start(self, request):
        return _redirection("/status" if self._state.system_created else "/network")

    def _status(self, request):
        return pages.status(self._state, self._settings, clock.ticks_ms(), readings.QUALITIES), 200, _JSON

    def _scan(self, request):
        self._wishes.want_scan()
        return {"ok": True}

    def _join(self, request):
        asked, errors = pages.fields(request.body, ("ssid", "password"))
        if not errors:
            errors = pages.join_errors(asked)
        return _refusal(400, errors) if errors else self._set(pages.join_settings(asked))

    def _create(self, request):
        asked, errors = pages.fields(request.body, ("system_name", "time_zone"))
        if not errors:
            errors = pages.system_errors(asked)
        return _refusal(400, errors) if errors else self._set(pages.system_settings(asked))

    def _set(self, changes):
        try:
            refused = self._settings.apply(changes)
        except OSError as e:
            log.error("portal", "settings are not stored: %s" % e)
            return _refusal(500, {"flash": "did not take the settings; nothing was changed, try again"})
        return _refusal(400, dict(refused)) if refused else {"ok": True}

    async def _update(self, request):
        try:
            session = self._begin_update()
        except Refused as e:
            return _refusal(409, {e.field: e.rule})
        try:
            await _receive(request, session)
        except Refused as e:
            return _refusal(400, {e.field: e.rule})
        except Rejected as e:
            return _refusal(e.status, {e.field: e.rule})
        except OSError as e:
            return _refusal(500, {"update": "stopped: %s; the running version stays" % e})
        finally:
            session.close("the upload broke off")  # without effect when it is over
        return {"ok": True}


async def _receive(request, session):
    """Pass the body of a request on to an update session, piece by piece."""
    incoming = request.sock[0]
    incoming.expect_upload()
    if request.body:  # a small one has been read already
        await session.feed(request.body)
    piece = await incoming.read(_PIECE)
    while piece:
        await session.feed(piece)
        piece = await incoming.read(_PIECE)
    await session.finish()


def _file(name):
    """Return a handler that sends a file of web/ in pieces; it is stored compressed."""
    kind = {"html": "text/html", "css": "text/css", "js": "text/javascript"}[name.rsplit(".", 1)[1]]
    headers = {"Content-Type": kind + "; charset=UTF-8", "Content-Encoding": "gzip", "Cache-Control": "max-age=60"}
    path = _web() + name + ".gz"
    return lambda _: (open(path, "rb"), 200, headers)


def _web():
    """Return the folder of the pages: in the running slot, beside its code or the pack of it."""
    for folder in sys.path:
        try:
            os.stat(folder + "/web")
        except OSError:
            continue
        return folder + "/web/"
    return "web/"


def _redirection(address):
    return "", 302, {"Location": address}


def _refusal(status, errors):
    return json.dumps({"ok": False, "errors": errors}), status, _JSON


def _too_large(request):
    longest = _MAX_UPLOAD if request.path == "/api/update" else _MAX_JSON
    return _refusal(413, {"content-length": "must be at most %d" % longest})


def _fault(request, error):
    log.error("portal", "%s %s: %r" % (request.method, request.path, error))
    return _refusal(500, {"bridge": "has a fault here; its log says which"})
