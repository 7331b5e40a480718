"""Whose exchange goes over the bus next, so that every client gets its share.

    client 1 asks ahead: a b c d      ─┐
    client 2 asks after each reply: e  ─┼─► a e b f c g d, not a b e c d f
    client 3 asks a slave in vain: x   ─┘   x waits beside them, not before them

Who had no turn for the longest time goes first. Nobody has two exchanges with the bus, else who asks ahead would also get
the turns of who asks after each reply. Slaves that did not answer have places of their own with the bus, because it may
leave them alone for a while.
"""

import clock
from micropython import const
from modbus.gateway import requests
from modbus.wire.pdu import word

_HANDED = const(2)  # exchanges with the bus: one on the wire or waiting for its slave's rest, one for another slave
_DOUBTED = const(2)  # more for slaves that did not answer last time, one for each


class Exchange:
    """One request of clients on its way over the bus, and the tickets of all who wait for its reply.

    tickets: (client, transaction, address, quantity, ticks by which it has its turn, ticks when it was asked).
    """

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


class Turns:
    """The exchanges that wait (`queue`) and those that the bus has (`handed`)."""

    def __init__(self, doubted):
        """doubted(unit): True if the slave did not answer last time."""
        self.queue = []
        self.handed = []
        self._doubted = doubted
        self._last = 0  # turns so far; wraps like ticks

    def welcome(self, client):
        """Put a client that is new behind all others, so that coming anew gains nothing."""
        client.turn = self._last

    def hand_over(self, bus, now):
        """Give the bus what may go next."""
        while bus and self.queue:
            exchange = self._next()
            if exchange is None or not bus.forward(exchange.unit, exchange.pdu, len(exchange.pdu), exchange.done):
                return
            self._last = clock.ticks_add(self._last, 1)
            for ticket in exchange.tickets:
                ticket[0].turn = self._last
            exchange.bus, exchange.client, exchange.handed_at = bus, exchange.tickets[0][0], now
            self.queue.remove(exchange)
            self.handed.append(exchange)

    def withdraw(self, exchange):
        """Take an exchange back from the bus; return True if it was not sent."""
        if exchange.bus.withdraw(exchange.done):
            self.handed.remove(exchange)
            return True
        return False

    def _next(self):
        """Return what goes next, or None: of all that wait, whoever had no turn for the longest time waits for it."""
        clients = [exchange.client for exchange in self.handed]
        units = [exchange.unit for exchange in self.handed]
        doubted = [unit for unit in units if self._doubted(unit)]
        best = turn = None
        for exchange in self.queue:
            if exchange.tickets[0][0] in clients:
                continue
            if self._doubted(exchange.unit):
                if exchange.unit in doubted or len(doubted) >= _DOUBTED:
                    continue
            elif len(units) - len(doubted) >= _HANDED:
                continue
            for ticket in exchange.tickets:
                if best is None or clock.ticks_diff(ticket[0].turn, turn) < 0:
                    best, turn = exchange, ticket[0].turn
        if best and best.unit in units:
            return None  # not yet; and nobody goes before it
        return best
