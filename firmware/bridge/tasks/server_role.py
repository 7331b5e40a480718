"""A port that answers a third-party master (an EMS) with the bridge's own registers and the SunSpec models."""

import clock
from bridge.logic import register_map
from micropython import const
from modbus import server, serving

_THINK_MS = const(5)  # behind t3.5; masters that switch their driver late still hear the first byte
_LONGEST_NAME = const(64)  # bytes of a text of the identification


class Server:
    """The port object of the role `server`. `bus` runs it, `slave` tells its link, as with the other ports.

    port: RS485 port 1 or 2. unit: 1..247. command: see register_map.RegisterMap; None = read-only.
    """

    name = "server"

    def __init__(self, board, state, settings, port, baud, parity, unit, command=None):
        line = board.rs485(port, baud, parity)
        bank = register_map.RegisterMap(state, unit, clock.ticks_ms, command)
        self.device = server.Server(unit, bank, identity(board, state, settings))
        self.bus = self.slave = serving.Serving(line, baud, parity, self.device, _THINK_MS)
        self.shown_link = "starting"
        self.shown_counts = {}

    def report(self, state, link, counts):
        """Keep link and counts for whoever shows them."""
        self.shown_link = link
        self.shown_counts = counts


def identity(board, state, settings):
    """Return the objects of read device identification (43/14)."""
    texts = (
        (0, "sigen-bridge"),
        (1, "COM"),
        (2, state.version),
        (4, "COM-terminal bridge"),
        (5, board.name),
        (6, settings.system_name),
        (0x80, state.sn),
    )
    return tuple([(number, text.encode()[:_LONGEST_NAME]) for number, text in texts])
