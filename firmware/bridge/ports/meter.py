"""Plays the power sensor towards another master (the inverter), from what the bridge reads off the true one.

    other       request ──►│ this role's port            the other port │
    master                 │ Serving ► MeterBank ◄ readings ◄ Master    │ ◄──► true meter
                answer  ◄──│ (think time), or silence as the policy says│

What reaches the other master is therefore as old as the last poll of the true meter, plus the think time.
"""

import clock
import log
from bridge.devices import models, registers
from bridge.logic.doors import meter_bank
from bridge.ports.port import Port
from micropython import const
from modbus.server import server, serving

_DIAGNOSE = const(8)


class _Slave:
    """What the line's Serving asks for an answer: the functions that an Eastron meter has, and no broadcasts."""

    def __init__(self, unit, bank):
        self.unit = unit
        self.bank = bank
        self.withheld = 0  # requests that got no answer because there was nothing good to say

    def answer(self, request, count, out):
        """Put the reply into out and return its length, 0 = say nothing; as modbus.server.server.Server."""
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


class Meter(Port):
    """The port object of the role `meter`, see ports/roles."""

    def __init__(self, line, baud, parity, state, settings, serial):
        """settings: meter_* (meter_model is the one that is played) and sensor_model, the true one. serial: 32 bits."""
        model, source = settings.meter_model, settings.sensor_model
        rows = registers.rows(models.sensor(model))
        source_rows = rows if source in (model, "none") else registers.rows(models.sensor(source))
        self._settings = settings
        self._version = settings.version
        identity = {"unit": settings.meter_unit, "baud": baud, "parity": parity, "serial": serial}
        asked = (settings.meter_policy, settings.meter_stale_ms, settings.meter_safe_w)
        self.bank = bank = meter_bank.MeterBank(
            state.readings, clock.ticks_diff, model, rows, source_rows, *asked, **identity
        )
        self._slave = _Slave(settings.meter_unit, bank)
        serves = serving.Serving(line, baud, parity, self._slave, settings.meter_think_ms)
        Port.__init__(self, serves, serves)
        self.source = "starting"  # or "fresh", or the policy that acts: "silent", "safe", "last"

    def follow(self, now):
        """Log what the other master gets; about twice a second."""
        bank, settings = self.bank, self._settings
        if self._version != settings.version:
            # In place: a port made anew would have forgotten what was ever good, just when the policy is needed.
            self._version = settings.version
            bank.follow(settings.meter_policy, settings.meter_stale_ms, settings.meter_safe_w)
        bank.now = now
        bank.note()
        source = "fresh" if bank.fresh() else bank.policy
        if source == self.source or (self.source == "starting" and source != "fresh"):
            return
        self.source = source
        if source == "fresh":
            log.info("meter", "the sensor's values are passed on")
        else:
            log.warn("meter", "the sensor is stale, policy: %s" % source)

    def words(self):
        """Return what the other master gets."""
        return "source %s, %d not answered" % (self.source, self._slave.withheld)
