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
        ("mqtt_prefix", "$SYS"),  # no broker passes on what is published there
        ("mqtt_discovery", "$share"),
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
        assert s.apply({"sensor_unit": 7, "mqtt_user": "u", "mqtt_password": "open sesame", "publish_ms": 5000}) == []
        again = Settings(PATH)
        assert again.sensor_unit == 7
        assert again.mqtt_password == "open sesame"
        from store import record

        assert sorted(record.load(PATH)) == ["mqtt_password", "mqtt_user", "sensor_unit"]
    finally:
        _clean()


def test_what_is_in_force_already_is_neither_written_nor_followed():
    """A program that sends all settings again and again must not wear the flash out."""
    _clean()
    try:
        s = Settings(PATH)
        assert s.apply({"sensor_unit": 7}) == []
        os.remove(PATH)
        assert s.apply({"sensor_unit": 7, "publish_ms": 5000}) == [] and s.apply({}) == []
        assert s.version == 1 and PATH[len("/tmp/") :] not in os.listdir("/tmp")
        assert s.apply({"sensor_unit": 8, "publish_ms": 5000}) == []
        assert s.version == 2 and PATH[len("/tmp/") :] in os.listdir("/tmp")
    finally:
        _clean()


def test_a_default_in_place_of_a_stored_value_that_is_refused_is_news():
    _clean()
    try:
        from store import record

        record.save(PATH, {"sensor_unit": 400})
        s = Settings(PATH)
        assert s.unsure("rs485_1_") and s.sensor_unit == 1
        assert s.apply({"sensor_unit": 1}) == []
        assert not s.unsure("rs485_1_") and record.load(PATH) == {}
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


def test_a_name_is_matched_whole_whatever_stands_in_it():
    s = Settings()
    before = sorted(dir(s))
    odd = (
        "mqtt_host|text",
        "mqtt_host|text|",
        "mqtt_port|int|1883",
        "mqtt_host\nmqtt_port",
        "\nmqtt_host",
        "|",
        "",
        "\n",
    )
    for name in odd + (
        "mqtt_host ",
        "MQTT_HOST",
        "mqtt_hos",
        "host",
        "check",
        "_path",
        "version",
        "name",
        "ä|",
        None,
        7,
    ):
        assert s.apply({name: "x"}) == [(name, "is no setting")], name
    assert sorted(dir(s)) == before
    assert s.version == 0


def test_every_text_may_hold_the_marks_of_the_table():
    s = Settings()
    assert s.apply({"system_name": "a|b"}) == []
    assert s.system_name == "a|b"
    assert s.check({"rs485_1_role": "master,gateway"})[1] and s.check({"rs485_1_role": ""})[1]
    assert s.check({"sensor_model": "sdm230|"})[1] and s.check({"rs485_2_parity": "N|E"})[1]


def test_a_password_needs_a_user_name():
    s = Settings()
    needs = [("mqtt_password", "needs a user name: set mqtt_user with it")]
    assert s.apply({"mqtt_password": "open sesame"}) == needs
    assert s.apply({"mqtt_password": "open sesame", "mqtt_user": ""}) == needs
    assert s.apply({"mqtt_password": "open sesame", "mqtt_user": 5})[1:] == needs
    assert (s.mqtt_password, s.version) == ("", 0)
    assert s.apply({"mqtt_password": "open sesame", "mqtt_user": "u"}) == []
    assert s.apply({"mqtt_user": ""}) == [
        ("mqtt_user", "must not be empty while a password is set: empty mqtt_password with it")
    ]
    assert s.apply({"publish_ms": 1000, "mqtt_password": "other"}) == []
    assert s.apply({"mqtt_user": "", "mqtt_password": ""}) == []


def test_a_stored_password_without_a_user_name_is_ignored_and_told():
    _clean()
    try:
        from store import record

        record.save(PATH, {"mqtt_password": "open sesame", "mqtt_host": "192.0.2.1"}, 1)
        s = Settings(PATH)
        assert (s.mqtt_host, s.mqtt_user, s.mqtt_password) == ("192.0.2.1", "", "")
        assert s.ignored == [("mqtt_password", "needs a user name: set mqtt_user with it")]
        assert s.apply({"publish_ms": 1000}) == []
    finally:
        _clean()


def test_the_key_of_a_network_is_checked_by_the_rules_of_wpa():
    s = Settings()
    rule = "must be 8 to 63 characters of ASCII, or 64 hexadecimal digits, or nothing for an open network"
    for key in ("", "12345678", "x" * 63, "~ " * 4, "0123456789abcdefABCDEF" * 2 + "0" * 20):
        assert s.check({"wlan_password": key})[1] == [], key
    for key in ("1234567", "x" * 64, "0" * 63 + "g", "ä" * 8, "1234567\x7f", "ä" * 4):
        assert s.check({"wlan_password": key})[1] == [("wlan_password", rule)], key
    assert s.check({"wlan_password": "0" * 65})[1]


def test_a_time_zone_has_the_form_of_the_list():
    s = Settings()
    for zone in ("", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "America/Port-au-Prince"):
        assert s.check({"time_zone": zone})[1] == [], zone
    odd = (
        "Mars/Olympus",
        "Europe",
        "Europe/",
        "Europe//Berlin",
        "/Europe",
        "europe/Berlin",
        "Berlin",
        "Africa America/x",
    )
    for zone in odd + ("Europe/Berlin;", "Europe/Ber lin", "+1", "Europe/Zürich", "A", " "):
        assert s.check({"time_zone": zone})[1] == [
            ("time_zone", "must be a name of the IANA list, like Europe/Berlin")
        ], zone


def test_a_broker_is_named_without_port_and_user():
    s = Settings()
    for host in ("mqtt://192.0.2.1", "192.0.2.1:1883", "u@192.0.2.1", "my broker", "192.0.2.1/"):
        assert s.check({"mqtt_host": host})[1][0][0] == "mqtt_host", host
    for host in ("", "192.0.2.1", "broker.example", "mosquitto"):
        assert s.check({"mqtt_host": host})[1] == [], host


def test_damaged_settings_are_told_take_no_changes_and_begin_anew_when_asked_to():
    """Proves: REL-1+"""
    _clean()
    try:
        with open(PATH, "wb") as f:
            f.write(b"\0" * 171)
        s = Settings(PATH)
        assert s.damaged and s.ignored[0][0] == "settings"
        assert s.apply({"plant_unit": 3}) == s.ignored
        assert (s.plant_unit, s.version) == (247, 0)
        assert s.unsure("rs485_1_") and s.unsure("rs485_2_")
        s.plant_unit = 9  # as if there were something of before
        assert s.apply({"sensor_unit": 3}, True) == []
        assert (s.damaged, s.ignored, s.plant_unit, s.sensor_unit, s.version) == (False, [], 247, 3, 1)
        assert not s.unsure("rs485_1_")
        again = Settings(PATH)
        assert (again.damaged, again.sensor_unit) == (False, 3)
    finally:
        _clean()


def test_a_port_is_unsure_of_what_it_shall_do_when_its_own_settings_or_a_unit_are_not_believed():
    for ignored, first, second in (
        ("rs485_1_role", True, False),
        ("rs485_2_baud", False, True),
        ("plant_unit", True, True),
        ("publish_ms", False, False),
        ("gone", False, False),
    ):
        s = Settings()
        s.ignored = [(ignored, "must be something else")]
        assert (s.unsure("rs485_1_"), s.unsure("rs485_2_")) == (first, second), ignored
