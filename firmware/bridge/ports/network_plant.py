"""The plant in the house network, over Modbus TCP: the same port object with another line. Loaded only where it is chosen.

It takes the place of RS485-1 in the roles that poll the plant; nothing is said at those terminals then.
"""

from bridge.devices import sigenergy
from bridge.ports.plant import Plant
from micropython import const
from modbus.master.master import Master
from modbus.master.tcp_line import Line

_PORT = const(502)
_BPS = const(115200)  # frames come whole: fast enough for that, and the stack is not asked without end


class _Bus(Master):
    """A master that leaves no connection behind."""

    async def run(self, beat):
        """As Master.run."""
        try:
            await Master.run(self, beat)
        finally:
            self._line.close()


def bus_to(host, state):
    """Return a master whose slaves are behind a Modbus TCP server, "a.b.c.d:port"."""
    address, _, port = host.partition(":")
    line = Line(address, int(port), lambda: state.name_servers is not None)
    return _Bus(line, _BPS, "N", sigenergy.PERIOD_MS)


class NetworkPlant(Plant):
    """The port object of the roles `master` and `gateway` where the plant has an address."""

    def __init__(self, state, settings, path):
        """path: as for Plant."""
        address, _, port = settings.plant_host.partition(":")
        self._line = Line(address, int(port or _PORT), lambda: state.name_servers is not None)
        self.host = self._line.where
        Plant.__init__(self, self._line, _BPS, "N", state, settings, path, _Bus)

    def link(self, now):
        """Return the link, and why the plant is not reached."""
        link, why = Plant.link(self, now)
        return link, why if link == "ok" else why or self._line.why

    def words(self):
        """Return how fast it goes, and where."""
        return "%s, at %s" % (Plant.words(self), self._line.where)
