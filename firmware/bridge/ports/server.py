"""A port that answers a third-party master (an EMS) with the bridge's own registers and the SunSpec models."""

import clock
from bridge.logic.doors import register_map
from bridge.logic.grid import outputs
from bridge.ports.port import Port
from micropython import const
from modbus.server import server, serving

_THINK_MS = const(5)  # behind t3.5; masters that switch their driver late still hear the first byte
_LONGEST_NAME = const(64)  # bytes of a text of the identification


class Server(Port):
    """The port object of the role `server`, see ports/roles."""

    def __init__(self, line, baud, parity, board, state, settings):
        """settings: server_unit is 1..247, server_outputs lets the other master write coils."""
        self._state = state
        self._settings = settings
        command = self._command if settings.server_outputs else None
        bank = register_map.RegisterMap(state, settings.server_unit, clock.ticks_ms, command, self._driven)
        self.device = server.Server(settings.server_unit, bank, identity(board, state, settings))
        serves = serving.Serving(line, baud, parity, self.device, _THINK_MS)
        Port.__init__(self, serves, serves)

    def words(self):
        """Return the unit that is answered for."""
        return "unit %d" % self.device.unit

    def _command(self, bits, mask):
        state = self._state
        if bits & outputs.owned(self._settings):
            return False
        state.server_command = outputs.ordered(state.server_command, bits, mask, clock.seconds(), clock.ticks_ms())
        return True

    def _driven(self):
        return outputs.wanted(self._state, self._settings, clock.seconds())


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
