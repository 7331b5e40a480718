"""`python -m bridgectl.emulator`: see scenario.py."""

import sys

from bridgectl.device import build

from . import chip, download, scenario

try:
    scenario.main(sys.argv[1:])
except (build.BuildError, chip.Stalled, download.DownloadError, TimeoutError) as problem:
    sys.exit(f"emulate: {problem}")
