"""The addresses of the portal: pages, the JSON behind them, the upload. Guarded by logic/admission, served by portal_server."""

import json

import clock
import log
from bridge.logic import admission, pages
from bridge.tasks.portal_server import Rejected
from captive import probes
from microdot import Microdot, Request, Response
from micropython import const
from slots.bundle import Refused

_MAX_JSON = const(1024)  # bytes of a request's body
_MAX_UPLOAD = const(262_144)  # bytes of a bundle
_PIECE = const(512)

# path, file in web/
_FILES = (
    ("/network", "network.html"),
    ("/system", "system.html"),
    ("/status", "status.html"),
    ("/style.css", "style.css"),
    ("/app.js", "app.js"),
)
_SAFETY = (
    ("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)


class Routes:
    """Answers requests. `portal` says what the pages want: heard(system), scanning(), want_scan()."""

    def __init__(self, portal, state, settings, begin_update, web, address, port):
        """begin_update: returns a session of tasks/updater, or raises Refused; web: folder of the gzipped pages."""
        Request.max_readline = 1 << 16  # portal_server's limits hold
        Request.max_body_length = _MAX_JSON
        Request.max_content_length = _MAX_UPLOAD
        self._portal = portal
        self._state = state
        self._settings = settings
        self._begin_update = begin_update
        self._web = web
        self._own = address if port == 80 else "%s:%d" % (address, port)
        self._home = probes.redirection(address, port)
        self._app = app = Microdot()
        for path, name in _FILES:
            app.get(path)(self._file(name))
        app.get("/")(self._start)
        app.get("/api/status")(self._status)
        app.get("/api/system")(self._system)
        app.get("/api/networks")(self._networks)
        app.post("/api/scan")(self._scan)
        app.post("/api/join")(self._join)
        app.post("/api/system")(self._create)
        app.post("/api/update")(self._update)
        app.errorhandler(404)(self._unknown)
        app.errorhandler(405)(self._wrong_method)
        app.errorhandler(413)(self._too_large)
        app.errorhandler(Exception)(self._bug)

    async def converse(self, incoming, outgoing, place):
        """Answer one request. Raises OSError when the phone is gone."""
        try:
            response = await self._answer(incoming, outgoing, place)
        except Rejected as e:
            response = _refusal(e.status, {e.field: e.rule})
        except (ValueError, IndexError):  # microdot could not read the request line or its address
            response = _refusal(400, {"request": "must be: method, address, HTTP/1.x"})
        place.answering()
        for name, value in _SAFETY:
            response.headers[name] = value
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        await response.write(outgoing)

    async def _answer(self, incoming, outgoing, place):
        request = await Request.create(self._app, incoming, outgoing, None)
        if not request:
            raise Rejected(400, "request", "is empty")
        place.answering()
        headers = {name.lower(): request.headers[name] for name in request.headers}
        verdict = admission.verdict(request.method, request.path, headers, self._own)
        self._portal.heard(probes.system(headers.get("host", "").split(":")[0].lower(), request.path))
        if verdict == "redirect":
            return Response.redirect(self._home)
        if verdict:
            return _refusal(verdict[0], {verdict[1]: verdict[2]})
        if request.path != "/api/update" and request.content_length > _MAX_JSON:
            return self._too_large(request)
        return await self._app.dispatch_request(request)

    def _file(self, name):
        def serve(request):
            return Response.send_file(name, stream=self._open(name), compressed=True, max_age=60)

        return serve

    def _open(self, name):
        return open(self._web + name + ".gz", "rb")

    def _start(self, request):
        return Response.redirect("/status" if self._state.system_created else "/network")

    def _status(self, request):
        return Response(pages.status(self._state, self._settings, clock.ticks_ms()), headers=_json_type())

    def _system(self, request):
        return pages.system(self._state, self._settings)

    def _networks(self, request):
        return pages.network(self._state, self._settings, self._portal.scanning())

    def _scan(self, request):
        self._portal.want_scan()
        return {"ok": True}

    def _join(self, request):
        asked, errors = pages.fields(request.body, ("ssid", "password"))
        errors = errors or pages.join_errors(asked)
        return self._set(errors, lambda: {"wlan_ssid": asked["ssid"], "wlan_password": asked["password"]})

    def _create(self, request):
        asked, errors = pages.fields(request.body, ("system_name", "time_zone"))
        errors = errors or pages.system_errors(asked)
        return self._set(
            errors, lambda: {"system_name": asked["system_name"].strip(), "time_zone": asked["time_zone"]}
        )

    def _set(self, errors, changes):
        """Apply changes() unless there are errors, and answer."""
        if errors:
            return _refusal(400, errors)
        try:
            refused = self._settings.apply(changes())
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

    def _unknown(self, request):
        return _refusal(404, {"address": "is unknown; begin at " + self._home})

    def _wrong_method(self, request):
        return _refusal(405, {"method": "is not for this address"})

    def _too_large(self, request):
        longest = _MAX_UPLOAD if request.path == "/api/update" else _MAX_JSON
        return _refusal(413, {"content-length": "must be at most %d" % longest})

    def _bug(self, request, error):
        log.error("portal", "%s %s: %r" % (request.method, request.path, error))
        return _refusal(500, {"bridge": "has a fault here; its log says which"})


async def _receive(request, session):
    """Pass the body of a request on to an update session, piece by piece."""
    incoming = request.sock[0]
    if request.body:  # a small one has been read already
        await session.feed(request.body)
    incoming.expect_upload()
    piece = await incoming.read(_PIECE)
    while piece:
        await session.feed(piece)
        piece = await incoming.read(_PIECE)
    await session.finish()


def _json_type():
    return {"Content-Type": "application/json"}


def _refusal(status, errors):
    return Response(json.dumps({"ok": False, "errors": errors}), status, _json_type())
