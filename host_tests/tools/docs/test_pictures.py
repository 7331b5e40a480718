"""The pictures of the pages: what is asked of the browser, and that the README shows those that are made."""

import re
import struct

import pytest
from bridgectl import firmware
from bridgectl.docs import pictures


def test_the_browser_sees_a_page_as_a_phone_does():
    words = pictures.command("chromium", "status", "http://127.0.0.1:18080/", "out.png", "profile")
    assert words[0] == "chromium" and words[-1] == "http://127.0.0.1:18080/status"
    for word in (
        "--window-size=390,1920",
        "--screenshot=out.png",
        "--force-prefers-reduced-motion",
        "--user-data-dir=profile",
    ):
        assert word in words


@pytest.mark.parametrize("page", ["network", "system", "settings", "status"])
def test_a_picture_is_as_large_as_its_window(page):
    head = (firmware.ROOT / "docs" / f"portal-{page}.png").read_bytes()[:24]
    assert struct.unpack(">II", head[16:]) == pictures.PAGES[page]


def test_the_readme_shows_pictures_that_are_there():
    shown = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (firmware.ROOT / "README.md").read_text())
    assert len(shown) >= 4 and [path for path in shown if not (firmware.ROOT / path).exists()] == []


def test_without_a_browser_it_says_so(monkeypatch):
    monkeypatch.setattr(pictures, "browser", lambda: None)
    with pytest.raises(SystemExit, match="no Chromium: install one"):
        pictures.asyncio.run(pictures.take())
