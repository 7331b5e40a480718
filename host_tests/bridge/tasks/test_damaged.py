"""A real bridge whose settings are damaged in both copies: what its page and the PC say, and how a person decides."""

import json
import os

import pytest
from bridgectl.cli import app
from bridgectl.run.process import RESTART_CODE
from portal_rig import Bridge
from store import record
from typer.testing import CliRunner

RULE = "are damaged and cannot be read: a person has to say which ones count from now on (page Settings)"


def bridgectl(*words):
    done = CliRunner().invoke(app, ["settings", *words])
    return done.exit_code, done.stdout, done.stderr


def spoilt(folder):
    """Make a root whose settings are damaged in both copies."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for path in (folder / "data" / "settings", folder / "settings"):
        path.write_bytes(b"\0" * 171)
    return folder


def test_the_page_says_what_is_damaged_takes_nothing_else_and_begins_anew(tmp_path):
    """Proves: REL-1+"""
    with Bridge(spoilt(tmp_path)) as bridge:
        bridge.await_portal()
        status = bridge.json("status")
        assert (status["damaged"], status["rs485"], status["outputs"]) == ("settings", ["off", "off"], 0)
        assert bridge.json("settings")["damaged"] == "settings"
        for path, body in (
            ("settings", {"changes": {"plant_unit": 3}, "untested": False}),
            ("join", {"ssid": "Home", "password": "12345678"}),
            ("system", {"system_name": "House", "time_zone": "UTC"}),
        ):
            assert bridge.post(path, body) == (400, {"ok": False, "errors": {"settings": RULE}}), path
        wrong = bridge.post("anew", {"changes": {"plant_unit": 300}, "untested": False})
        assert wrong == (400, {"ok": False, "errors": {"plant_unit": "must be 1 to 247, not 300"}})
        wanted = {"changes": {"rs485_1_role": "listen", "plant_unit": 3}, "untested": False}
        assert bridge.post("anew", wanted) == (200, {"ok": True})
        assert bridge.json("status")["damaged"] == ""
        assert bridge.ended() == RESTART_CODE
    assert record.load(str(tmp_path / "data" / "settings")) == {"rs485_1_role": "listen", "plant_unit": 3}


def test_the_pc_says_what_is_damaged_and_begins_anew(tmp_path):
    """Proves: REL-1+"""
    spoilt(tmp_path)
    code, shown, said = bridgectl(str(tmp_path), "get", "plant_unit")
    assert (code, shown) == (0, "  plant_unit           247\n")
    assert said.startswith("Damaged and not to be read: settings. `bridgectl settings PORT anew NAME=VALUE ...`")
    assert bridgectl(str(tmp_path), "set", "plant_unit=3") == (2, "", f"settings {RULE}\n")
    assert bridgectl(str(tmp_path), "anew", "plant_unit=3", "rs485_1_role=listen")[0] == 0
    assert bridgectl(str(tmp_path), "get", "plant_unit") == (0, "* plant_unit           3\n", "")


def test_the_pc_begins_a_damaged_record_of_the_limit_anew_and_leaves_the_settings(tmp_path):
    assert bridgectl(str(spoilt(tmp_path)), "anew", "plant_unit=3")[0] == 0
    for path in (tmp_path / "data" / "limit", tmp_path / "limit"):
        path.write_bytes(b"rubbish")
    assert bridgectl(str(tmp_path), "get", "plant_unit")[2].startswith("Damaged and not to be read: limit.")
    assert bridgectl(str(tmp_path), "anew")[0] == 0
    assert bridgectl(str(tmp_path), "get", "plant_unit") == (0, "* plant_unit           3\n", "")
    assert sorted(os.listdir(tmp_path / "data")) == ["settings"]


@pytest.mark.parametrize("line", [{"anew": {}, "set": {}}, {"anew": 5}, {"anew": []}])
def test_a_decision_that_is_none_is_refused(line):
    from bridge.logic.doors import typed_line
    from bridge.settings import Settings

    answer, changed = typed_line.answer(json.dumps(line).encode(), Settings(), "settings", lambda changes: [])
    assert (answer["ok"], list(answer["errors"]), changed) == (False, ["line"], ())
