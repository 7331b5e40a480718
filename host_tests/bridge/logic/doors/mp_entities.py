# heap: 512k
"""What Home Assistant may set of the settings, and what it only sees."""

import json

import table
from bridge import points
from bridge.logic.doors import entities, set_message
from bridge.settings import Settings
from bridge.settings_table import TABLE, barred, mark
from bridge.state import State

PATH = "build/host/web/entities.txt"  # of the slot that the tests are run with


def _joined(pieces):
    return "".join([piece if isinstance(piece, str) else bytes(piece).decode() for piece in pieces])


def _components(settings):
    found = {}
    for number in range(entities.count(PATH)):
        payload = _joined(entities.pieces(PATH, number, State("1.0.0", "power", "SN1"), settings))
        assert len(payload) <= 2560, len(payload)  # what tasks/uplink has a buffer for
        message = json.loads(payload)
        if message["stat_t"] == "bridge/SN1/state":
            continue
        assert message["dev"]["ids"] == ["bridge_SN1"]
        assert (message["stat_t"], message["cmd_t"]) == ("bridge/SN1/settings", "bridge/SN1/set")
        assert message["avty_t"] == "bridge/SN1/availability"
        for key in message["cmps"]:
            assert key[:4] == "set_" and key[4:] not in found
            found[key[4:]] = message["cmps"][key]
    return found


def _settings(**changes):
    settings = Settings()
    assert settings.apply(changes) == []
    return settings


def test_what_a_household_may_set_is_a_number_a_select_or_a_text_with_the_range_of_the_table():
    """Proves: NET-4+"""
    found = _components(Settings())
    assert found["limit_user_w"] == {
        "p": "number",
        "name": "Limit user (-1 = none)",
        "uniq_id": "bridge_SN1_set_limit_user_w",
        "ent_cat": "config",
        "val_tpl": "{{value_json['limit_user_w']}}",
        "unit_of_meas": "W",
        "dev_cla": "power",
        "cmd_tpl": '{"limit_user_w":{{value|int}}}',
        "min": -1,
        "max": 5000000,
        "mode": "box",
    }
    assert (found["recorder"]["p"], found["recorder"]["ops"]) == ("select", ["auto", "on", "off"])
    assert found["recorder"]["cmd_tpl"] == '{"recorder":{{value|to_json}}}'
    assert found["system_name"]["p"] == "text" and found["system_name"]["max"] == 40
    settable = sorted([name for name in found if found[name].get("ent_cat") == "config"])
    assert settable == [
        "led_brightness",
        "limit_import_w",
        "limit_off_grid_w",
        "limit_user_w",
        "recorder",
        "system_name",
    ]


def test_what_a_household_may_not_set_is_read_only():
    found = _components(Settings())
    assert found["grid_table"]["p"] == "sensor" and found["grid_table"]["dev_cla"] == "enum"
    assert found["grid_table"]["ops"][:2] == ["off", "ripple"]
    assert found["plant_import"]["p"] == "binary_sensor" and found["plant_import"]["pl_on"] == "True"
    assert found["limit_fuse_a"]["dev_cla"] == "current" and found["grid_hold_ms"]["dev_cla"] == "duration"
    assert found["grid_rows"]["val_tpl"] == "{{value_json['grid_rows'][:250]}}"
    assert found["do1_owner"]["name"] == "DO1 owner"
    for name in found:
        component = found[name]
        if component.get("ent_cat") == "diagnostic":
            assert component["p"] in ("sensor", "binary_sensor") and "cmd_tpl" not in component, name


def test_the_rules_of_an_output_can_be_set_while_it_goes_by_them_and_are_taken_away_else():
    found = _components(Settings())
    assert found["generator_mode"] == {"p": "select"} and found["do1_on"] == {"p": "number"}
    settings = _settings(do1_owner="generator", do2_owner="smart_load", do2_rules="on 85 off 70", generator="mode on")
    found = _components(settings)
    assert found["generator_mode"]["ops"] == ["auto", "on", "off"]
    assert found["generator_mode"]["cmd_tpl"] == '{"generator":"+mode {{value}}"}'
    assert (found["do2_on"]["min"], found["do2_on"]["max"], found["do2_on"]["unit_of_meas"]) == (1, 100, "%")
    assert found["do2_on"]["cmd_tpl"] == '{"do2_rules":"+on {{value|int}}"}'
    assert found["do1_on"] == {"p": "number"} and found["heat_pump_force"] == {"p": "number"}
    values = json.loads("".join(entities.values(PATH, settings)))
    assert (values["generator_mode"], values["generator_start"]) == ("on", 20)
    assert (values["do2_on"], values["do2_off"], values["do2_off_grid"]) == (85, 70, "open")
    assert values["do1_on"] is None


def test_the_values_are_those_in_force_for_all_that_is_announced_and_no_others():
    """Proves: SEC-1+"""
    settings = _settings(limit_user_w=3000, wlan_password="abracadabra", grid_table="ripple")
    text = "".join(entities.values(PATH, settings))
    values = json.loads(text)
    assert sorted(values) == sorted(_components(settings))
    assert (values["limit_user_w"], values["grid_table"], values["plant_import"]) == (3000, "ripple", False)
    assert "abracadabra" not in text


def test_what_is_announced_are_the_settings_with_a_mark_and_no_secret():
    shown = set(_components(Settings()))
    marked = {row[0]: mark(row) for row in table.rows(TABLE)}
    assert set(marked.values()) == {"h", "s", "n", ""}
    keys = [name for name in shown if name not in marked]  # of rules
    assert len(keys) == 16
    assert shown == set([name for name in marked if marked[name] in ("h", "s")] + keys)
    assert not [row[0] for row in table.rows(TABLE) if row[1] == "secret" and mark(row) != "n"]
    assert sorted(barred()) == ["mqtt_password", "require_signature", "wlan_password"]
    seen = [row[0] for row in points.rows()] + list(points.facts())
    assert not [name for name in seen if name[:4] == "set_"]


def test_what_says_who_may_come_in_is_not_taken_over_mqtt():
    """Proves: SEC-1+"""
    rule = "is not taken over MQTT: set it on a page, or by cable"
    for name, value in (
        ("wlan_password", '"a new password"'),
        ("mqtt_password", '"a new password"'),
        ("require_signature", "false"),
    ):
        _, changes, _, _, answer = set_message.read(b'{"%s": %s}' % (name.encode(), value.encode()), False, Settings())
        assert (changes, answer["errors"]) == ({}, {name: rule}), name
    assert Settings().check({"require_signature": True}) == ({"require_signature": True}, [])


def test_an_output_that_a_rule_switches_is_read_only():
    state, found = State("1.0.0", "power", "SN1"), {}

    def outputs(settings):
        for number in range(entities.count(PATH)):
            found.update(json.loads(_joined(entities.pieces(PATH, number, state, settings)))["cmps"])
        return [found[name] for name in ("do1", "do1_contact", "do2", "do2_contact")]

    one, contact, other, other_contact = outputs(_settings(do2_owner="smart_load"))
    assert one["p"] == "switch" and one["pl_on"] == '{"do1":true}' and contact == {"p": "binary_sensor"}
    assert other == {"p": "switch"} and other_contact["p"] == "binary_sensor"
    assert other_contact["uniq_id"] == "bridge_SN1_do2_contact" and other_contact["val_tpl"] == "{{value_json['do2']}}"
