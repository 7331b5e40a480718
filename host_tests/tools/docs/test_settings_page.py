"""The page of all settings is made from their table and is not old."""

import re
import subprocess
import sys

from bridgectl import firmware
from bridgectl.docs import settings as settings_page
from patience import HANG_S

firmware.load()

import table  # noqa: E402
from bridge import meanings, points, settings_table  # noqa: E402
from bridge.logic.doors import set_message  # noqa: E402
from bridge.settings import Settings  # noqa: E402

ROOT = firmware.ROOT


def test_the_committed_page_is_what_the_table_says():
    command = [sys.executable, "-m", "bridgectl.docs.settings", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_every_setting_is_on_the_page_once_with_its_default_and_its_meaning():
    lines = settings_page.page().splitlines()
    assert [name for name, _ in table.rows(meanings.TABLE)] == settings_table.names()
    for name, _, default, _, _, _ in settings_table.rows():
        meaning = table.row(meanings.TABLE, name)[1]
        (line,) = [line for line in lines if line.startswith(f"| `{name}` |")]
        assert line.endswith(f"| {meaning} |")
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        assert line.split(" | ")[2].strip() == shown


def test_the_manual_names_no_setting_and_no_value_that_there_is_not():
    known = {row[0] for row in settings_table.rows()}
    known |= {row[0] for text in (points.POINTS, points.FACTS) for row in table.rows(text)}
    beginnings = ("rs485_", "sensor_", "plant_", "server_", "meter_", "gateway_", "grid_", "mqtt_", "wlan_")
    for page in ("README.md", "docs/ports.md", "docs/grid.md"):
        words = re.findall(r"[`\"]([a-z0-9]+_[a-z0-9_]+)[`\"]", (ROOT / page).read_text())
        assert {word for word in words if word.startswith(beginnings)} <= known, page


def test_every_example_of_the_manual_is_a_command_that_the_bridge_takes():
    for page in ("README.md", "docs/ports.md"):
        examples = re.findall(r"-m '(\{.*?\})'", (ROOT / page).read_text())
        for text in examples:
            _, changes, _, _, answer = set_message.read(text.encode(), False, Settings())
            assert answer["ok"] and changes, (page, text, answer)
    assert len(examples) >= 7


def test_each_role_has_its_section_in_the_manual():
    sections = re.findall(r"^## (\w+)$", (ROOT / "docs" / "ports.md").read_text(), re.M)
    roles = {row[0]: row[3] for row in settings_table.rows()}
    assert sections == roles["rs485_1_role"] and set(roles["rs485_2_role"]) < set(sections)
