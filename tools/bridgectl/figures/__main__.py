"""Measures every figure of the project now and prints one JSON object a line.

{"figure": name, "value": number, "unit": text, "how": what was measured}, and {"aim", "met"} where there is an aim.
`python -m bridgectl.figures [PART ...]` measures only the parts named, see PARTS. What they mean: docs/figures.md.
"""

import json
import os
import subprocess
import sys

from bridgectl import firmware
from bridgectl.device import build
from bridgectl.figures.say import say

ROOT = firmware.ROOT
_TIMEOUT_S = 7500
_MEMORY_TOOLS = ("spelling.py", "groups.py", "joined.py", "scopes.py", "sources.py")


def _build():
    for board in ("rp2040", "esp32"):
        build.build(board, quiet=True)
    say("device_bytes", build.device_bytes("rp2040"), "B", "sum of .mpy in build/rp2040")
    say("device_bytes_esp32", build.device_bytes("esp32"), "B", "sum of .mpy in build/esp32")
    pages = sum(p.stat().st_size for p in (ROOT / "build" / "rp2040" / "web").glob("*.gz"))
    tools = [ROOT / "tools" / "bridgectl" / "device" / name for name in _MEMORY_TOOLS]
    lines = sum(len(tool.read_text().splitlines()) for tool in tools)
    how = f"of tools that exist only to save memory, for rp2040 alone: device/{{{','.join(_MEMORY_TOOLS)}}}"
    say("memory_tool_lines", lines, "lines", how)
    say("portal_bytes_gz", pages, "B", "the hotspot's pages as they lie on the flash")


def _module(name, *words):
    """Let a module that prints figures itself do so."""
    code = subprocess.run([sys.executable, "-m", name, *words], timeout=_TIMEOUT_S, check=False, cwd=ROOT).returncode
    if code:
        sys.exit(f"{name} failed with code {code}")


def _tests():
    path = ROOT / "build" / "tests.json"
    if not path.exists() or "cpu" not in json.loads(path.read_text()):
        subprocess.run([sys.executable, "-m", "bridgectl.tests"], check=False, cwd=ROOT, stdout=subprocess.DEVNULL)
    ran = json.loads(path.read_text())
    say("test_seconds", ran["seconds"], "s", f"last whole `make test` on this machine, {os.cpu_count()} cores")
    say("test_cpu_seconds", ran["cpu"], "s", "of the processor, in the same run")


PARTS = {
    "build": _build,
    "cuts": lambda: _module("bridgectl.figures.cuts"),
    "storage": lambda: _module("bridgectl.figures.storage"),
    "uplink": lambda: _module("bridgectl.figures.uplink"),
    "emulator": lambda: _module("bridgectl.emulator"),
    "blind": lambda: _module("bridgectl.emulator", "blind"),
    "pacing": lambda: _module("bridgectl.figures.pacing"),
    "engine": lambda: _module("bridgectl.figures.engine"),
    "gateway": lambda: _module("bridgectl.figures.gateway"),
    "finder": lambda: _module("bridgectl.figures.finder"),
    "contacts": lambda: _module("bridgectl.figures.contacts"),
    "generator": lambda: _module("bridgectl.figures.generator"),
    "replay": lambda: _module("bridgectl.figures.replay"),
    "export": lambda: _module("bridgectl.figures.export"),
    "limit": lambda: _module("bridgectl.figures.limit"),
    "turnaround": lambda: _module("bridgectl.figures.turnaround"),
    "truth": lambda: _module("bridgectl.figures.truth"),
    "update": lambda: _module("bridgectl.figures.update"),
    "tests": _tests,
    "busy": lambda: _module("bridgectl.figures.busy"),
}
_WITHIN = ("blind",)  # another part measures it too


def main():
    wanted = sys.argv[1:] or [part for part in PARTS if part not in _WITHIN]
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        sys.exit(f"figures: no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    for part in wanted:
        PARTS[part]()


if __name__ == "__main__":
    main()
