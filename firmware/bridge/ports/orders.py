"""What the bridge commands at the plant beside its power: export and import at the grid, import of the inverter, stop.

Each is a register with a command of its own, carried by the port that polls the plant. In memory with tasks/orders.
"""

import clock
from bridge import points
from bridge.devices import sigenergy
from bridge.logic.grid import command, orders
from micropython import const

IMPORTS = ((sigenergy.GRID_IMPORT, "import at the grid"), (sigenergy.PCS_IMPORT, "import of the inverter"))
EXPORT = (sigenergy.GRID_EXPORT, "export at the grid")
STOP = (sigenergy.START_STOP, "plant")
# What is written where nothing shall be ordered any more: the words of each register.
RELEASED = {
    sigenergy.GRID_IMPORT: [0xFFFF, 0xFFFF],
    sigenergy.PCS_IMPORT: [0xFFFF, 0xFFFF],
    sigenergy.GRID_EXPORT: [0xFFFF, 0xFFFF],
    sigenergy.START_STOP: [1],
}
_STOPS_MS = const(5000)  # so long it may take to stop or start before it counts as not obeyed


class Order:
    """One register and what shall stand there, whatever becomes of the port."""

    _switches = False

    def __init__(self, address, name, owed):
        self.address = address
        self.name = name
        self.command = command.LimitCommand(owed)
        self._port = self._carrier = None

    def drive(self, port, now):
        """Take the next step. port: the object of RS485-1, None = there is none."""
        if port is not self._port:
            self._port = port
            order = getattr(port, "order", None)
            self._carrier = order and order(self.address, self._switches)
        if not self._carrier:
            self.command.touch(True, now)
            return
        self._carrier.carry(self.command, now)
        self._look(now)

    def leave(self):
        """Take what was added to the line away again."""
        if self._carrier:
            self._carrier.leave()

    def words(self):
        """Return what became of it, "" while nothing is commanded."""
        asked = self.command
        if asked.target is None:
            return ""
        value = self._value(asked.target)
        return ("%s %s: %s %s" % (self.name, value, asked.state, asked.text)).strip()

    def _value(self, raw):
        return "released" if raw == command.NONE else "%d W" % raw

    def _look(self, now):
        """See what became of it, where the register itself does not say so."""


class StopOrder(Order):
    """The plant stopped or running: written to a register that nobody can read, seen by the plant's running state."""

    _switches = True

    def __init__(self, readings, owed):
        Order.__init__(self, STOP[0], STOP[1], owed)
        self._readings = readings
        self._running = points.number("plant_running_state")
        self._seen_at = None

    def _value(self, raw):
        return "started" if raw == command.NONE else "stopped"

    def _look(self, now):
        asked, value = self.command, self._readings.value(self._running)
        if value is None or asked.target is None or not asked.acknowledged:
            return
        seen_at = clock.ticks_add(now, -self._readings.age_ms(self._running, now))
        if seen_at == self._seen_at or clock.ticks_diff(seen_at, asked.sent_at) < _STOPS_MS:
            return
        self._seen_at = seen_at
        if value == sigenergy.SHUTDOWN:
            asked.read(orders.STOPPED, False, "", now)
        elif value in (sigenergy.RUNNING, sigenergy.STANDBY):
            asked.read(command.NONE, False, "", now)  # a fault tells nothing of what was commanded
