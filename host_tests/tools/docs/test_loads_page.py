"""The page of the outputs is made from the tables, and not old."""

import subprocess
import sys

from bridgectl import firmware
from bridgectl.docs import loads
from patience import HANG_S


def test_the_committed_page_is_what_the_tables_say():
    command = [sys.executable, "-m", "bridgectl.docs.loads", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, cwd=firmware.ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_every_key_stands_on_the_page_with_its_default_and_meaning_and_every_state_in_the_diagram():
    """Proves: CTL-3, CTL-4, CTL-5"""
    text = loads.page()
    assert text.count("\n| `") == 5 + 11 + 10 + 23  # owners, and the keys of three settings
    assert "| `rated` | 0 | 0 to 17600 | W | smart_load: what it takes;" in text
    assert "    s4 : running (start and load closed)\n" in text
    assert text.count(" --> ") == 27
    assert "    s3 --> s7 : it stopped by itself\n" in text
