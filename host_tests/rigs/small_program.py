"""Runs a program of a few modules under the MicroPython unix port."""

import subprocess

from bridgectl.device import build
from patience import HANG_S


def run(folder, files, program="import app; app.main()"):
    """Return the lines that a program prints. files: {module such as bridge/app: text}, written below folder."""
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command = [build.micropython(), "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
