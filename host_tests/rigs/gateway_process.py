"""A gateway in the MicroPython unix port between a simulated bus at wire speed and clients on loopback.

with Gateway(think_ms=20, poll_ms=250) as gateway: ... gateway.port, gateway.wire, gateway.told() ...
"""

import contextlib
import json
import os
import socket
import subprocess
import threading
import time

from bridgectl import firmware
from bridgectl.device import build
from free_ports import free_port
from patience import HANG_S

firmware.load()
from bridgectl.site.house import House  # noqa: E402
from bridgectl.site.meter import Meter  # noqa: E402
from bridgectl.site.wire import PtyWire  # noqa: E402

# For a slave that answers: what there is to wait for is its answer, however late a busy machine brings it.
PATIENT = {"reply_ms": 1000 * HANG_S, "deadline_ms": 1000 * HANG_S}


class Gateway:
    """One process; `options` go to host_tests/rigs/unix/gateway_host.py. Its only slave is a meter with unit 1."""

    def __init__(self, think_ms=20, heap="256k", **options):
        self.wire = PtyWire(Meter(House()), think_ms=think_ms, in_lumps=True)
        self.port = free_port()
        self._options = [f"{name}={value}" for name, value in options.items()]
        self._heap = heap
        self._told = None
        self._process = None

    def __enter__(self):
        self.wire.start()
        unix = firmware.ROOT / "host_tests" / "rigs" / "unix"
        path = [unix, firmware.ROOT / "build" / "all" / "host"]
        self._process = subprocess.Popen(
            [build.micropython(), "-X", f"heapsize={self._heap}", str(unix / "gateway_host.py"), self.wire.path]
            + [str(self.port), *self._options],
            env={**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.other_lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        deadline = time.monotonic() + HANG_S
        while "ready" not in self.other_lines:
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.__exit__()
                raise RuntimeError("gateway did not start:\n" + "\n".join(self.other_lines))
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(HANG_S)
        self._reader.join(HANG_S)
        self.wire.close()

    def told(self):
        """Return the next counts that it tells about itself, as a dict."""
        self._told = None
        deadline = time.monotonic() + HANG_S
        while self._told is None:
            assert time.monotonic() < deadline and self._process.poll() is None, self.other_lines
            time.sleep(0.02)
        return self._told

    def connect(self):
        """Return a plain socket to it, with a time-out."""
        s = socket.create_connection(("127.0.0.1", self.port), HANG_S)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def _read(self):
        for line in self._process.stdout:
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if isinstance(told, dict):
                    self._told = told
                    continue
            self.other_lines.append(line.rstrip())


def read_request(address, quantity=2, transaction=1, unit=1, function=4):
    """Return a request to read registers, as bytes with header."""
    return (
        b"".join(n.to_bytes(2, "big") for n in (transaction, 0, 6))
        + bytes((unit, function))
        + (address.to_bytes(2, "big") + quantity.to_bytes(2, "big"))
    )


def take(sock, count):
    """Return exactly count bytes of a socket; fewer only if the other side has closed."""
    got = b""
    while len(got) < count:
        piece = sock.recv(count - len(got))
        if not piece:
            break
        got += piece
    return got


def take_reply(sock):
    """Return (transaction, unit, PDU) of the next reply, None if the connection was closed instead."""
    head = take(sock, 7)
    if len(head) < 7:
        return None
    return int.from_bytes(head[:2], "big"), head[6], take(sock, int.from_bytes(head[4:6], "big") - 1)
