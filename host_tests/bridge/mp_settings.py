"""Settings: one table, checked whole, stored whole."""

import os

from bridge.settings import Settings

PATH = "/tmp/bridge-settings-%d" % id(Settings)


def _clean():
    for name in os.listdir("/tmp"):
        if name.startswith(PATH[len("/tmp/") :]):
            os.remove("/tmp/" + name)


def test_defaults_stand_in_the_table():
    s = Settings()
    assert s.rs485_2_baud == 9600
    assert s.mqtt_host == ""


def test_a_rate_over_9600_is_refused_with_the_reason():
    """Proves: COM-7"""
    s = Settings()
    refused = s.apply({"rs485_2_baud": 19200})
    assert refused == [("rs485_2_baud", "RS485 of the COM terminal runs at 9600 bps at most (cable up to 1000 m)")]
    assert s.rs485_2_baud == 9600


def test_one_bad_value_keeps_all_others_out():
    """Proves: PRV-8+"""
    s = Settings()
    refused = s.apply({"sensor_unit": 7, "publish_ms": 10, "colour": "red"})
    assert sorted([name for name, _ in refused]) == ["colour", "publish_ms"]
    assert "must be 500 to 600000 ms, not 10" in [reason for _, reason in refused]
    assert s.sensor_unit == 1
    assert s.version == 0


def test_wrong_types_are_refused():
    s = Settings()
    for name, value in (
        ("sensor_unit", "7"),
        ("sensor_unit", True),
        ("sensor_unit", 1.5),
        ("server_outputs", 1),
        ("mqtt_host", 5),
        ("mqtt_host", None),
        ("rs485_2_parity", 3),
        ("rs485_2_baud", "9600"),
        ("mqtt_prefix", "a/#"),
        ("mqtt_user", "a\nb"),
        ("wlan_ssid", "x" * 33),
        ("mqtt_prefix", ""),
        ("sensor_unit", []),
        ("rs485_2_baud", True),
    ):
        assert s.check({name: value})[1], (name, value)


def test_a_text_that_would_go_out_as_broken_utf_8_is_refused():
    """Proves: REL-1+"""
    import json

    s = Settings()
    for text in ('"a\\ud83d"', '"\\ud83d\\ude00"'):
        (refused,) = s.check({"system_name": json.loads(text)})[1]
        assert refused[0] == "system_name" and "UTF-8" in refused[1]
    assert s.check({"system_name": "\U0001f600 Haus Grün €"})[1] == []


def test_only_what_differs_is_stored_and_comes_back():
    _clean()
    try:
        s = Settings(PATH)
        assert s.apply({"sensor_unit": 7, "mqtt_password": "open sesame", "publish_ms": 5000}) == []
        again = Settings(PATH)
        assert again.sensor_unit == 7
        assert again.mqtt_password == "open sesame"
        from store import record

        assert sorted(record.load(PATH)) == ["mqtt_password", "sensor_unit"]
    finally:
        _clean()


def test_what_the_table_no_longer_allows_is_ignored_and_told():
    _clean()
    try:
        from store import record

        record.save(PATH, {"sensor_unit": 400, "gone": 1, "publish_ms": 1000})
        s = Settings(PATH)
        assert s.sensor_unit == 1
        assert s.publish_ms == 1000
        assert sorted([name for name, _ in s.ignored]) == ["gone", "sensor_unit"]
    finally:
        _clean()


def test_a_secret_is_never_shown():
    s = Settings()
    s.apply({"wlan_password": "open sesame"})
    shown = s.shown()
    assert shown["wlan_password"] is True
    assert "open sesame" not in str(shown)
