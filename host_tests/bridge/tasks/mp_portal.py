"""What the pages get and may ask for, and who is let in: the pure halves of the portal."""

import json

from bridge import points, readings
from bridge.logic.doors import admission, pages
from bridge.settings import Settings
from bridge.state import State

OWN = "192.168.4.1"
POST = {
    "host": OWN,
    "x-bridge": "1",
    "content-type": "application/json",
    "content-length": "2",
    "origin": "http://" + OWN,
}


def post(path="/api/join", **changes):
    headers = dict(POST)
    for name, value in changes.items():
        header = name.replace("_", "-")
        if value is None:
            headers.pop(header)
        else:
            headers[header] = value
    return admission.verdict("POST", path, headers, OWN)


def get(path, host=OWN, own=OWN):
    return admission.verdict("GET", path, {"host": host}, own)


def test_own_pages_and_their_json_are_let_in():
    assert [get(path) for path in ("/", "/network", "/api/status", "/unknown")] == [None] * 4
    assert get("/", OWN + ":80") is None
    assert get("/api/status", "127.0.0.1:8080", "127.0.0.1:8080") is None
    assert post() is None
    assert post(origin=None) is None  # no browser: a command line
    assert post(content_type="application/json; charset=utf-8") is None
    assert post("/api/update", content_type="application/octet-stream") is None


def test_who_asks_under_a_foreign_name_is_led_to_the_address():
    """Proves: PRV-4+"""
    for host in ("captive.apple.com", "www.example.com", "", "192.168.4.2", "127.0.0.1:8080", "localhost"):
        assert get("/", host) == "redirect", host
    assert get("/generate_204") == "redirect"  # a probe that took us for the router
    assert get("/", "127.0.0.1", "127.0.0.1:8080") == "redirect"
    assert admission.verdict("GET", "/", {}, OWN) == "redirect"


def test_the_json_is_not_given_under_a_foreign_name():
    """DNS rebinding. Proves: SEC-1+"""
    for host in ("evil.example", "192.168.4.1.evil.example", OWN + ":8080", ""):
        assert get("/api/status", host)[0] == 403, host
        assert post(host=host)[0] == 403


def test_a_forged_write_is_refused():
    """Proves: SEC-1+"""
    assert post(origin="http://evil.example")[:2] == (403, "origin")
    assert post(origin="null")[:2] == (403, "origin")
    assert post(origin="https://" + OWN)[:2] == (403, "origin")
    assert post(x_bridge=None)[:2] == (403, "x-bridge")
    assert post(x_bridge="0")[:2] == (403, "x-bridge")


def test_what_a_form_of_another_page_can_send_is_refused():
    """Proves: SEC-1+"""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/json2"):
        assert post(content_type=kind)[0] == 415, kind
    assert post("/api/update")[0] == 415
    assert post(content_length=None)[0] == 411


def test_other_methods_are_refused():
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "get", ""):
        assert admission.verdict(method, "/api/status", {"host": OWN}, OWN)[0] == 405, method
    assert admission.verdict("POST", "/", {"host": "evil.example"}, OWN)[0] == 405


def test_fields_are_all_there_and_texts_and_nothing_else():
    assert pages.fields(b'{"a": "x", "b": ""}', ("a", "b")) == ({"a": "x", "b": ""}, {})
    for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"[" * 900):
        assert "body" in pages.fields(body, ("a",))[1], body
    assert set(pages.fields(b'{"a": 1, "c": "x"}', ("a", "b"))[1]) == {"a", "b", "c"}


def test_a_network_to_join_has_a_name_and_a_password_of_wpa2_or_none():
    def errors(ssid, password):
        return set(pages.join_errors({"ssid": ssid, "password": password}, Settings()))

    assert errors("Home", "12345678") == errors("Home", "") == errors("x" * 32, "y" * 63) == set()
    assert errors("", "12345678") == errors("x" * 33, "12345678") == errors("ä" * 17, "") == {"ssid"}
    assert errors("Home", "1234567") == errors("Home", "y" * 64) == {"password"}


def test_a_system_has_a_name_and_a_time_zone_of_the_list():
    def errors(name, zone):
        return set(pages.system_errors({"system_name": name, "time_zone": zone}, Settings()))

    assert errors("Garden Street", "Europe/Berlin") == errors("G", "UTC") == errors("G", "Etc/GMT+3") == set()
    assert errors("  ", "Europe/Berlin") == {"system_name"}
    for zone in ("", "/etc/passwd", "Europe/Berlin;", "+1", "Europe Berlin", "<script>", "Mars/Olympus"):
        assert errors("G", zone) == {"time_zone"}, zone


def test_the_status_is_json_in_pieces_and_holds_no_secret():
    """Proves: SEC-1+"""
    state, settings = State("0.1.0", "power", "SN1"), Settings()
    state.segments = ("running", "on-grid", "charging", "not connected")
    settings.wlan_password = settings.mqtt_password = settings.mqtt_user = "planted-secret"
    for n in (0, 3, 9, 17, 40):
        state.readings.bind(list(points.rows())[n][0], "H", 1, 1000)
        state.readings.put(n, b"\x00\x05", 0, 1000)
    state.readings.expire(9000)
    state.readings.put(0, b"\x00\x07", 0, 8000)
    pieces = list(pages.status(state, settings, 9500, readings.QUALITIES))
    assert max([len(p) for p in pieces]) < 1000
    status = json.loads("".join(pieces))
    assert status["points"][0][1:] == ["7.0", "V", "good", 1]
    assert status["points"][1][1:] == ["5", "VA", "stale", None]
    assert len(status["points"]) == 5
    assert status["leds"][0] == ["dc", "running", [0, 255, 0], False]
    assert status["inputs"] is None
    shown = (
        "".join(pieces) + json.dumps(pages.network(state, settings, False)) + json.dumps(pages.system(state, settings))
    )
    assert "planted" not in shown


def test_a_little_less_than_nothing_is_shown_as_nothing():
    state, settings = State(), Settings()
    state.segments = ("not connected", "not connected", "all dormant", "not connected")
    state.readings.bind("sensor_power", "f", 1, 1000)
    for raw, text in ((b"\xbe\x80\x00\x00", "0"), (b"\xbf\x80\x00\x00", "-1"), (b"\xc1\x20\x00\x00", "-10")):
        state.readings.put(2, raw, 0, 0)
        status = json.loads("".join(pages.status(state, settings, 0, readings.QUALITIES)))
        assert status["points"][0][1] == text


def test_a_status_without_any_reading_is_json_too():
    state, settings = State(), Settings()
    state.segments = ("not connected", "not connected", "all dormant", "not connected")
    status = json.loads("".join(pages.status(state, settings, 0, readings.QUALITIES)))
    assert status["points"] == []
    assert status["leds"][2] == ["bat", "all dormant", [0, 0, 0], False]


def test_no_number_of_readings_breaks_the_json():
    """The pieces hold eight readings each: one more or less must not lose a comma."""
    for count in range(1, 26):
        state, settings = State(), Settings()
        state.segments = ("not connected", "not connected", "all dormant", "not connected")
        for n in range(count):
            state.readings.bind(list(points.rows())[n][0], "H", 1, 1000)
            state.readings.put(n, b"\x00\x01", 0, 0)
        status = json.loads("".join(pages.status(state, settings, 0, readings.QUALITIES)))
        assert len(status["points"]) == count
