"""The real bridge in a process of its own, with a hotspot on loopback, for tests that talk to it like a phone."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import zlib

from bridgectl.device import build
from free_ports import free_port
from patience import HANG_S

SN = "SN0123456789"
PASSWORD = "only-for-tests-7"


def write_record(path, value):
    """Write a record of lib/store/record.py."""
    body = json.dumps(value).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"record1 %08x\n" % zlib.crc32(body) + body)


class Bridge:
    """firmware/main.py under the unix port in a folder of its own. A context manager; `log` holds its lines so far.

    networks: lines of simulated access points; device: record of the provisioning, None = not provisioned;
    wires: paths of the ttys of RS485-1 and RS485-2; console: path of a tty that it talks at, `log` is empty then.
    """

    def __init__(self, folder, networks="", device=True, wires=("", ""), heap="512k", settings=None, console=""):
        self.folder = folder
        self.port = free_port()
        self.dns_port = free_port(socket.SOCK_DGRAM)
        self.log = []
        # as on a board: the root holds main.py and the slot, and nothing else is on the path
        shutil.copytree(build.build("host", quiet=True), folder / "a", dirs_exist_ok=True)
        shutil.copy(build.ROOT / "firmware" / "main.py", folder)
        self._heap = heap
        self._console = console
        self._process = None
        self.site = folder / "site"
        self.site.mkdir(parents=True, exist_ok=True)
        (self.site / "networks").write_text(networks)
        if device:
            write_record(folder / "data" / "device", {"sn": SN, "hotspot_password": PASSWORD})
        if settings:
            write_record(folder / "data" / "settings", settings)
        self._environment = {
            **os.environ,
            "BRIDGE_ROOT": str(folder),
            "BRIDGE_SITE": str(self.site),
            "BRIDGE_HTTP_PORT": str(self.port),
            "BRIDGE_DNS_PORT": str(self.dns_port),
            "BRIDGE_RS485_1": wires[0],
            "BRIDGE_RS485_2": wires[1],
            "MICROPYPATH": f"{folder / 'a'}:.frozen",
        }

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        command = [build.micropython(), "-X", f"heapsize={self._heap}", str(self.folder / "main.py")]
        if self._console:
            # The shell opens it as the leader of a session: so Ctrl-C there reaches the bridge.
            own = ["sh", "-c", 'exec "$@" <>"$0" >&0 2>&0', self._console, *command]
            self._process = subprocess.Popen(own, env=self._environment, start_new_session=True)
            return self
        self._process = subprocess.Popen(
            command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(HANG_S)

    def _listen(self):
        for line in self._process.stdout:
            self.log.append(line.rstrip())

    def await_log(self, text, timeout_s=HANG_S):
        """Return the first line of the log with `text` in it; AssertionError if it does not come."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for line in list(self.log):
                if text in line:
                    return line
            assert self._process.poll() is None, "the bridge has ended:\n" + "\n".join(self.log)
            time.sleep(0.05)
        raise AssertionError(f"{text!r} was not logged:\n" + "\n".join(self.log))

    def await_portal(self):
        """Wait until the pages are there; return self."""
        self.await_log("portal: open at")
        return self

    def ended(self, timeout_s=HANG_S):
        """Return the exit code of the process, once it has ended by itself."""
        return self._process.wait(timeout_s)

    def ask(self, method, path, body=None, headers=None, timeout_s=HANG_S):
        """Return (status, headers, body) of one request, sent as the pages send it; body: dict, bytes or None."""
        sent = {"Host": self.host}
        if body is not None:
            kind = "application/json" if isinstance(body, dict) else "application/octet-stream"
            sent |= {"X-Bridge": "1", "Content-Type": kind, "Origin": f"http://{self.host}"}
            body = json.dumps(body).encode() if isinstance(body, dict) else body
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        with contextlib.closing(connection):
            connection.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def json(self, path):
        """Return the JSON of a GET of the API."""
        status, _, body = self.ask("GET", "/api/" + path)
        assert status == 200, (status, body)
        return json.loads(body)

    def post(self, path, body, headers=None):
        """Return (status, JSON) of a POST to the API."""
        status, _, body = self.ask("POST", "/api/" + path, body, headers)
        return status, json.loads(body)

    def raw(self, *pieces, timeout_s=HANG_S, pause_s=0.0):
        """Return what comes back for bytes sent as they are, until the other side closes; b"" if it sends nothing."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s) as s:
            for piece in pieces:
                s.sendall(piece)
                time.sleep(pause_s)
            return read_all(s)


def read_all(s):
    """Return what a socket gives until it is closed, or reset."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while piece := s.recv(4096):
            got += piece
    return got


def head(bridge, line, **headers):
    """Return the bytes of a request's head; headers with _ for -."""
    headers = {"Host": bridge.host} | {k.replace("_", "-"): v for k, v in headers.items()}
    return (line + "\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode()


def status_of(answer):
    """Return the status of an answer, or None if there is none."""
    return int(answer.split(b" ", 2)[1]) if answer else None
