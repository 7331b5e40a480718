"""The gateway's decisions, without sockets: who gets what from where, who waits, who is told no, and when.

A request of a client is refused, served from what was read a moment ago, joined to an equal or wider read under way, or
queued for the bus, where it comes after everything that the bridge itself wants. Clients take turns.

    client 1  ─read 0..9─►  ┐                                       ┌─► reply
    client 2  ─read 2..3─►  ┴─ one exchange on the bus, last in line ┴─► its part of the same reply
    client 3      ─read 4..5, a moment later─► reply from the cache

The bus (see `Gateway`) takes forward(unit, pdu, count, done), withdraw(done), and has asked_at.
"""

import clock
from micropython import const
from modbus.gateway import requests
from modbus.gateway.cache import Cache, covers, cut, size_of
from modbus.gateway.silence import Silence
from modbus.gateway.turns import Exchange, Turns
from modbus.wire import rtu, tcp
from modbus.wire.pdu import word

BUSY = 6  # a client has more transactions open than it may
NO_PATH = 10  # no bus, no such unit, or no turn in time: nothing was sent
NO_ANSWER = 11  # the slave did not answer: what was asked may have been carried out

_PIPELINE = const(4)  # open transactions of one client; the guide knows 1 to 16
_QUEUE = const(32)  # exchanges that wait, then a client has one open; a 9600 bps line does no more within the deadline
_PLACES = const(16)  # reads in the cache
_LAST_UNIT = const(247)
_LAST_CACHED = const(4)  # functions 1 to 4 are reads that may be kept and shared
_LOST_MS = const(10000)  # a bus that has not finished an exchange after so long has lost it
_LOOK_MS = const(20)
_TURNS = const(4)  # of the line, until a client has one whatever the bridge itself wants
_REPLY_MS = const(1000)  # the slave's time for its answer
_FRAME_MS = const(400)  # the longest one takes at 9600 bps, and some
_TIDY_MS = const(1000)

# Places in Gateway.counts.
REQUESTS, CACHED, JOINED, SENT, REFUSED, LATE, SILENT, BROADCASTS = 0, 1, 2, 3, 4, 5, 6, 7
COUNT_NAMES = ("requests", "cached", "joined", "sent", "refused", "late", "silent", "broadcasts")


class Gateway:
    """Serves clients of one bus. step() must be called every 20 ms or so; nothing here waits."""

    _reply = None  # of all gateways: whichever reply is just being made

    def __init__(self, bus, freshness_ms, deadline_ms, guarded=(), places=_PLACES):
        """bus: function that returns the line's master now, or None. The master has

        forward(unit, pdu, count, done): queue a request and return True, or False if it takes none now. Later it calls
        done(status, frame, at, count): status of rtu.check, the reply's PDU is frame[at:at + count] until done returns;
        withdraw(done): forget it and return True, or False if it was sent already;
        asked_at: ticks when the request whose reply is being handed out had left;
        turn_ms, where there is one: how long one exchange occupies the line, at most.

        freshness_ms: no reply is older, 0 = nothing is kept. deadline_ms: a client has a turn by then or is told that it
        has none; longer, as long as the line's own pace and those who wait before it ask for.
        guarded: (unit, first, last) of registers that no client writes, because they are ours. places: reads kept at most.
        """
        self._bus = bus
        self._deadline_ms = deadline_ms
        self._guarded = guarded
        self._freshness_ms = freshness_ms
        self._cache = Cache(freshness_ms, places)
        self._silence = Silence()
        self._turns = Turns(self._silence.doubts)
        Gateway._reply = Gateway._reply or bytearray(tcp.LONGEST)
        self._tidy_at = self._look_at = clock.ticks_ms()
        self.counts = [0] * len(COUNT_NAMES)

    # -- clients -----------------------------------------------------------------

    def submit(self, client, transaction, unit, buffer, at, count):
        """Take the request PDU buffer[at:at + count] of a client; it is answered now, later, or (broadcast) never.

        client: has may_write; turn and open (the gateway's, None and 0 at first; open = transactions under way); and
        answer(transaction, unit, buffer, at, count), which must not raise.
        """
        self.counts[REQUESTS] += 1
        now = clock.ticks_ms()
        function = buffer[at]
        code = self._refusal(client, unit, buffer, at, count, now)
        if code:
            self.counts[REFUSED] += 1
            if unit or code != requests.REFUSED_FUNCTION:  # nobody hears from a broadcast, not even that it is refused
                self._tell(client, transaction, unit, function, code)
            return
        address, quantity = 0, 0
        if function <= _LAST_CACHED:
            address, quantity = word(buffer, at + 1), word(buffer, at + 3)
            if self._from_cache(client, transaction, unit, function, address, quantity, now):
                return
        ticket = (client, transaction, address, quantity, clock.ticks_add(now, self._patience_ms()), now)
        if client.turn is None:
            self._turns.welcome(client)
        client.open += 1
        if quantity and self._join(ticket, unit, function, address, quantity):
            self.counts[JOINED] += 1
            return
        pdu = bytes(memoryview(buffer)[at : at + count])
        self._turns.queue.append(Exchange(self.finish, unit, pdu, quantity, ticket))
        self._turns.hand_over(self._bus(), now)

    def has_room(self, client):
        """Return True if a client may ask now: each has a place of its own, and more while not too many wait."""
        return client.open < (_PIPELINE if len(self._turns.queue) < _QUEUE else 1)

    def leave(self, client):
        """Forget a client that is gone, and what only it asked for, as far as it is not on the wire."""
        for exchange in self._turns.queue + self._turns.handed:
            exchange.leave(client)
        self._turns.queue = [x for x in self._turns.queue if x.tickets]
        for exchange in [x for x in self._turns.handed if not x.tickets]:
            self._turns.withdraw(exchange)

    def step(self):
        """Answer those whose time is up and hand the next requests to the bus."""
        now = clock.ticks_ms()
        if self._turns.queue or self._turns.handed:
            if clock.ticks_diff(now, self._look_at) >= 0:
                self._look_at = clock.ticks_add(now, _LOOK_MS)
                self._expire(now)
            self._turns.hand_over(self._bus(), now)
        else:
            self._look_at = now
        if clock.ticks_diff(now, self._tidy_at) >= 0:
            self._tidy_at = clock.ticks_add(now, _TIDY_MS)
            self._cache.expire(now)
            self._silence.expire(now)

    def waiting(self):
        """Return how many exchanges wait or are under way."""
        return len(self._turns.queue) + len(self._turns.handed)

    # -- the bus -----------------------------------------------------------------

    def overheard(self, unit, function, address, quantity, status, buffer, at, asked_at):
        """Take note of an exchange that the bridge made for itself; registers read lie at buffer[at]."""
        if function > _LAST_CACHED:
            self._cache.forget(unit)
        elif status == rtu.OK:
            self._cache.keep(unit, function, address, quantity, buffer, at, asked_at, clock.ticks_ms())
        if status >= rtu.OK:
            self._silence.heard(unit)
        elif status == rtu.SILENT:
            self._silence.silent(unit, 0, clock.ticks_ms())

    def finish(self, exchange, status, frame, at, count):
        """Take the result of an exchange from the bus (its `done`)."""
        self.counts[SENT] += 1
        if exchange not in self._turns.handed:
            return  # it was given up
        now = clock.ticks_ms()
        unit, function = exchange.unit, exchange.pdu[0]
        asked_at = exchange.bus.asked_at
        self._turns.handed.remove(exchange)
        if exchange.changes:
            self._cache.forget(unit)  # even without an answer it may have been carried out
        if unit == 0:
            self.counts[BROADCASTS] += 1
        elif status >= rtu.OK:
            self._silence.heard(unit)
        elif status == rtu.SILENT:
            self._silence.silent(unit, clock.ticks_diff(now, asked_at), now)
        quantity = exchange.quantity
        if status == rtu.OK and quantity:
            if count == 2 + size_of(function, quantity):
                self._cache.keep(unit, function, exchange.address, quantity, frame, at + 2, asked_at, now)
            else:
                status = rtu.WRONG_COUNT
        tickets = exchange.tickets
        exchange.client = exchange.tickets = None  # the bus may keep the exchange for long, and with it all who asked
        for ticket in tickets:
            _, _, address, wanted, _, since_at = ticket
            if status < 0:
                self._close(ticket, unit, function, NO_ANSWER)
            elif wanted and clock.ticks_diff(since_at, asked_at) > self._freshness_ms:
                self._again(unit, function, ticket)  # it joined too late: the slave's values are from before
            elif wanted == quantity:
                self._close(ticket, unit, function, status, frame, at, count)
            elif status:
                self._again(unit, function, ticket)  # what is wrong with the whole may be right with the part
            else:
                size = cut(function, address - exchange.address, wanted, frame, at + 2, self._reply)
                self._close(ticket, unit, function, status, self._reply, 0, size)
        self._turns.hand_over(self._bus(), now)

    # -- inside ------------------------------------------------------------------

    def _refusal(self, client, unit, buffer, at, count, now):
        """Return 0 if the request may go on, else the exception code for it."""
        if client.open >= _PIPELINE:
            return BUSY
        if unit > _LAST_UNIT or self._bus() is None:
            return NO_PATH
        code = requests.check(buffer, at, count)
        if code:
            return code
        if not requests.writes(buffer, at, count):
            if unit == 0:
                return NO_PATH  # nobody answers a broadcast, so there is nothing to read
        elif not client.may_write:
            return requests.REFUSED_FUNCTION
        else:
            for own, first, last in self._guarded:
                if unit in (0, own) and requests.touches(buffer, at, first, last):
                    return requests.REFUSED_ADDRESS if unit else requests.REFUSED_FUNCTION
        return NO_ANSWER if self._silence.holds(unit, now) else 0

    def _from_cache(self, client, transaction, unit, function, address, quantity, now):
        for exchange in self._turns.handed + self._turns.queue:
            if exchange.changes and exchange.unit in (0, unit):
                return False  # what a client reads after its own write must be what came of it
        read = self._cache.find(unit, function, address, quantity, now)
        if read is None:
            return False
        self.counts[CACHED] += 1
        count = cut(function, address - read.address, quantity, read.bytes, 0, self._reply)
        client.answer(transaction, unit, self._reply, 0, count)
        return True

    def _join(self, ticket, unit, function, address, quantity):
        """Add the ticket to a read under way that brings all it wants, unless a write was asked for after that read."""
        for exchanges in (self._turns.queue, self._turns.handed if self._freshness_ms else ()):
            for i in range(len(exchanges) - 1, -1, -1):
                exchange = exchanges[i]
                if exchange.changes and exchange.unit in (0, unit):
                    return False
                if exchange.unit == unit and exchange.quantity and exchange.pdu[0] == function:
                    if covers(function, exchange.address, exchange.quantity, address, quantity):
                        exchange.tickets.append(ticket)
                        return True
        return False

    def _again(self, unit, function, ticket):
        """Queue a read of its own for a ticket that cannot have the reply which it waited for."""
        client, transaction, address, quantity, _, since_at = ticket
        ticket = (
            client,
            transaction,
            address,
            quantity,
            clock.ticks_add(clock.ticks_ms(), self._patience_ms()),
            since_at,
        )
        pdu = bytes((function, address >> 8, address & 0xFF, quantity >> 8, quantity & 0xFF))
        self._turns.queue.append(Exchange(self.finish, unit, pdu, quantity, ticket))

    def _patience_ms(self):
        """Return how long who asks now may have to wait on a line that is well."""
        turn_ms = self._turn_ms()
        return max(self._deadline_ms, turn_ms and (self.waiting() + 1) * _TURNS * turn_ms + _REPLY_MS)

    def _turn_ms(self):
        return getattr(self._bus(), "turn_ms", 0)

    def _expire(self, now):
        for exchange in self._turns.queue:
            self._expire_tickets(exchange, now, NO_PATH)
        self._turns.queue = [x for x in self._turns.queue if x.tickets]
        bus = self._bus()
        for exchange in list(self._turns.handed):
            lost = exchange.bus is not bus or clock.ticks_diff(now, exchange.handed_at) > _LOST_MS
            late = exchange.late(now)
            if late and len(late) == len(exchange.tickets) and self._turns.withdraw(exchange):
                self._expire_tickets(exchange, now, NO_PATH)
            elif late and clock.ticks_diff(now, exchange.bus.asked_at) > _REPLY_MS + max(_FRAME_MS, self._turn_ms()):
                self._expire_tickets(exchange, now, NO_ANSWER)  # else it is under way, and may be answered yet
            if lost and exchange in self._turns.handed:
                self._turns.handed.remove(exchange)
                for ticket in exchange.tickets:
                    self._close(ticket, exchange.unit, exchange.pdu[0], NO_ANSWER)

    def _expire_tickets(self, exchange, now, code):
        for ticket in exchange.late(now):
            exchange.tickets.remove(ticket)
            self._close(ticket, exchange.unit, exchange.pdu[0], code)

    def _close(self, ticket, unit, function, code, buffer=None, at=0, count=0):
        """End a transaction: with the PDU buffer[at:at + count], or with an exception if the code is not 0."""
        client = ticket[0]
        client.open -= 1
        if unit == 0:
            return
        if code:
            self.counts[LATE if code == NO_PATH else SILENT if code == NO_ANSWER else REFUSED] += 1
            self._tell(client, ticket[1], unit, function, code)
        else:
            client.answer(ticket[1], unit, buffer, at, count)

    def _tell(self, client, transaction, unit, function, code):
        client.answer(transaction, unit, self._reply, 0, tcp.exception(self._reply, 0, function, code))
