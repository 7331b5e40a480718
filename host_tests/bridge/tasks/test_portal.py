"""The portal of the real bridge, request by request: its pages, the probes of phones, and who means no good."""

import gzip
import io
import json
import re
import socket

import pytest
from bridgectl.replay import report
from patience import HANG_S
from portal_rig import SN, Bridge, head, read_all, status_of

NETWORKS = "Home -52 correct-horse\nGuest -71 -\n"
WEB_LIMIT = (
    16_400  # bytes; the page of settings takes 4,000 of them, with its rules, meanings and the table of contacts
)


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    with Bridge(tmp_path_factory.mktemp("bridge"), NETWORKS) as running:
        yield running.await_portal()


def alive(bridge):
    return bridge.json("status")["sn"] == SN


# -- pages -----------------------------------------------------------------------


def test_the_pages_come_compressed_and_locked_down(bridge):
    total = 0
    scripts = ("/app.js", "/network.js", "/system.js", "/settings.js", "/status.js")
    for path in ("/network", "/system", "/settings", "/status", "/style.css", "/settings.json", *scripts):
        status, headers, body = bridge.ask("GET", path)
        assert status == 200
        assert headers["Content-Encoding"] == "gzip"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        total += len(body)
        text = gzip.decompress(body).decode()
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text
    assert total <= WEB_LIMIT


def test_the_flight_recorder_can_be_downloaded_and_replayed(bridge, tmp_path):
    """Proves: DIA-1+"""
    status, headers, body = bridge.ask("GET", "/api/recording")
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert headers["Content-Disposition"] == 'attachment; filename="recording.txt"'
    path, out = tmp_path / "recording.txt", io.StringIO()
    path.write_bytes(body)
    assert report.run(path, out), out.getvalue()
    assert "  contacts closed: none\n" in out.getvalue()
    assert b"correct-horse" not in body
    assert b'href="/api/recording"' in gzip.decompress(bridge.ask("GET", "/status")[2])


def test_json_is_never_cached(bridge):
    status, headers, body = bridge.ask("GET", "/api/status")
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert json.loads(body)["sn"] == SN


def test_the_start_leads_to_the_first_step(bridge):
    status, headers, _ = bridge.ask("GET", "/")
    assert (status, headers["Location"]) == (302, "/network")


def test_the_pages_use_no_code_or_style_that_their_policy_forbids(bridge):
    for path in ("/network", "/system", "/settings", "/status"):
        text = gzip.decompress(bridge.ask("GET", path)[2]).decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src)", text)


def test_the_legend_of_the_lights_is_the_table_that_lights_them(bridge):
    rows = bridge.json("lights")["lights"].strip().split("\n")
    assert len(rows) == 24
    assert "dc:running|green|on" in rows and "bat:charging|green|flash" in rows


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("captive.apple.com", "/hotspot-detect.html"),
        ("www.apple.com", "/library/test/success.html"),
        ("connectivitycheck.gstatic.com", "/generate_204"),
        ("connectivitycheck.android.com", "/generate_204"),
        ("clients3.google.com", "/generate_204"),
        ("www.google.com", "/gen_204"),
        ("www.msftconnecttest.com", "/connecttest.txt"),
        ("ipv6.msftconnecttest.com", "/connecttest.txt"),
        ("www.msftconnecttest.com", "/redirect"),
        ("www.msftncsi.com", "/ncsi.txt"),
        ("detectportal.firefox.com", "/canonical.html"),
        ("detectportal.firefox.com", "/success.txt?ipv4"),
        ("nmcheck.gnome.org", "/check_network_status.txt"),
        ("network-test.debian.org", "/nm"),
        ("connectivity-check.ubuntu.com", "/"),
        ("networkcheck.kde.org", "/"),
        ("www.example.com", "/any/page?x=1"),
    ],
)
def test_a_probe_is_led_to_the_plain_address(bridge, host, path):
    """Proves: PRV-4+"""
    for method in ("GET", "HEAD"):
        status, headers, body = bridge.ask(method, path, headers={"Host": host})
        assert (status, headers["Location"], body) == (302, f"http://{bridge.host}/", b"")


def test_the_name_server_leads_every_name_here(bridge):
    """Proves: PRV-4+"""
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07captive\x05apple\x03com\x00\x00\x01\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(HANG_S)
        for rubbish in (b"", b"\xff" * 600, query[:20]):
            s.sendto(rubbish, ("127.0.0.1", bridge.dns_port))
        s.sendto(query, ("127.0.0.1", bridge.dns_port))
        reply = s.recv(600)
    assert reply[:2] == b"\x12\x34"
    assert reply[-4:] == bytes([127, 0, 0, 1])


# -- bad requests ------------------------------------------------------------------


def test_a_line_that_is_too_long_is_refused(bridge):
    """Proves: REL-1+"""
    assert status_of(bridge.raw(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n")) == 414
    assert status_of(bridge.raw(head(bridge, "GET / HTTP/1.1", Cookie="c" * 5000))) == 431
    assert alive(bridge)


def test_headers_without_end_are_refused(bridge):
    """Proves: REL-1+"""
    assert status_of(bridge.raw(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000)) == 431
    assert status_of(bridge.raw(b"GET / HTTP/1.1\r\n" + (b"A: " + b"v" * 300 + b"\r\n") * 20)) == 431


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP\r\n\r\n",
        b"\xff\xfe\x00\x01\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n\n",  # a TLS hello
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /?%zz=1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /api/join HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/join HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n",
        b"POST /api/join HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(bridge, request_bytes):
    """Proves: REL-1+"""
    answer = bridge.raw(request_bytes)
    assert status_of(answer) == 400
    assert b'"ok": false' in answer


def test_pieces_of_unknown_length_are_refused(bridge):
    request = head(bridge, "POST /api/join HTTP/1.1", Transfer_Encoding="chunked", X_Bridge="1")
    assert status_of(bridge.raw(request + b"5\r\nhello\r\n0\r\n\r\n")) == 411


def test_a_request_in_single_bytes_is_answered(bridge):
    pieces = [bytes([b]) for b in head(bridge, "GET /api/system HTTP/1.1")]
    assert status_of(bridge.raw(*pieces)) == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "field"),
    [
        ("PUT", "/api/join", {}, 405, "method"),
        ("DELETE", "/network", {}, 405, "method"),
        ("OPTIONS", "/api/join", {}, 405, "method"),
        ("POST", "/network", {}, 405, "method"),
        ("POST", "/api/status", {}, 405, "method"),
        ("GET", "/api/join", {}, 405, "method"),
        ("GET", "/api/unknown", {}, 404, "address"),
        ("GET", "/../main.py", {}, 404, "address"),
        ("GET", "/web/app.js.gz", {}, 404, "address"),
        ("POST", "/api/join", {"Origin": "http://evil.example"}, 403, "origin"),
        ("POST", "/api/join", {"Origin": "null"}, 403, "origin"),
        ("POST", "/api/join", {"X-Bridge": None}, 403, "x-bridge"),
        ("POST", "/api/join", {"Host": "evil.example"}, 403, "host"),
        ("GET", "/api/status", {"Host": "evil.example"}, 403, "host"),
        ("POST", "/api/join", {"Content-Type": "text/plain"}, 415, "content-type"),
        ("POST", "/api/update", {}, 415, "content-type"),
    ],
)
def test_a_wrong_or_forged_request_is_refused_with_field_and_rule(bridge, method, path, headers, status, field):
    """Proves: SEC-1+"""
    body = {"ssid": "Evil", "password": "evil-password"} if method != "GET" else None
    got, _, answer = bridge.ask(method, path, body, headers)
    assert (got, list(json.loads(answer)["errors"])) == (status, [field])
    assert bridge.json("networks")["wlan_ssid"] == ""


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("join", {"ssid": "", "password": ""}, {"ssid"}),
        ("join", {"ssid": "Home", "password": "short"}, {"password"}),
        ("join", {"ssid": 5, "password": None}, {"ssid", "password"}),
        ("join", {"ssid": "Home", "password": "long-enough", "admin": "1"}, {"admin"}),
        ("system", {"system_name": "", "time_zone": "Europe/Berlin"}, {"system_name"}),
        ("system", {"system_name": "x" * 41, "time_zone": "Europe/Berlin"}, {"system_name"}),
        ("system", {"system_name": "a\x00b", "time_zone": "Europe/Berlin"}, {"system_name"}),
        ("system", {"system_name": "Garden", "time_zone": "<b>"}, {"time_zone"}),
    ],
)
def test_a_field_that_breaks_its_rule_is_named_and_nothing_changes(bridge, path, body, fields):
    status, answer = bridge.post(path, body)
    assert (status, answer["ok"], set(answer["errors"])) == (400, False, fields)
    assert bridge.json("system")["created"] is False
    assert bridge.json("networks")["wlan_ssid"] == ""


def test_a_body_that_is_too_long_is_refused_and_the_refusal_arrives(bridge):
    status, answer = bridge.post("join", {"ssid": "Home", "password": "x" * 20_000})
    assert (status, set(answer["errors"])) == (413, {"content-length"})


def test_a_length_that_lies_does_no_harm(bridge):
    """Proves: REL-1+"""
    good = b'{"system_name": "", "time_zone": "UTC"}'
    headers = {"X_Bridge": "1", "Content_Type": "application/json"}
    too_few = head(bridge, "POST /api/system HTTP/1.1", Content_Length=len(good) - 5, **headers) + good
    assert status_of(bridge.raw(too_few)) == 400
    with socket.create_connection(("127.0.0.1", bridge.port), timeout=HANG_S) as s:
        s.sendall(head(bridge, "POST /api/system HTTP/1.1", Content_Length=len(good) + 5, **headers) + good)
        s.shutdown(socket.SHUT_WR)
        assert status_of(read_all(s)) == 400
    assert alive(bridge)
