"""One request of clients on its way over the bus, and the tickets of all who wait for its reply."""

import clock
from modbus.gateway import requests
from modbus.wire.pdu import word


class Exchange:
    """tickets: (client, transaction, address, quantity, ticks by which it has its turn, ticks when it was asked)."""

    def __init__(self, finish, unit, pdu, quantity, ticket):
        """finish(exchange, status, frame, at, count) is called with the result.

        quantity: registers or bits of a read that others may share, else 0.
        """
        self._finish = finish
        self.unit = unit
        self.pdu = pdu
        self.quantity = quantity
        self.address = word(pdu, 1) if quantity else 0
        self.changes = requests.writes(pdu, 0, len(pdu))
        self.tickets = [ticket]
        self.bus = None  # who has it now
        self.client = None  # who asked for it first
        self.handed_at = 0
        self.done = self._done  # one object, by which the bus knows the request again

    def leave(self, client):
        """Forget the tickets of a client that is gone."""
        self.tickets = [t for t in self.tickets if t[0] is not client]

    def late(self, now):
        """Return the tickets whose time is up, as a list."""
        return [t for t in self.tickets if clock.ticks_diff(t[4], now) <= 0]

    def _done(self, status, frame, at, count):
        self._finish(self, status, frame, at, count)
