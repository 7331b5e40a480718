"""The pages on the hotspot: listens on the hotspot's own address, and only while the hotspot is open.

Writer of portal_busy_at, portal_listens and scan_wanted. Guarded by doors/admission, filled by doors/pages, limited by
lib/http. Settings are changed through settings.apply, updates go to a session of tasks/updater.
"""

import asyncio
import json
from http import routes
from http.request import Rejected
from http.response import File
from http.server import Server, Site

import clock
import log
from bridge import readings
from bridge.logic import lights
from bridge.logic.doors import admission, pages
from captive import probes
from captive.name_server import NameServer
from micropython import const
from parts import Part
from slots.version import Refused

_STEP_MS = const(20)
_AGAIN_MS = const(4000)  # after a port could not be had
_BUSY_MS = const(60_000)  # a request this old says nothing any more
_SCAN_MS = const(20_000)  # longer than any scan

_MAX_JSON = const(1024)  # bytes of a request's body
_MAX_UPLOAD = const(524_288)  # bytes of a bundle

_RECORDING = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Cache-Control": "no-store",
    "Content-Disposition": 'attachment; filename="recording.txt"',
}
_KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "json": "application/json"}


async def run(beat, state, settings, board, begin_update, web, try_broker=None, decide=None):
    """Serve the pages for as long as the hotspot is open.

    begin_update(unsigned): returns a session of tasks/updater (feed, finish, close), or raises slots.version.Refused.
    web: folder of the pages, compressed, without a slash at the end.
    try_broker(host, port, user, password): coroutine that returns why a broker does not let us in, "" if it does.
    decide(changes): lets them count in place of what is damaged; returns what is refused, as settings.apply does.
    """
    wishes = _Wishes(state)
    while state.hotspot_open:
        beat()
        await _serve(beat, wishes, state, settings, board, (begin_update, web, try_broker, decide))


async def _serve(beat, wishes, state, settings, board, doors):
    address, port = board.wlan().hotspot_address(), board.http_port
    site = Pages(wishes, state, settings, doors, address, port)
    try:
        server = Server(address, port, site, address.rpartition(".")[0] + ".")
    except OSError as e:
        log.error("portal", "cannot listen on %s:%d: %s" % (address, port, e))
        await asyncio.sleep_ms(_AGAIN_MS)
        return
    names = _name_server(address, board.dns_port)
    log.info("portal", "open at " + site.home)
    state.portal_listens = True
    try:
        while state.hotspot_open:
            beat()
            server.step()
            if names:
                names.step()
            wishes.step()
            await asyncio.sleep_ms(_STEP_MS)
    finally:
        state.portal_listens = False
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
        """Ask the hotspot task for a scan, if none is asked for already."""
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


class Pages(Site):
    """Answers requests; `home` is the address that a person could type."""

    wanted = Site.wanted + ("origin", "content-type", admission.MARK, admission.UNSIGNED)
    always = pages.SAFETY

    def __init__(self, wishes, state, settings, doors, address, port):
        """doors: begin_update, web, try_broker and decide, see run."""
        self._wishes = wishes
        self._state = state
        self._settings = settings
        self._begin_update, self._web, self._try_broker, self._decide = doors
        self._own = address if port == 80 else "%s:%d" % (address, port)
        self.home = probes.redirection(address, port)
        # fmt: off
        self._table = (
            ("GET",  "/",             self._start,    0),
            ("GET",  "/api/status",   self._status,   0),
            ("GET",  "/api/system",   self._system,   0),
            ("GET",  "/api/lights",   self._lights,   0),
            ("GET",  "/api/networks", self._networks, 0),
            ("GET",  "/api/settings", self._settings_now, 0),
            ("GET",  "/api/recording", self._recording, 0),
            ("POST", "/api/settings", self._change,   _MAX_JSON),
            ("POST", "/api/anew",     self._anew,     _MAX_JSON),
            ("POST", "/api/scan",     self._scan,     _MAX_JSON),
            ("POST", "/api/join",     self._join,     _MAX_JSON),
            ("POST", "/api/system",   self._create,   _MAX_JSON),
            ("POST", "/api/update",   self._update,   _MAX_UPLOAD),
        ) + tuple([("GET", path, self._page, 0) for path in pages.FILES])
        # fmt: on

    async def answer(self, request):
        """Return the answer to one request: led away, refused, or of its handler."""
        verdict = admission.verdict(request.method, request.path, request.headers, self._own)
        host = request.headers.get("host", "").split(":")[0].lower()
        self._wishes.heard(probes.system(host, request.path))
        if verdict == "redirect":
            return _redirection(self.home)
        if verdict:
            raise Rejected(*verdict)
        handler, _ = routes.find(self._table, request.method, request.path, request.length)
        return await handler(request)

    def refusal(self, rejected):
        """Return the answer to a request that was rejected: which field, and the rule that it broke."""
        rule = rejected.rule + ("; begin at " + self.home if rejected.status == 404 else "")
        return _errors({rejected.field: rule}, rejected.status, rejected.headers)

    async def _start(self, request):
        return _redirection("/status" if self._state.system_created else "/network")

    async def _page(self, request):
        name = pages.FILES[request.path]
        page = File("%s/%s.gz" % (self._web, name), _KINDS[name.rsplit(".", 1)[1]] + "; charset=UTF-8")
        headers = page.headers()
        headers["Cache-Control"] = "max-age=60"
        return 200, headers, page

    async def _status(self, request):
        texts = pages.status(self._state, self._settings, clock.ticks_ms(), readings.QUALITIES)
        return 200, _json_headers(), texts

    async def _system(self, request):
        return _json(pages.system(self._state, self._settings))

    async def _lights(self, request):
        return _json({"lights": lights.TABLE})

    async def _networks(self, request):
        return _json(pages.network(self._state, self._settings, self._wishes.scanning()))

    async def _scan(self, request):
        if self._state.scan_refused:
            return _errors({"scan": self._state.scan_refused}, 409)
        self._wishes.want_scan()
        return _json({"ok": True})

    async def _join(self, request):
        asked, errors = pages.fields(await request.body(), ("ssid", "password"))
        if not errors:
            errors = pages.join_errors(asked, self._settings)
        return _errors(errors) if errors else self._set(pages.join_settings(asked))

    async def _create(self, request):
        asked, errors = pages.fields(await request.body(), ("system_name", "time_zone"))
        if not errors:
            errors = pages.system_errors(asked, self._settings)
        return _errors(errors) if errors else self._set(pages.system_settings(asked))

    async def _settings_now(self, request):
        return 200, _json_headers(), pages.settings_now(self._state, self._settings)

    async def _recording(self, request):
        if not self._state.recorder:
            return _errors({"recorder": "is off; set recorder to on"}, 409)
        with Part("bridge.logic.doors.recording_file") as file:
            texts = file.lines(self._state, self._settings, clock.ticks_ms())
        return 200, _RECORDING, texts

    async def _change(self, request):
        changes, untested, errors = pages.changes(await request.body())
        errors = errors or dict(self._settings.check(changes)[1])
        broker = None if errors or untested else pages.broker(changes, self._settings)
        if broker and self._try_broker:
            why = await self._try_broker(*broker)
            if why:
                errors = {"broker": why}
        return _errors(errors) if errors else self._set(changes)

    async def _anew(self, request):
        changes, _, errors = pages.changes(await request.body(), 0)
        return _errors(errors) if errors else self._set(changes, self._decide)

    def _set(self, changes, apply=None):
        try:
            refused = (apply or self._settings.apply)(changes)
        except OSError as e:
            log.error("portal", "settings are not stored: %s" % e)
            return _errors({"flash": "did not take the settings; nothing was changed, try again"}, 500)
        return _errors(dict(refused)) if refused else _json({"ok": True})

    async def _update(self, request):
        try:
            session = self._begin_update(request.headers.get(admission.UNSIGNED) == "1")
        except Refused as e:
            return _errors({e.field: e.rule}, 409)
        try:
            await _receive(request, session)
        except Refused as e:
            return _errors({e.field: e.rule}, 400)
        except OSError as e:
            return _errors({"update": "stopped: %s; the running version stays" % e}, 500)
        finally:
            session.close("the upload broke off")  # without effect when it is over
        return _json({"ok": True})


async def _receive(request, session):
    """Pass the body of a request on to an update session, piece by piece."""
    request.expect_upload()
    piece = await request.piece()
    while piece:
        await session.feed(piece)
        piece = await request.piece()
    await session.finish()


def _redirection(address):
    return 302, {"Location": address, "Cache-Control": "no-store"}, ""


def _json_headers():
    return {"Content-Type": "application/json", "Cache-Control": "no-store"}


def _json(shown, status=200, more=()):
    headers = _json_headers()
    headers.update(more)
    return status, headers, json.dumps(shown)


def _errors(errors, status=400, more=()):
    return _json({"ok": False, "errors": errors}, status, more)
