"""A port on which is searched for what answers there: setting, address, model, faults in words. Writes no setting.

The libraries of the search are loaded for it and let go of at its end.
"""

import asyncio

from bridge.ports.port import Port
from micropython import const
from modbus.wire import rtu
from parts import Part

_HOLD_MS = const(1000)


class Search:
    """The `bus` and the `slave` of the role."""

    count_names = ()

    def __init__(self, board, port):
        self.counts = ()
        self.stopped = False  # set it, and run() ends
        self.status = rtu.SILENT
        self.finished = False
        self.found = []  # (baud, parity, unit, model or "", why)
        self.faults = []  # sentences
        self._open = lambda baud, parity: board.rs485(port, baud, parity)
        self._finder = None

    async def run(self, beat):
        """Search once, then hold the port until `stopped` is set. An OSError of the line goes to the caller."""

        def watched():
            beat()
            seeker.stopped = self.stopped

        # 10 kB of code that is needed for minutes in a bridge's life.
        with Part("modbus.find.finder", "modbus.find.") as finder, Part("bridge.devices.signatures") as signatures:
            self._finder = seeker = finder.Finder(self._open, signatures.SIGNATURES)
            try:
                self.finished = await seeker.search(watched)
                self.found = seeker.found
                self.faults = seeker.faults
            finally:
                self._finder = None
        if self.found:
            self.status = rtu.OK
        elif self.faults and not self.faults[0].startswith("No device"):
            self.status = rtu.BAD_CRC
        while not self.stopped:
            beat()
            await asyncio.sleep_ms(_HOLD_MS)

    def link(self):
        """Return "starting" while it searches, then "ok", "silent" or "noisy" (a fault that is more than silence)."""
        if not self.finished:
            return "starting"
        return "ok" if self.status == rtu.OK else "silent" if self.status == rtu.SILENT else "noisy"

    def words(self):
        """Return what is known so far, in sentences."""
        seeker = self._finder
        if seeker and seeker.at:
            return ["trying %d bps, parity %s, unit %d" % seeker.at]
        return [
            "%s at %d bps, parity %s, unit %d (%s)" % (model or "a device", baud, parity, unit, why)
            for baud, parity, unit, model, why in self.found
        ] + self.faults


class Find(Port):
    """The port object of the role `find`, see ports/roles."""

    def __init__(self, board, number):
        """number: RS485 port 1 or 2."""
        search = Search(board, number)
        Port.__init__(self, search, search)

    def words(self):
        """Return what is known so far."""
        return "; ".join(self.bus.words())
