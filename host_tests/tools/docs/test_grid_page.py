"""The page of grid signals is made from the tables, and not old."""

import subprocess
import sys

from bridgectl import firmware
from bridgectl.docs import grid
from patience import HANG_S


def test_the_committed_page_and_picture_are_what_the_tables_say():
    command = [sys.executable, "-m", "bridgectl.docs.grid", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, cwd=firmware.ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_shows_every_preset_with_its_16_rows():
    """Proves: DRM-1"""
    lines = grid.page().splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith(("| 0 ", "| 1 "))]
    assert len(rows) == 16
    assert rows[0][1:] == ["100", "100", "100", "100", "100", "100", "100 |"]
    # DI1 + DI4
    assert rows[9][1:] == ["0\\*", "0\\*", "60 d", "0\\*", "0", "100/0", "x |"]


def test_the_picture_has_a_field_for_each_state_of_each_table():
    assert grid.picture().count('stroke="#777"') == 16 * 7
