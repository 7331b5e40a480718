"""The console's door to the settings: the same rules as MQTT, nothing but settings, no secret out."""

import json

from bridge.logic.doors import typed_line
from bridge.settings import Settings


def test_settings_are_set_all_or_none_with_the_words_of_the_table():
    s = Settings()
    assert typed_line.answer(b'{"id": "a", "set": {"plant_unit": 3, "grid_table": "ripple"}}', s) == (
        {"id": "a", "ok": True},
        ["grid_table", "plant_unit"],
    )
    assert (s.plant_unit, s.grid_table) == (3, "ripple")
    answer, changed = typed_line.answer(b'{"id": 7, "set": {"plant_unit": 4, "rs485_2_baud": 19200, "colour": 1}}', s)
    assert answer == {
        "id": 7,
        "ok": False,
        "errors": {
            "rs485_2_baud": "RS485 of the COM terminal runs at 9600 bps at most (cable up to 1000 m)",
            "colour": "is no setting",
        },
    }
    assert not changed and s.plant_unit == 3


def test_a_secret_is_told_as_set_or_not_set():
    s = Settings()
    s.apply({"mqtt_user": "u", "mqtt_password": "open sesame"})
    answer, changed = typed_line.answer(b'{"get": true}', s)
    assert answer["ok"] and not changed
    assert len(answer["settings"]) == 75
    assert (answer["settings"]["mqtt_password"], answer["settings"]["wlan_password"]) == (True, False)
    assert "sesame" not in str(answer)


def test_anything_else_is_refused_and_changes_nothing():
    s = Settings()
    for line in (b"", b"{", b"[]", b"7", b"\xff\xfe", b"{}", b'{"id": 1}', b'{"get": 1}', b'{"set": {}}', b'{"set": []}',
                 b'{"set": {"plant_unit": 3}, "get": true}', b'{"set": {"plant_unit": 3}, "do1": true}', b"[" * 900):  # fmt: skip
        answer, changed = typed_line.answer(line, s)
        assert answer["ok"] is False and list(answer["errors"]) == ["line"] and not changed, line
    assert s.version == 0


def test_a_mark_that_is_nested_deep_does_not_come_back():
    """The interpreter reads what it could not say again: that ended the console."""
    s = Settings()
    deep = b'{"id": %s, "set": {"plant_unit": 3}}' % (b"[" * 1400 + b"]" * 1400)
    answer, changed = typed_line.answer(deep, s)
    assert (json.dumps(answer), changed) == ('{"id": null, "ok": true}', ["plant_unit"])
