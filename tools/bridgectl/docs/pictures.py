"""Takes the pictures of the pages, docs/portal-*.png: the simulated bridge runs, Chromium looks at it as a phone does.

`python -m bridgectl.docs.pictures`, or `make pictures`. CHROMIUM in the environment names a browser elsewhere.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from bridgectl import firmware
from bridgectl.run.session import Session

FOLDER = firmware.ROOT / "docs"
_NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
# page: width and height of the window; in this order, for there is no system before the last one
PAGES = {"network": (390, 700), "system": (390, 600), "settings": (390, 1400), "status": (390, 1920)}
# What a person has done before.
_BEFORE = {
    "network": ("api/scan", {}),
    "status": ("api/system", {"system_name": "Garden Street 12", "time_zone": "Europe/Berlin"}),
}
_SCALE = 1
_LOADS_MS = 6000  # of the page's own time: it asks the bridge every two seconds
_PATIENCE_S = 60
_STEADY_S = 6  # then the search is over, and the plant was asked for all it has


def browser():
    """Return the path of a browser, None if there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


def command(program, page, address, target, profile):
    """Return the command that takes one picture, as a list. Reduced motion shows lights lit that flash."""
    width, height = PAGES[page]
    return [
        program,
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-prefers-reduced-motion"),
        f"--user-data-dir={profile}",
        f"--window-size={width},{height}",
        f"--force-device-scale-factor={_SCALE}",
        f"--virtual-time-budget={_LOADS_MS}",
        f"--screenshot={target}",
        f"{address}{page}",
    ]


async def take(folder=FOLDER, pages=tuple(PAGES)):
    """Run the simulated bridge, take pictures of `pages` into `folder` and return their paths."""
    program = browser()
    if not program:
        sys.exit("no Chromium: install one, or name it with CHROMIUM=/path/to/chromium")
    with tempfile.TemporaryDirectory(prefix="bridge-") as place:
        session = Session(folder=Path(place) / "run")
        try:
            await session.start()
            await _until(lambda: session.first_reading_s is not None and _answers(session.page))
            made = []
            for page in pages:
                if page in _BEFORE:
                    await asyncio.to_thread(_send, session.page, *_BEFORE[page])
                    await asyncio.sleep(_STEADY_S)
                target = Path(folder) / f"portal-{page}.png"
                words = command(program, page, session.page, target, Path(place) / "browser")
                await asyncio.to_thread(subprocess.run, words, check=True, capture_output=True, timeout=_PATIENCE_S)
                made.append(target)
            return made
        finally:
            await session.end()


async def _until(true):
    for _ in range(_PATIENCE_S * 4):
        if await asyncio.to_thread(true):
            return
        await asyncio.sleep(0.25)
    sys.exit(f"the bridge did not start in {_PATIENCE_S} s")


def _answers(page):
    try:
        with urllib.request.urlopen(page + "api/status", timeout=5) as answer:
            return json.load(answer)["wlan_state"] == "joined"
    except OSError:
        return False


def _send(page, path, asked):
    headers = {"Content-Type": "application/json", "X-Bridge": "1"}
    content = json.dumps(asked).encode()
    urllib.request.urlopen(urllib.request.Request(page + path, content, headers), timeout=10).close()


def main():
    """Take all of them."""
    for path in asyncio.run(take()):
        print(path)


if __name__ == "__main__":
    main()
