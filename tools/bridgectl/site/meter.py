"""The power sensor at the grid connection point: an Eastron SDM230 or SDM120CT that measures what the house causes.

Source: the register tables of the firmware and the rules of the protocol documents: reads start even and have an even
count, at most 80 registers; what is not assigned reads 0; holding registers by function 3, written by function 16.
"""

import math
import struct

from bridge.devices import registers, sdm120ct, sdm230
from modbus.wire import functions

from bridgectl.site.slave import Slave

_ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 2, 3
_LONGEST_READ = 80

# Holding registers: address, kind, name
_HOLDING = ((11, "H", "instrument_type"), (12, "f", "pulse_width_ms"),
            (18, "f", "parity_code"), (20, "f", "address"), (28, "f", "baud_code"),
            (63776, "H", "measurement_mode"), (64512, "I", "serial_number"), (64514, "H", "meter_code"))  # fmt: skip
_READ_ONLY = ("serial_number", "meter_code", "instrument_type")
_WRITABLE_CODES = {"parity_code": (0, 1, 2, 3), "baud_code": (0, 1, 2, 5), "measurement_mode": (1, 2, 3),
                   "pulse_width_ms": (60, 100, 200)}  # fmt: skip

# Beyond these the documents list nothing (SDM230: with the resettable counters of V1.1).
_LAST = {"sdm230": 387, "sdm120ct": 345}
_INSTRUMENT_TYPES = {"sdm230": 0x00A8}  # what an SDM120CT says is not known
_METER_CODES = {"sdm120ct": 0x0020}  # the SDM230's is not documented
_TABLES = {"sdm230": sdm230, "sdm120ct": sdm120ct}


class Meter(Slave):
    """A meter of `model` ("sdm230" or "sdm120ct") in `house`.

    refused: pairs (first, last) of addresses that this version of the meter does not know, for example (84, 94).
    lying: True makes it answer with nonsense in good frames: NaN, impossible powers, counters that run backwards.
    backwards: True mounts it the other way round, so that it counts as exported what the house imports.
    """

    def __init__(self, house, model="sdm230", unit=1, refused=(), serial_number=21094417):
        super().__init__(unit, (functions.READ_HOLDING, functions.READ_INPUT, functions.WRITE_REGISTERS), False)
        self.house = house
        self.model = model
        self.lying = False
        self.backwards = False
        self._refused = refused
        self._registers = registers.rows(_TABLES[model])
        self.holding = {
            "pulse_width_ms": 100,
            "parity_code": 0,
            "address": unit,
            "baud_code": 2,
            "measurement_mode": 2,
            "serial_number": serial_number,
        }
        if model in _INSTRUMENT_TYPES:
            self.holding["instrument_type"] = _INSTRUMENT_TYPES[model]
        if model in _METER_CODES:
            self.holding["meter_code"] = _METER_CODES[model]

    def read(self, function, address, count, out, at):
        """Put `count` registers from `address` into out; return 0 or an exception code."""
        if function == functions.READ_HOLDING:
            return self._read_holding(address, count, out, at)
        if address & 1 or address + count - 1 > _LAST[self.model]:
            return _ILLEGAL_ADDRESS
        if count & 1 or count > _LONGEST_READ:
            return _ILLEGAL_VALUE
        for first, last in self._refused:
            if address <= last and address + count > first:
                return _ILLEGAL_ADDRESS
        for i in range(at, at + 2 * count):
            out[i] = 0
        measured = self.measure()
        for register, _, _, point, _, _ in self._registers:
            if address <= register < address + count:
                struct.pack_into(">f", out, at + 2 * (register - address), measured[point])
        return 0

    def write(self, address, buffer, at, count):
        """Take one holding parameter; return 0 or an exception code."""
        row = [r for r in _HOLDING if r[0] == address and r[2] in self.holding and r[2] not in _READ_ONLY]
        if not row:
            return _ILLEGAL_ADDRESS
        _, kind, name = row[0]
        if count != (1 if kind == "H" else 2):
            return _ILLEGAL_ADDRESS
        value = struct.unpack_from(">" + kind, buffer, at)[0]
        if name == "address":
            allowed = 1 <= value <= 247 and value == int(value)
        else:
            allowed = value in _WRITABLE_CODES[name]
        if not allowed:
            return _ILLEGAL_VALUE
        self.holding[name] = int(value)
        return 0

    def restart(self):
        """Take the power away and give it back: a changed address counts from now on."""
        self.unit = self.holding["address"]

    def _read_holding(self, address, count, out, at):
        for register, kind, name in _HOLDING:
            if register == address and name in self.holding and count == (1 if kind == "H" else 2):
                struct.pack_into(">" + kind, out, at, self.holding[name])
                return 0
        return _ILLEGAL_ADDRESS

    def measure(self):
        """Return {point: value} of everything that the meter shows, all of the same moment."""
        h = self.house
        power, reactive = h.grid_w, h.grid_var
        imported, exported = _ways(h)
        if self.backwards:
            power, reactive, imported, exported = -power, -reactive, exported, imported
        apparent = math.sqrt(power * power + reactive * reactive)
        mode = self.holding["measurement_mode"]
        total_wh, total_varh = [(i, i + e, i - e)[mode - 1] for i, e in zip(imported[:2], exported[:2])]
        shown = {
            "sensor_voltage": h.grid_v,
            "sensor_current": apparent / h.grid_v,
            "sensor_power": power,
            "sensor_apparent_power": apparent,
            "sensor_reactive_power": reactive,
            "sensor_power_factor": power / apparent if apparent else 1.0,
            "sensor_phase_angle": math.atan2(reactive, power) * 180 / math.pi,
            "sensor_frequency": h.grid_hz,
            "sensor_import_energy": imported[0] / 1000,
            "sensor_export_energy": exported[0] / 1000,
            "sensor_import_reactive": imported[1] / 1000,
            "sensor_export_reactive": exported[1] / 1000,
            "sensor_power_demand": h.demand_w,
            "sensor_power_demand_max": h.demand_max_w,
            "sensor_import_demand": imported[2],
            "sensor_import_demand_max": imported[3],
            "sensor_export_demand": exported[2],
            "sensor_export_demand_max": exported[3],
            "sensor_current_demand": h.demand_a,
            "sensor_current_demand_max": h.demand_max_a,
            "sensor_total_energy": total_wh / 1000,
            "sensor_total_reactive": total_varh / 1000,
            "sensor_trip_energy": total_wh / 1000,
            "sensor_trip_reactive": total_varh / 1000,
        }
        if self.lying:
            shown.update(
                sensor_voltage=float("nan"),
                sensor_power=1e9,
                sensor_current=float("inf"),
                sensor_apparent_power=-1e6,
                sensor_reactive_power=1e9,
                sensor_power_factor=7.0,
                sensor_phase_angle=float("nan"),
                sensor_frequency=-50.0,
                sensor_import_energy=h.import_wh / 1000 - 500,
            )
        return shown


def _ways(house):
    """Return Wh, varh, W of demand and the most of it, of what the house imports and of what it exports."""
    h = house
    return (
        (h.import_wh, h.import_varh, h.import_demand_w, h.import_demand_max_w),
        (h.export_wh, h.export_varh, h.export_demand_w, h.export_demand_max_w),
    )
