"""Plays the power sensor towards another master (the inverter), from what the bridge reads off the true one.

    other       request ──►│ this role's port            the other port │
    master                 │ Serving ► MeterBank ◄ readings ◄ Master    │ ◄──► true meter
                answer  ◄──│ (think time), or silence as the policy says│

What reaches the other master is therefore as old as the last poll of the true meter, plus the think time.
"""

import clock
import log
from bridge.devices import registers, sdm120ct, sdm230
from bridge.logic import meter_bank
from micropython import const
from modbus import server, serving

_DIAGNOSE = const(8)
_DEVICES = {"sdm230": sdm230, "sdm120ct": sdm120ct}


class _Slave:
    """What the line's Serving asks for an answer: the functions that an Eastron meter has, and no broadcasts."""

    def __init__(self, unit, bank):
        self.unit = unit
        self.bank = bank
        self.withheld = 0  # requests that got no answer because there was nothing good to say

    def answer(self, request, count, out):
        """Put the reply into out and return its length, 0 = say nothing; as modbus.server.Server."""
        if not server.intact(request, count) or request[0] != self.unit:
            return 0
        bank = self.bank
        bank.now = clock.ticks_ms()
        bank.note()
        end = -meter_bank.SAY_NOTHING
        if not bank.silenced():
            end = self._reply(request, count - 2, out)
        if end == -meter_bank.SAY_NOTHING:
            self.withheld += 1
            return 0
        return server.sealed(out, self.unit, request[1], end)

    def _reply(self, request, end, out):
        if request[1] != _DIAGNOSE:
            return server.execute(request, 1, end, self.bank, meter_bank.FUNCTIONS, out, 1)
        # The documents know sub-function 0 only, with exactly one word.
        if end < 4 or request[2] or request[3]:
            return -1
        if end != 6:
            return -3
        for i in range(1, end):
            out[i] = request[i]
        return end


class Meter:
    """The role `meter` of a port, for tasks/buses.py."""

    name = "meter"

    def __init__(self, line, readings, source, model, unit, baud, parity, serial, think_ms, policy, stale_ms, safe_w):
        """source: "sdm230" or "sdm120ct", the true meter; model: the one that is played; the rest as MeterBank."""
        rows = registers.rows(_DEVICES[model])
        source_rows = rows if source == model else registers.rows(_DEVICES[source])
        self.bank = bank = meter_bank.MeterBank(
            readings,
            clock.ticks_diff,
            model,
            rows,
            source_rows,
            policy,
            stale_ms,
            safe_w,
            unit=unit,
            baud=baud,
            parity=parity,
            serial=serial,
        )
        self._slave = _Slave(unit, bank)
        self.bus = serving.Serving(line, baud, parity, self._slave, think_ms)
        self.slave = self.bus
        self.source = "starting"  # or "fresh", or the policy that acts: "silent", "safe", "last"

    def report(self, state, link, counts):
        """Say in the log what the other master gets; called about twice a second."""
        bank = self.bank
        bank.now = clock.ticks_ms()
        bank.note()
        source = "fresh" if bank.fresh() else bank.policy
        if source == self.source or (self.source == "starting" and source != "fresh"):
            return
        self.source = source
        if source == "fresh":
            log.info("meter", "the sensor's values are passed on")
        else:
            log.warn("meter", "the sensor is stale, policy: %s" % source)

    def shown(self):
        """Return what there is to show, as a dict."""
        return {"source": self.source, "withheld": self._slave.withheld}
