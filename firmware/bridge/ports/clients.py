"""Lets Modbus TCP clients of the house network ask the slaves of a port, beside the bridge's own polling of it.

    client ─┐  TCP     ┌─────────────┐  last in line   ┌────────┐
    client ─┼─────────►│ Gateway     │────────────────►│ Master │◄──► slaves of RS485-1 or RS485-2
    client ─┘          │ cache, turns│◄────────────────│        │     (unit = slave)
                       └─────────────┘ what it reads   └────────┘
                                       for the bridge

It listens on the address in the house network only, not in the hotspot.
"""

import asyncio

import log
from bridge.devices import sigenergy
from micropython import const
from modbus.gateway.gateway import COUNT_NAMES, Gateway
from modbus.gateway.tcp_server import Server

_STEP_MS = const(10)
_IDLE_MS = const(500)
_AGAIN_STEPS = const(20)  # of _IDLE_MS: then a port that could not be opened is tried again

_READS = const(4)  # kept for each client that there may be
_SHOW_STEPS = const(50)  # of _STEP_MS
# Arguments of Role.open after address and numbers.
_NAMES = (
    "gateway_port",
    "gateway_fresh_ms",
    "gateway_deadline_ms",
    "gateway_idle_s",
    "gateway_clients",
    "gateway_writers",
    "plant_unit",
    "plant_import",
    "plant_disconnect",
    "plant_reactive",
    "export_at",
)


def _own(imports, disconnects, dispatches, export_at):
    """Return (first, last) of the plant's registers that the bridge commands, by the settings that say so."""
    own = [(sigenergy.LIMIT_ADDRESS, sigenergy.LIMIT_ADDRESS + 1)]
    if imports:
        own += [(sigenergy.GRID_IMPORT, sigenergy.GRID_IMPORT + 1), (sigenergy.PCS_IMPORT, sigenergy.PCS_IMPORT + 1)]
    if disconnects:
        own.append((sigenergy.START_STOP, sigenergy.START_STOP))
    if dispatches:
        own.append((sigenergy.DISPATCH, sigenergy.REMOTE_MODE))
    if export_at == "grid":
        own.append((sigenergy.GRID_EXPORT, sigenergy.GRID_EXPORT + 1))
    return own


class Role:
    """The gateways of the ports that have one. Of two, RS485-1 has gateway_port and RS485-2 the next one."""

    def __init__(self, ports, most):
        """ports: buses.Ports; its bus(number) is the master that clients may reach now, or None; most: see run."""
        self._ports = ports
        self._most = most
        self._servers = []
        self._gateways = []
        self.text = "off"

    def open(self, address, numbers, port, fresh_ms, deadline_ms, idle_s, clients, writers, plant_unit, *commands):
        """Listen for the ports of `numbers`, as the settings say; return False if that failed."""
        if not address:
            self.text = "no network"
            return True
        few = clients > self._most
        clients = min(clients, self._most)
        allowed = tuple([part.strip() for part in writers.split(",") if part.strip()])
        for number in numbers:
            # What a grid signal limits is written by the bridge alone, however trusted a client is.
            own = tuple([(plant_unit, first, last) for first, last in _own(*commands)]) if number == 1 else ()
            master = _Master(self._ports, number)
            gateway = Gateway(master, fresh_ms, deadline_ms, own, _READS * self._most)
            master.overheard = gateway.overheard
            try:
                server = Server(gateway, address, port + len(self._servers), idle_s * 1000, clients, allowed)
            except OSError as e:
                self.close()
                self.text = "port %d cannot be opened: %s" % (port, e)
                log.warn("gateway", self.text)
                return False
            self._servers.append(server)
            self._gateways.append(gateway)
        if self._servers:
            names = ["RS485-%d at %s:%d" % (n, address, port + i) for i, n in enumerate(numbers)]
            self.text = ", ".join(names) + (", %d client each: no memory for more" % clients if few else "")
            log.info("gateway", self.text)
        return True

    def step(self):
        """Move everything on; return the pause in ms until the next step."""
        for server in self._servers:
            server.step()
        return _STEP_MS if self._servers else _IDLE_MS

    def close(self):
        """Stop listening and drop the clients."""
        for server in self._servers:
            server.close()
        self._servers, self._gateways = [], []
        self.text = "off"

    def shown(self):
        """Return what there is to show, as a dict: text, clients, and the sums of the gateways' counts."""
        sums = [sum([gateway.counts[i] for gateway in self._gateways]) for i in range(len(COUNT_NAMES))]
        shown = dict(zip(COUNT_NAMES, sums))
        shown["text"] = self.text
        shown["clients"] = sum([server.clients() for server in self._servers])
        return shown


class _Master:
    """Finds the master of a port anew at each call, because a port is made anew when its settings change."""

    def __init__(self, ports, number):
        self._ports = ports
        self._number = number
        self._bus = None
        self.overheard = None

    def __call__(self):
        bus = self._ports.bus(self._number)
        if bus and bus is not self._bus:
            self._bus = bus
            bus.tap = self.overheard
        return bus


async def run(beat, state, settings, ports, wanted, most):
    """Serve while a port has the role and wanted(); opened anew when a setting or the address in the house changes.

    most: clients of a gateway that the board has room for, whatever the setting allows.
    """
    role = Role(ports, most)
    try:
        while _numbers(settings) and wanted():
            made_for = _wanted(state, settings)
            opened = role.open(*made_for)
            steps = 0
            while made_for == _wanted(state, settings) and wanted() and (opened or steps < _AGAIN_STEPS):
                beat()
                if steps % _SHOW_STEPS == 0:
                    state.gateway = role.shown()
                await asyncio.sleep_ms(role.step())
                steps += 1
            role.close()
    finally:
        role.close()
        state.gateway = role.shown()


def _numbers(settings):
    """Return the numbers of the ports that clients may reach."""
    return tuple([n for n in (1, 2) if getattr(settings, "rs485_%d_role" % n) == "gateway"])


def _wanted(state, settings):
    """Return the arguments of Role.open."""
    return (state.wlan_address, _numbers(settings)) + tuple([getattr(settings, name) for name in _NAMES])
