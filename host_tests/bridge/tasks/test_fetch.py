"""A bundle that the real bridge fetches from a web server: whole servers, and every bad one."""

import contextlib
import http.server
import json
import re
import shutil
import subprocess
import threading

import pytest
from bridgectl.device import build, bundle, keyring, signing, slot
from interpreter import ROOT, micropython, unix_environment
from patience import HANG_S

_PROGRAM = """
import sys
import utime
sys.modules["time"] = utime  # servers live by the real one
import asyncio
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import updater
from slots.slots import Slots

root, url = sys.argv[1:3]

class Board:
    name = "host"
    def restart(self):
        raise SystemExit

async def main():
    state, settings = State("1.0.0"), Settings()
    slots = Slots(root + "/", "a")
    state.update_asked = url
    beats = []
    waits = lambda: slots.session or state.update_state == "installed" or state.update_asked is not state.update_taken
    try:
        await updater.run(lambda: beats.append(1), state, settings, slots, Board(), root + "/none", waits)
    except SystemExit:
        pass
    print("RESULT", state.update_state, "|", state.update_text)

asyncio.run(main())
"""


class Server(http.server.ThreadingHTTPServer):
    """A web server with one file; `asked`: ranges; `sent`: bytes of bodies; `fault(handler, start, end)` may misbehave."""

    daemon_threads = True

    def __init__(self, content, fault=None, ranges=True):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.fault, self.ranges = content, fault, ranges
        self.asked, self.sent = [], 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/new.bundle"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        start, end = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
        server.asked.append((start, end))
        if server.fault and server.fault(self, start, end):
            return
        whole = server.content
        body = whole[start : end + 1] if server.ranges else whole
        self.send_response(206 if server.ranges else 200)
        if server.ranges:
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{len(whole)}")
        self.give(body)

    def give(self, body, length=None):
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)
        self.server.sent += len(body)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """Return (slot a as a device holds it, the next version as a signed bundle: one module of it differs)."""
    folder = tmp_path_factory.mktemp("fetch")
    shutil.copytree(build.build("host", quiet=True), folder / "slot")
    running = slot.blob(folder / "slot", "host", "1.0.0")
    (folder / "slot" / "web" / "app.js.gz").write_bytes(bytes(range(256)) * 20)
    made = bundle.make(folder / "slot", "host", "2.0.0", folder / "x", sign=signing.signer("development"))
    return running, made.read_bytes()


@pytest.fixture
def fetch(tmp_path, bundles):
    """Return a function: fetch from a server; return what the bridge says in the end."""
    root = tmp_path / "root"
    keyring.into_folder(root, ["development"])
    (root / "a.slot").write_bytes(bundles[0])

    def run(server):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            done = subprocess.run(
                [micropython(), "-X", "heapsize=1m", "-c", _PROGRAM, str(root), server.url],
                env=unix_environment(),
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=HANG_S,
                check=False,
            )
        finally:
            server.shutdown()
            server.server_close()
        assert "RESULT" in done.stdout, done.stdout + done.stderr
        return done.stdout.split("RESULT ")[1].strip()

    run.root = root
    return run


def test_only_what_the_bridge_lacks_is_asked_for(fetch, bundles):
    """Proves: OTA-1, OTA-5+"""
    server = Server(bundles[1])
    assert fetch(server) == "installed | version 2.0.0 starts next, on trial"
    assert (fetch.root / "b.slot").exists()
    assert server.sent < 16_000 < len(bundles[1]) // 4  # the head, the table, what is in front of folders, and 5 kB


def test_a_server_that_knows_no_ranges_does_too(fetch, bundles):
    server = Server(bundles[1], ranges=False)
    assert fetch(server) == "installed | version 2.0.0 starts next, on trial"


def test_a_connection_that_breaks_goes_on_where_it_ended(fetch, bundles):
    """Each answer ends in its middle. Proves: OTA-1"""

    def broken(handler, start, end):
        body = bundles[1][start : end + 1]
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{end}/{len(bundles[1])}")
        handler.give(body[: max(len(body) // 2, 1)], len(body))
        return True

    server = Server(bundles[1], broken)
    assert fetch(server) == "installed | version 2.0.0 starts next, on trial"
    assert server.sent < 40_000


def _status(code, **headers):
    def fault(handler, _start, _end):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.give(b"")
        return True

    return fault


def _too_much(handler, start, end):
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes {start}-{end}/99999")
    handler.give(handler.server.content[start : end + 1] + b"x" * 100_000, end + 1 - start)
    return True


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_status(404), "server: answers with status 404"),
        (_status(500), "server: answers with status 500"),
        (_status(302, Location="http://127.0.0.1:1/"), "server is given up"),
        (_status(302, Location="https://elsewhere/"), "server: leads elsewhere too often, or to no http address"),
        (_status(206, Content_Range="bytes 7-9/10"), "server: answers with another range than it was asked for"),
        (_status(200, Transfer_Encoding="chunked"), "server: answers with status 0"),
        (_status(206, Content_Range="bytes 0-0/10"), "server is given up"),
    ],
)
@pytest.mark.slow
def test_a_server_that_misbehaves_is_named_and_the_running_version_stays(fetch, bundles, fault, said):
    """Proves: REL-1+"""
    result = fetch(Server(bundles[1], fault))
    assert result.startswith("refused") and said in result, result
    assert not (fetch.root / "b.slot").exists()


def test_an_address_that_is_none_is_refused_in_words(fetch, bundles):
    """Proves: REL-1+"""

    class Nowhere(Server):
        url = "http://bridge:0/x"

    assert fetch(Nowhere(bundles[1])).startswith("refused | update: must be an address such as http://")


def test_a_server_that_leads_in_circles_is_left(fetch, bundles):
    """Proves: REL-1+"""
    server = Server(bundles[1])
    server.fault = _status(302, Location=server.url)
    assert "leads elsewhere too often" in fetch(server)
    assert len(server.asked) == 4


def test_what_is_sent_beyond_what_was_asked_for_is_passed_over(fetch, bundles):
    assert fetch(Server(bundles[1], _too_much)) == "installed | version 2.0.0 starts next, on trial"


def test_what_is_not_signed_is_refused_though_nobody_can_be_asked(fetch, bundles):
    """Proves: OTA-2+"""
    unsigned = bundle.make(build.build("host", quiet=True), "host", "2.0.0", fetch.root / "unsigned").read_bytes()
    assert fetch(Server(unsigned)) == "refused | refused: signature is missing, and require_signature is on"


def test_the_command_is_taken_and_a_wrong_address_is_refused():
    from bridge.logic.doors import set_message
    from bridge.settings import Settings

    read = set_message.read(b'{"update": "http://192.0.2.1/x"}', False, Settings())
    assert read[-1] == {"id": None, "ok": True, "update": "http://192.0.2.1/x"}
    for wrong in (1, None, "x", "https://192.0.2.1/x", "http://a b", "http://" + "x" * 300):
        answer = set_message.read(json.dumps({"update": wrong}).encode(), False, Settings())[-1]
        assert not answer["ok"] and "update" in answer["errors"], wrong
