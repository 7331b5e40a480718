"""Takes our limit from units that are the plant no longer; comes into memory with the first that is left, and stays.

release written ──acknowledged──► register read ──not in force, or refused (1 to 3)──► over
      ▲                              │ something else
      └──────────────────────────────┘ silence: the same again, at the master's pace for a slave that fails
"""

import struct

import clock
import log
from bridge.devices import sigenergy
from micropython import const
from modbus.wire import rtu

_READ_HOLDING = const(3)
_WRITE_REGISTERS = const(16)
_LAST_REFUSAL = const(3)  # exceptions above it pass
_AGAIN_MS = const(5000)
_TRIES = const(100)  # in silence, in about an hour: then nobody is there any more
_MOST = const(4)  # units: whoever tries addresses has limited none of them


def move(limit, unit, now):
    """Have another unit as the plant of a tasks.limit.Limit: what the one before may hold by our doing is released."""
    order = limit.command
    leaves = order.owed and limit.met
    if leaves:
        limit.leaving = limit.leaving or Leaving(())
        limit.leaving.add(limit.unit)
    owed = limit.leaving is not None and limit.leaving.take(unit)
    limit.unit, limit.met, limit.unsaved = unit, owed, True
    limit.rated_w = order.rated_w = 0  # that is the other one's
    limit.unknown_at = None
    order.move(owed, now)


class Leaving:
    """The units that are to be released, the first one first."""

    def __init__(self, units):
        self._bus = self._asked = None  # where the exchange under way is, and with which unit
        self._wrote = False  # the release was acknowledged, and is to be read back
        self._next_at = None  # not to be asked before, None = at any time
        self._tries = 0  # in silence
        self._set([unit for unit in units if isinstance(unit, int)])

    def add(self, unit):
        """Release this unit too; the oldest is given up where there are many."""
        self.take(unit)
        self._set((self.units + [unit])[-_MOST:])
        log.warn("plant", "unit %d is the plant no longer, and is released" % unit)

    def take(self, unit):
        """Return True if this unit was one of them; it is none any more."""
        if unit not in self.units:
            return False
        self._set([other for other in self.units if other != unit])
        return True

    def _set(self, units):
        self.units = units  # a list of its own after each change
        named = " and ".join([str(unit) for unit in units])
        self.words = units and "unit %s may hold a limit of before, and is being released" % named

    def step(self, bus, now):
        """Go on at the master of the plant's line."""
        if bus is not self._bus:
            self._bus, self._asked, self._wrote = bus, None, False
        if not self.units or self._asked is not None:
            return
        if self._next_at is not None and clock.ticks_diff(now, self._next_at) < 0:
            return
        self._next_at = None
        register = (sigenergy.LIMIT_ADDRESS, 2)
        if self._wrote:
            pdu = struct.pack(">BHH", _READ_HOLDING, *register)
        else:
            pdu = struct.pack(">BHHBI", _WRITE_REGISTERS, *register, 4, sigenergy.LIMIT_NONE)
        if bus.forward(self.units[0], pdu, len(pdu), self._done):
            self._asked = self.units[0]

    def _done(self, status, frame, at, count):
        unit, self._asked = self._asked, None
        if unit is None or unit not in self.units:
            return  # of a port that is gone
        is_free = self._wrote and status == rtu.OK and sigenergy.limit(frame, at + 2) == sigenergy.LIMIT_NONE
        self._tries = self._tries + 1 if status < 0 else 0
        if is_free or 0 < status <= _LAST_REFUSAL or self._tries == _TRIES:
            self._tries = 0
            self.take(unit)
            log.info("plant", "unit %d: %s" % (unit, "limit released" if is_free else rtu.describe(status)))
        elif status != rtu.OK:
            self._next_at = clock.ticks_add(clock.ticks_ms(), _AGAIN_MS)
        self._wrote = status == rtu.OK and not self._wrote
