"""Real MQTT brokers for tests: mosquitto and amqtt, each a process of its own on a free loopback port.

    with Mosquitto(tmp_path) as broker: ... broker.port ...

stop(), start() (same port), freeze() and thaw() make the outages. Only processes started here are ended, by their id.
"""

import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from free_ports import free_port
from patience import HANG_S

_MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")


class _Process:
    """A broker's process; the with statement starts and stops it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Start it and return when it listens."""
        with open(self.folder / "broker.log", "ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log)
        deadline = time.monotonic() + HANG_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("broker did not start:\n" + (self.folder / "broker.log").read_text())

    def stop(self):
        """Kill it at once: no leave is taken."""
        if self._process:
            self._process.kill()
            self._process.wait(HANG_S)
            self._process = None

    def freeze(self):
        """Let it hold its connections and do nothing, like a machine behind a dead line."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)


class Mosquitto(_Process):
    """Debian's broker. users: {name: password}, with which nobody else gets in."""

    available = _MOSQUITTO is not None

    def __init__(self, folder, users=None):
        super().__init__(folder)
        self._users = users

    def _command(self):
        lines = [f"listener {self.port} 127.0.0.1", "persistence false"]
        lines.append("allow_anonymous " + ("false" if self._users else "true"))
        if self._users:
            passwords = self.folder / "passwords"
            passwords.write_text("".join(f"{name}:{word}\n" for name, word in self._users.items()))
            passwords.chmod(0o600)
            subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, timeout=HANG_S)
            lines.append(f"password_file {passwords}")
        if os.getuid() == 0:
            lines.append("user root")  # else it would change to a user who cannot read these files
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        return [_MOSQUITTO, "-c", str(config)]


class Amqtt(_Process):
    """The broker of PyPI, an independent second implementation."""

    available = True

    def _command(self):
        return [sys.executable, __file__, str(self.port)]


async def _serve(port):
    from amqtt.broker import Broker

    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(_serve(int(sys.argv[1])))
