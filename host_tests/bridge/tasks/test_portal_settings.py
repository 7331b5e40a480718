"""The page *Settings* of the real bridge: what it shows, what it takes, and that a broker is tried before it is kept."""

import contextlib
import gzip
import json
import socket
import threading

import pytest
from free_ports import free_port
from portal_rig import Bridge


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    stored = {"mqtt_user": "u", "mqtt_password": "only-for-tests-9", "wlan_password": "only-for-tests-8"}
    with Bridge(tmp_path_factory.mktemp("bridge"), settings=stored) as b:
        yield b.await_portal()


def held(bridge, *names):
    shown = bridge.json("settings")["settings"]
    return [shown[name] for name in names]


def change(bridge, untested=False, **changes):
    return bridge.post("settings", {"changes": changes, "untested": untested})


@contextlib.contextmanager
def broker(answer):
    """A broker that answers each login with the bytes `answer`; yields its port and the list of logins."""
    logins = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        logins.append(connection.recv(1024))
                        connection.sendall(answer)
                        connection.recv(1024)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], logins
        server.shutdown(socket.SHUT_RDWR)


def test_the_page_shows_all_settings_and_no_secret(bridge):
    status, headers, body = bridge.ask("GET", "/api/settings")
    assert status == 200 and headers["Cache-Control"] == "no-store"
    shown = json.loads(body)
    assert shown["sn"] == "SN0123456789" and len(shown["settings"]) == 75
    assert shown["settings"]["mqtt_password"] is True
    assert b"only-for-tests" not in body


GRID = """grid_table grid_drm grid_rows grid_active grid_reactive grid_open_pct grid_unknown grid_unknown_pct
grid_closed_mask""".split()


def test_the_rules_beside_the_page_are_those_of_the_table(bridge):
    status, headers, body = bridge.ask("GET", "/settings.json")
    assert status == 200 and headers["Content-Type"].startswith("application/json")
    groups = json.loads(gzip.decompress(body))
    assert [(heading, [row[0] for row in rows]) for heading, rows in groups] == [
        ("Broker", ["mqtt_host", "mqtt_port", "mqtt_user", "mqtt_password", "mqtt_prefix"]),
        ("Grid signal", GRID),
        (
            "Limits",
            [
                "limit_user_w",
                "limit_export_w",
                "export_at",
                "limit_import_w",
                "limit_off_grid_w",
                "limit_fuse_a",
                "dim_import_w",
            ],
        ),
        (
            "Plant",
            ["rs485_1_role", "rs485_1_baud", "plant_unit", "plant_import", "plant_disconnect", "plant_reactive"],
        ),
        ("Power sensor", ["rs485_2_role", "rs485_2_baud", "sensor_model", "sensor_unit", "sensor_inverted"]),
        ("Outputs", ["do_safe_mask", "do1_owner", "do2_owner", "do1_rules", "do2_rules", "heat_pump", "generator"]),
    ]
    assert groups[3][1][1:3] == [
        ["rs485_1_baud", "rate", 9600, [1200, 2400, 4800, 9600], "", "bps", "Baud rate of RS485-1"],
        ["plant_unit", "int", 247, 1, 247, "", "Modbus unit of the plant"],
    ]


def test_a_setting_of_yes_or_no_is_taken_as_the_page_sends_it(bridge):
    assert change(bridge, sensor_inverted=True) == (200, {"ok": True})
    assert held(bridge, "sensor_inverted") == [True]
    assert change(bridge, sensor_inverted="true")[1]["errors"] == {"sensor_inverted": "must be true or false"}


def test_all_or_nothing_is_taken_with_the_words_of_the_table(bridge):
    assert change(bridge, plant_unit=3, grid_table="ripple") == (200, {"ok": True})
    assert held(bridge, "plant_unit", "grid_table") == [3, "ripple"]
    status, answer = change(bridge, plant_unit=4, rs485_2_baud=19200, colour="red")
    assert status == 400
    assert answer["errors"] == {
        "rs485_2_baud": "RS485 of the COM terminal runs at 9600 bps at most (cable up to 1000 m)",
        "colour": "is no setting",
    }
    assert held(bridge, "plant_unit") == [3]


@pytest.mark.parametrize(
    "body", [[], {}, {"changes": {}, "untested": False}, {"changes": {"plant_unit": 5}}, {"changes": 5, "untested": 1}]
)
def test_what_names_no_change_is_refused(bridge, body):
    status, answer = bridge.post("settings", json.dumps(body).encode(), {"Content-Type": "application/json"})
    assert status == 400 and not answer["ok"]
    assert held(bridge, "plant_unit") != [5]


def test_a_broker_that_does_not_answer_is_kept_only_untested(bridge):
    port = free_port()
    status, answer = change(bridge, mqtt_host="127.0.0.1", mqtt_port=port)
    assert status == 400 and list(answer["errors"]) == ["broker"] and answer["errors"]["broker"]
    assert held(bridge, "mqtt_host", "mqtt_port") == ["", 1883]
    assert change(bridge, untested=True, mqtt_host="127.0.0.1", mqtt_port=port)[0] == 200
    assert held(bridge, "mqtt_host", "mqtt_port") == ["127.0.0.1", port]
    assert change(bridge, mqtt_host="")[0] == 200  # none at all needs no trial


def test_a_broker_is_tried_with_the_password_that_the_bridge_has(bridge):
    assert change(bridge, mqtt_host="", mqtt_port=1883)[0] == 200
    with broker(b"\x20\x02\x00\x05") as (port, logins):
        status, answer = change(bridge, mqtt_host="127.0.0.1", mqtt_port=port)
        assert status == 400
        assert answer["errors"] == {"broker": "login refused: not authorised; allow this user at the broker"}
        assert logins[0].endswith(b"\x00\x01u\x00\x10only-for-tests-9")
        assert b"bridge-SN0123456789-trial" in logins[0]
    assert held(bridge, "mqtt_host") == [""]
    with broker(b"\x20\x02\x00\x00") as (port, logins):
        assert change(bridge, mqtt_host="127.0.0.1", mqtt_port=port, mqtt_password="other")[0] == 200
        assert logins[0].endswith(b"\x00\x05other")
        assert held(bridge, "mqtt_host", "mqtt_port") == ["127.0.0.1", port]
        assert change(bridge, mqtt_host="")[0] == 200
