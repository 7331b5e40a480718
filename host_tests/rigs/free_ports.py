"""Ports of loopback for servers that tests start."""

import secrets
import socket

_FIRST, _COUNT = 10000, 20000  # below those that Linux gives to whoever connects, which would take one by chance


def free_port(kind=socket.SOCK_STREAM):
    """Return a port of loopback that nobody has; no two workers look in the same order."""
    while True:
        port = _FIRST + secrets.randbelow(_COUNT)
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
