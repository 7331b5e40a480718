"""A Home Assistant at a broker, in an environment of its own: its versions fit to nothing else.

    with HomeAssistant(broker.port) as home: ... home.states(), home.call("select", "select_option", {...})

The environment is made once, in build/. In CI it must be there; elsewhere a test is skipped where it cannot be made.
"""

import fcntl
import json
import subprocess
import sys

from bridgectl import firmware
from modbus_peers import missing
from patience import HANG_S

_HERE = firmware.ROOT / "host_tests" / "rigs" / "house"
_INSTALL_S = 600  # 80 packages from a registry


def _python():
    """Return the Python of the environment, which is made if it is not there."""
    folder = firmware.ROOT / "build" / "homeassistant"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        wanted, mark, python = (_HERE / "requirements.txt").read_text(), folder / "installed", folder / "bin" / "python"
        if not mark.exists() or mark.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=HANG_S)
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            done = subprocess.run(
                [*command, "-r", _HERE / "requirements.txt"],
                capture_output=True,
                text=True,
                timeout=_INSTALL_S,
                check=False,
            )
            if done.returncode:
                missing("Home Assistant (pip: " + done.stderr.strip()[-200:] + ")")
            mark.write_text(wanted)
    return python


class HomeAssistant:
    """One process, asked line by line."""

    def __init__(self, port):
        self._port = port

    def __enter__(self):
        self._process = subprocess.Popen(
            [_python(), _HERE / "house.py", str(self._port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert json.loads(self._process.stdout.readline()) == {"ready": True}
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(HANG_S)

    def states(self):
        """Return {unique id: entity_id, platform, category, state, attributes} of all entities that are shown."""
        return self._ask({"states": True})

    def call(self, domain, service, data):
        """Call a service, as a tap on the screen does; return why Home Assistant itself refuses it, None if it does not."""
        return self._ask({"call": [domain, service, data]})["refused"]

    def _ask(self, request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
