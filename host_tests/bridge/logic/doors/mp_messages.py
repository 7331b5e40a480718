# heap: 512k
"""What goes over MQTT and what is taken from it."""

import json
import struct
import time

from bridge import points
from bridge.logic.doors import entities, messages, set_message
from bridge.settings import Settings
from bridge.state import State

N = points.number("sensor_power")
PATH = "build/host/web/entities.txt"  # of the slot that the tests are run with


def _joined(pieces):
    return "".join([piece if isinstance(piece, str) else bytes(piece).decode() for piece in pieces])


def _state():
    state = State("0.1.0", "power", "SN1")
    state.readings.bind("sensor_power", "f", 1, 1000)
    state.inputs, state.inputs_settled = 0b00010, True
    return state


def test_the_state_names_every_fact_and_a_bad_reading_is_null():
    """Proves: SEN-4+"""
    state = _state()
    now = time.ticks_ms()
    state.readings.put(N, struct.pack(">f", -1234.4), 0, now)
    seen = json.loads("".join(messages.state_pieces(state)))
    assert seen["sensor_power"] == -1234
    assert (seen["di1"], seen["di2"], seen["do1"]) == ("OFF", "ON", "OFF")
    assert set(points.facts()) <= set(seen)
    state.readings.expire(now + 2000)
    assert json.loads("".join(messages.state_pieces(state)))["sensor_power"] is None


def test_a_code_of_the_plant_goes_out_in_words_and_an_unknown_one_as_its_number():
    state = _state()
    for name, code in (("plant_running_state", 2), ("plant_ems_mode", 8)):
        state.readings.bind(name, "H", 1, 1000)
        state.readings.put(points.number(name), bytes((0, code)), 0, time.ticks_ms())
    seen = json.loads("".join(messages.state_pieces(state)))
    assert (seen["plant_running_state"], seen["plant_ems_mode"], seen["plant_off_grid"]) == ("fault", 8, None)


def test_all_that_is_announced_is_there_from_the_first_state_on():
    state, settings = _state(), Settings()
    seen = json.loads("".join(messages.state_pieces(state)))
    announced = []
    for number in range(entities.count(PATH)):
        message = json.loads(_joined(entities.pieces(PATH, number, state, settings)))
        if message["stat_t"] == "bridge/SN1/state":
            found = message["cmps"]
            announced += [name for name in found if "uniq_id" in found[name]]  # the others are taken away
    assert len(announced) > 70
    assert [name for name in announced if name not in seen] == []
    assert seen["plant_soc"] is None


def test_contacts_that_have_not_settled_are_not_reported_as_open():
    state = _state()
    state.inputs_settled = False
    assert json.loads("".join(messages.state_pieces(state)))["di1"] is None


def test_discovery_announces_every_point_and_fact_once_in_messages_of_bounded_size():
    """Proves: NET-4+"""
    state, settings = _state(), Settings()
    seen = []
    for number in range(entities.count(PATH)):
        where = entities.topic(number, state, settings)
        payload = _joined(entities.pieces(PATH, number, state, settings))
        assert where == "homeassistant/device/bridge_SN1_%d/config" % number
        assert len(payload) <= 2560, len(payload)  # what tasks/uplink has a buffer for
        found = json.loads(payload)
        if found["stat_t"] != "bridge/SN1/state":
            continue
        assert found["dev"]["ids"] == ["bridge_SN1"]
        assert found["o"]["name"]
        for component in found["cmps"].values():
            assert component["p"] in ("sensor", "binary_sensor", "switch")
            if len(component) > 1:  # else it is taken away: the read-only form of an output that people switch
                seen.append(component["uniq_id"])
    ids = [row[0] for row in points.rows()] + list(points.facts())
    assert sorted(seen) == sorted(["bridge_SN1_" + i for i in ids])


def test_discovery_is_json_whatever_the_names_of_topics_hold():
    """Proves: NET-4+"""
    state, settings = _state(), Settings()
    assert settings.apply({"mqtt_prefix": 'a"\\b', "system_name": 'The "House"'}) == []
    for number in range(entities.count(PATH)):
        found = json.loads(_joined(entities.pieces(PATH, number, state, settings)))
        assert (
            found["stat_t"] in ('a"\\b/SN1/state', 'a"\\b/SN1/settings') and found["avty_t"] == 'a"\\b/SN1/availability'
        )
        assert found["dev"]["name"] == 'The "House"'


def _command(payload, retained=False):
    outputs, changes, _, _, answer = set_message.read(payload, retained, Settings())
    return outputs, changes, answer


def test_a_command_for_one_output_leaves_the_other():
    """Proves: NET-4+"""
    assert _command(b'{"do2": true, "id": "a"}') == ((0b10, 0b10), {}, {"id": "a", "ok": True})
    assert _command(b'{"do1": false}')[0] == (0b01, 0b00)
    assert _command(b'{"do1": true, "do2": false}')[0] == (0b11, 0b01)


def test_a_setting_travels_as_a_field_of_its_own_name():
    mask, changes, answer = _command(b'{"publish_ms": 1000}')
    assert (mask, changes, answer["ok"]) == (None, {"publish_ms": 1000}, True)


def test_what_is_wrong_is_refused_whole_and_named():
    """Proves: NET-4+"""
    for payload, field in (
        (b"on", "message"),
        (b"[1]", "message"),
        (b"{}", "message"),
        (b"\xff\xfe", "message"),
        (b'{"do1": ' + b" " * 600 + b"true}", "message"),
        (b'{"do1": 1}', "do1"),
        (b'{"do3": true}', "do3"),
        (b'{"do1": true, "rs485_2_baud": 19200}', "rs485_2_baud"),
        (b'{"do1": "on"}', "do1"),
        (b'{"publish_ms": 1}', "publish_ms"),
        (b'{"do1": null}', "do1"),
        (b'{"recording": "yes"}', "recording"),
        (b'{"recording": true, "do3": true}', "do3"),
    ):
        mask, changes, answer = _command(payload)
        assert (mask, changes, answer["ok"]) == (None, {}, False), payload
        assert field in answer["errors"], (payload, answer)


def test_an_answer_is_utf_8_whatever_was_sent():
    """A program writes one character as two \\u escapes, and MicroPython reads two halves of it."""
    for payload, told in (
        (b'{"id": "\\ud83d\\ude00", "do1": true}', {"id": None, "ok": True}),
        (b'{"id": "\\ud83d", "do1": true}', {"id": None, "ok": True}),
        (b'{"id": "\xf0\x9f\x98\x80", "do1": true}', {"id": "\U0001f600", "ok": True}),
        (b'{"\\ud83d": 1}', {"id": None, "ok": False, "errors": {"?": "is no setting"}}),
        (b'{"id": [[[[]]]], "do1": true}', {"id": None, "ok": True}),
    ):
        assert _command(payload)[2] == told, payload
    _, _, _, _, answer = set_message.read(b'{"limit": {"\\ud83d": 1}}', False, Settings())
    assert answer["errors"] == {"limit": "knows generation_w, export_w, import_w and for_s, not ?"}


def test_an_ems_asks_for_limits_and_lets_go_of_them():
    """Proves: CTL-2+"""
    payload = b'{"id": 5, "limit": {"generation_w": 3000, "import_w": null, "for_s": 900}}'
    _, _, limits, _, answer = set_message.read(payload, False, Settings())
    assert answer == {"id": 5, "ok": True} and sorted(limits) == [(0, 3000, 900), (2, None, 900)]
    most = "must be 0 to 5000000 W, or null to release it"
    for text, rule in (
        ("{}", "must name at least one of generation_w, export_w and import_w"),
        ('{"for_s": 5}', "must name at least one of generation_w, export_w and import_w"),
        ("[1]", "must be an object of generation_w, export_w, import_w and for_s"),
        ("null", "must be an object of generation_w, export_w, import_w and for_s"),
        ('{"generation_w": -1}', "generation_w " + most),
        ('{"generation_w": true}', "generation_w " + most),
        ('{"export_w": 1.5}', "export_w " + most),
        ('{"export_w": 5000001}', "export_w " + most),
        ('{"generation_w": 1, "for_s": 0}', "for_s must be 1 to 86400 s, or be left out"),
        ('{"q": 1}', "knows generation_w, export_w, import_w and for_s, not q"),
    ):
        _, _, limits, _, answer = set_message.read(b'{"limit": %s}' % text.encode(), False, Settings())
        assert (limits, answer["errors"]) == ((), {"limit": rule}), text
    _, _, limits, _, answer = set_message.read(b'{"limit": {"generation_w": 0}}', True, Settings())
    assert limits == () and not answer["ok"]  # a retained one may be old


def test_a_retained_command_is_refused_because_it_may_be_old():
    mask, _, answer = _command(b'{"do1": true}', retained=True)
    assert mask is None
    assert "retain" in answer["errors"]["message"]


def test_no_secret_stands_in_what_is_published():
    """Proves: SEC-1+"""
    state, settings = _state(), Settings()
    assert not settings.apply({"mqtt_user": "u", "mqtt_password": "open sesame", "wlan_password": "abracadabra"})
    texts = ["".join(messages.state_pieces(state))] + [
        _joined(entities.pieces(PATH, n, state, settings)) for n in range(entities.count(PATH))
    ]
    assert not [t for t in texts if "sesame" in t or "abracadabra" in t]


def test_no_piece_of_what_is_published_needs_much_memory_at_once():
    """Proves: REL-2+"""
    state, settings = _state(), Settings()
    state.rs485 = ("x" * 250, "y" * 250)
    pieces = list(messages.state_pieces(state))
    for number in range(entities.count(PATH)):
        pieces += entities.pieces(PATH, number, state, settings)
    assert max([len(piece) for piece in pieces]) < 400, max(pieces, key=len)
