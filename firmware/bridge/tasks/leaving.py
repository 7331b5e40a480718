"""Takes what was ordered from places that are the plant no longer: the limit, orders beside it, remote EMS. Comes into
memory with the first that is left, and stays.

A place is a unit and where it hangs: "" = at RS485-1, else the address of a Modbus TCP server. What is undone there is a
list of registers with the words that stand for "nothing is ordered". On another line than the plant's that waits until
nothing is ordered at the plant either: it may be the same one, reached by another way, and must not be let go.

register written ──acknowledged──► read ──those words, or refused (1 to 3)──► the next register; after the last: over
      ▲                              │ something else
      └──────────────────────────────┘ silence: the same again, at the master's pace for a slave that fails
"""

import asyncio
import struct

import clock
import log
from bridge.devices import sigenergy
from micropython import const
from modbus.wire import rtu

LIMIT = [sigenergy.LIMIT_ADDRESS, 0xFFFF, 0xFFFF]  # not in force
_UNSEEN = (sigenergy.START_STOP,)  # cannot be read: what is acknowledged has happened
_READ_HOLDING = const(3)
_WRITE_REGISTER = const(6)
_WRITE_REGISTERS = const(16)
_LAST_REFUSAL = const(3)  # exceptions above it pass
_AGAIN_MS = const(5000)
_TRIES = const(100)  # in silence, in about an hour: then nobody is there any more
_MOST = const(4)  # places: whoever tries addresses has ordered nothing at one of them


def move(limit, unit, host, now):
    """Have another place as the plant of a tasks.limit.Limit: what the one before may hold by our doing is released."""
    order = limit.command
    if order.owed and limit.met:
        limit.leaving = limit.leaving or Leaving((), "a limit")
        limit.leaving.add(limit.unit, limit.host, [LIMIT])
    owed = limit.leaving is not None and limit.leaving.take(unit, host) is not None
    limit.unit, limit.host, limit.met, limit.unsaved = unit, host, owed, True
    limit.rated_w = order.rated_w = 0  # that is the other one's
    limit.unknown_at = None
    order.move(owed, now)


class Leaving:
    """The places that are to be released; those on one line one after the other, the first one first."""

    def __init__(self, kept, what):
        """kept: of a record, whatever it holds; what: is left there, for people."""
        self._what = what
        self.waits = False  # for what is ordered at the plant now, see below
        self._set([place for place in map(_place, kept) if place])

    def add(self, unit, host, items):
        """Release this place too, items: [[register, word, ...], ...]; the oldest is given up where there are many."""
        known = [item[0] for item in items]
        items = items + [item for item in self.take(unit, host) or () if item[0] not in known]
        self._set((self._places + [_Place(unit, host, items)])[-_MOST:])
        log.warn("plant", "%s is the plant no longer, and is released" % self._places[-1].name)

    def take(self, unit, host):
        """Return what was to be undone at a place, which is the plant again; None if it was none of them."""
        for place in self._places:
            if place.unit == unit and place.host == host:
                self._set([other for other in self._places if other is not place])
                return place.items
        return None

    def _set(self, places):
        self._places = places
        self.kept = [place.kept() for place in places]  # for a record: another list after each change
        self.hosts = [place.host for place in places]
        named = " and ".join([place.name for place in places])
        self.words = places and "%s may hold %s of before, and is being released" % (named, self._what)

    def step(self, bus, host, now):
        """Go on at the master of the line to a host, or of RS485-1."""
        for place in self._places:
            if place.host == host:
                if place.items:
                    place.step(bus, now)
                else:
                    self._set([other for other in self._places if other is not place])
                return

    async def visit(self, host, step, board, state, settings):
        """Own the line to a host that is not the plant's until nothing is left there, or step(), called often, says so."""
        bus = _bus(host, board, state, settings)

        def turn():
            if step() and host in self.hosts:
                self.step(bus, host, clock.ticks_ms())
            else:
                bus.stopped = True

        await asyncio.sleep_ms(sigenergy.PERIOD_MS)  # the plant keeps it between two requests, whoever asked before
        await bus.run(turn)


def _bus(host, board, state, settings):
    """Return a master of the line to a host, or of RS485-1, which the plant does not use then."""
    if host:
        from bridge.ports.network_plant import bus_to  # only for this

        return bus_to(host, state)
    from modbus.master.master import Master  # there, since a port polls

    baud, parity = settings.rs485_1_baud, settings.rs485_1_parity
    return Master(board.rs485(1, baud, parity), baud, parity, sigenergy.PERIOD_MS)


class _Place:
    """One place, and what is still to be undone there."""

    def __init__(self, unit, host, items):
        self.unit, self.host, self.items = unit, host, items
        self.name = "unit %d%s" % (unit, host and " at " + host)
        self._bus = None
        self._asks = False  # an exchange is under way
        self._wrote = False  # the first of the items was acknowledged, and is to be read back
        self._next_at = None  # not to be asked before, None = at any time
        self._tries = 0  # in silence

    def kept(self):
        """Return what a record keeps: of a limit at RS485-1 the unit alone."""
        return self.unit if not self.host and self.items == [LIMIT] else [self.unit, self.host, self.items]

    def step(self, bus, now):
        """Write the next register, or read it back."""
        if bus is not self._bus:
            self._bus, self._asks, self._wrote = bus, False, False
        if self._asks or (self._next_at is not None and clock.ticks_diff(now, self._next_at) < 0):
            return
        self._next_at = None
        address, count = self.items[0][0], len(self.items[0]) - 1
        if self._wrote:
            pdu = struct.pack(">BHH", _READ_HOLDING, address, count)
        elif count == 1:
            pdu = struct.pack(">BHH", _WRITE_REGISTER, address, self.items[0][1])
        else:
            pdu = struct.pack(">BHHB", _WRITE_REGISTERS, address, count, 2 * count) + self._words()
        self._asks = bus.forward(self.unit, pdu, len(pdu), self._done)

    def _words(self):
        return b"".join([struct.pack(">H", word) for word in self.items[0][1:]])

    def _done(self, status, frame, at, count):
        if not self._asks or not self.items:
            return  # of a port that is gone
        self._asks = False
        good, wrote, self._wrote = status == rtu.OK, self._wrote, False
        self._tries = self._tries + 1 if status < 0 else 0
        if self._tries == _TRIES:
            self._end(status, len(self.items))
        elif good and not wrote and self.items[0][0] not in _UNSEEN:
            self._wrote = True
        elif 0 < status <= _LAST_REFUSAL or (
            good and not (wrote and bytes(frame[at + 2 : at + count]) != self._words())
        ):
            self._end(status, 1)
        elif not good:
            self._next_at = clock.ticks_add(clock.ticks_ms(), _AGAIN_MS)

    def _end(self, status, count):
        what = "released" if status == rtu.OK else rtu.describe(status)
        log.info("plant", "%s: register %d %s" % (self.name, self.items[0][0], what))
        self.items = self.items[count:]


def _place(kept):
    """Return a place as a record keeps it, None if it is none."""
    if isinstance(kept, int):
        return _Place(kept, "", [LIMIT])
    if not isinstance(kept, list) or len(kept) != 3 or not isinstance(kept[2], list):
        return None
    unit, host, items = kept
    items = [item for item in items if isinstance(item, list) and len(item) > 1 and all([_is_word(x) for x in item])]
    return _Place(unit, host, items) if isinstance(unit, int) and isinstance(host, str) and items else None


def _is_word(number):
    return isinstance(number, int) and 0 <= number <= 0xFFFF
