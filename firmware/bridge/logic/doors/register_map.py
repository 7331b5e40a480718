"""The bridge's own Modbus registers: what it knows, for a third-party master, next to the SunSpec models. Pure.

Read by functions 3 and 4 alike; contacts also as discrete inputs (2), outputs as coils (1). Addresses are 0-based and
never move: what is new takes a reserved place or the end. docs/registers.md is made from the tables below.
"""

import struct

import table
from bridge import points
from bridge.devices import sunspec
from bridge.logic.doors import sunspec_image
from bridge.logic.grid import command as limit
from micropython import const

LAYOUT = 2  # version of this map; grows when something is added

STATE_AT = 0
STATE_WORDS = 100
READINGS_AT = 1000
READING_WORDS = 4  # value as float32, quality, age

LINKS = ("starting", "ok", "silent", "noisy", "partly", "refuses")
LIMITS = limit.STATES
CAUSES = ("unknown", "power", "watchdog", "restart", "restart or panic")
UPDATES = ("idle", "receiving", "installed", "refused")
NONE = 0xFFFF  # of a uint16: not known

# address | words | type | name | meaning
STATE = """
0|1|uint16|layout|Version of this map
1|1|uint16|points|Number of readings from 1000 on
2|1|uint16|inputs|Contacts: bit 0 = DI1 .. bit 4 = DI5, 1 = closed; 65535 = not settled yet
3|1|uint16|outputs|Contacts: bit 0 = DO1, bit 1 = DO2, 1 = closed
4|1|uint16|sensor_link|Link to the sensor: 0 starting, 1 ok, 2 silent, 3 noisy, 4 partly, 5 refuses; 65535 = no such port
5|1|uint16|plant_link|Link to the plant: as sensor_link
6|1|uint16|limit|Active-power limit in force, %
7|1|uint16|limit_state|Limit there: 0 idle, 1 wanted, 2 written, 3 held, 4 refused, 5 silent, 6 overruled, 7 unreadable
8|1|uint16|limit_wanted|1 = the plant shall be commanded
9|1|uint16|edge_to_write|From the last contact edge to the plant's answer, ms; 65535 = none yet
10|2|uint32|uptime|Running since, s
12|2|uint32|heap_free|Free memory, B
14|2|uint32|heap_min|Least free memory since start, B
16|1|uint16|reset_cause|Cause of the last start: 0 unknown, 1 power, 2 watchdog, 3 restart, 4 restart or panic
17|1|int16|wlan_signal|WLAN signal, dBm; 0 = none
18|1|uint16|network|bit 0 = broker connected, bit 1 = house network joined, bit 2 = hotspot open
19|1|uint16|update|Update: 0 idle, 1 receiving, 2 installed, 3 refused
32|16|string|sn|Serial number
48|8|string|version|Version of the firmware
56|24|string|limit_reason|Who limits and why; empty = nobody
"""

# The reading in row k has its registers at 1000 + 4 k. New points are appended; no row moves.
READINGS = """
sensor_voltage
sensor_current
sensor_power
sensor_apparent_power
sensor_reactive_power
sensor_power_factor
sensor_phase_angle
sensor_frequency
sensor_import_energy
sensor_export_energy
sensor_import_reactive
sensor_export_reactive
sensor_power_demand
sensor_power_demand_max
sensor_import_demand
sensor_import_demand_max
sensor_export_demand
sensor_export_demand_max
sensor_current_demand
sensor_current_demand_max
sensor_total_energy
sensor_total_reactive
sensor_trip_energy
sensor_trip_reactive
plant_ems_mode
plant_grid_sensor
plant_grid_power
plant_grid_reactive
plant_off_grid
plant_max_power
plant_soc
plant_alarm_1
plant_alarm_2
plant_alarm_ess
plant_alarm_backup_gateway
plant_power
plant_reactive
plant_pv_power
plant_ess_power
plant_ess_charge_max
plant_ess_discharge_max
plant_running_state
plant_soh
plant_pv_energy
plant_load_energy
plant_alarm_6
plant_alarm_7
plant_load_power
plant_alarm_dc_charger
"""

_NOT_A_NUMBER = b"\x7f\xc0\x00\x00"
_AGE_STEP_MS = const(100)
_GOOD = const(3)  # readings.GOOD
_SUSPECT = const(2)
_INPUTS = const(5)
_OUTPUTS = const(2)


class RegisterMap:
    """A bank for modbus.server.server over the bridge's state; read-only unless outputs may be commanded.

    unit: as SunSpec shows it. ticks_ms: the clock, for ages. command: function(bits, mask) that is told which outputs
    (bit 0 = DO1) a master switches and which of them shall be closed, and returns whether it may; None = coils cannot be
    written. driven:
    function that returns the outputs as they are commanded now; None: as the state has them.
    """

    functions = b"\x01\x02\x03\x04\x05\x06\x0f\x10\x16\x17"

    def __init__(self, state, unit, ticks_ms, command=None, driven=None):
        self._state = state
        self._ticks_ms = ticks_ms
        self._command = command
        self._driven = driven
        self._numbers = bytes([points.number(row[0]) for row in table.rows(READINGS)])
        size = READING_WORDS * len(self._numbers)
        self._image = bytearray(2 * max(size, STATE_WORDS))
        self._sunspec = sunspec_image.Image(state, unit)
        self._blocks = (
            (STATE_AT, STATE_WORDS, self._render_state),
            (READINGS_AT, size, self._render_readings),
            (sunspec.BASE, sunspec.WORDS, self._render_sunspec),
        )

    def read(self, function, address, count, out, at):
        """Put registers or bits into out; return 0 or an exception code. A read may not leave its block."""
        if function <= 2:
            return self._read_bits(function, address, count, out, at)
        for start, size, render in self._blocks:
            first = address - start
            if 0 <= first and first + count <= size:
                image = render(first, count)
                for i in range(2 * count):
                    out[at + i] = image[2 * first + i]
                return 0
        return 2

    def write(self, address, buffer, at, count):
        """Return 2: no register can be written."""
        return 2

    def write_bits(self, address, buffer, at, count):
        """Close and open outputs, if a master may."""
        if self._command is None or address + count > _OUTPUTS:
            return 2
        bits = ((1 << count) - 1) << address
        return 0 if self._command(bits, buffer[at] << address & bits) else 4  # a rule owns it: docs/loads.md

    def _read_bits(self, function, address, count, out, at):
        mask, most = self._state.inputs, _INPUTS
        if function == 1:
            # What was acknowledged is so: the relay follows within 50 ms.
            mask, most = self._driven() if self._driven else self._state.outputs, _OUTPUTS
        if address + count > most:
            return 2
        out[at] = mask >> address
        return 0

    def _render_state(self, first, count):
        """Return the image of the state's registers."""
        image = self._image
        for i in range(2 * STATE_WORDS):
            image[i] = 0
        for fields, value in zip(table.rows(STATE), self._state_values()):
            where, kind = 2 * int(fields[0]), fields[2]
            if kind == "string":
                text = str(value).encode()[: 2 * int(fields[1])]
                image[where : where + len(text)] = text
            else:
                struct.pack_into({"uint16": ">H", "int16": ">h", "uint32": ">I"}[kind], image, where, value)
        return image

    def _state_values(self):
        """Return the values of STATE, in its order."""
        s = self._state
        network = s.uplink_connected | (s.wlan_state == "joined") << 1 | s.hotspot_open << 2
        # fmt: off
        return (
            LAYOUT, len(self._numbers), s.inputs if s.inputs_settled else NONE, s.outputs,
            _code(LINKS, s.sensor_link), _code(LINKS, s.plant_link),
            _word(s.limit_pct), _code(LIMITS, s.plant_limit_state), int(s.limit_wanted), _word(s.edge_to_write_ms),
            s.uptime_s, s.heap_free, s.heap_min, _code(CAUSES, s.reset_cause),
            s.wlan_signal, network, _code(UPDATES, s.update_state),
            s.sn, s.version, s.limit_reason,
        )
        # fmt: on

    def _render_readings(self, first, count):
        """Return an image of the readings in which those are new that a read touches."""
        image, readings = self._image, self._state.readings
        now = self._ticks_ms()
        for k in range(first // READING_WORDS, (first + count - 1) // READING_WORDS + 1):
            n, where = self._numbers[k], 2 * READING_WORDS * k
            quality = readings.quality(n)
            value = readings.value(n)
            if value is None:
                image[where : where + 4] = _NOT_A_NUMBER
            else:
                struct.pack_into(">f", image, where, value)
            age = NONE
            if quality in (_GOOD, _SUSPECT):  # the stamp of older ones may have gone round
                age = min(readings.age_ms(n, now) // _AGE_STEP_MS, NONE - 1)
            struct.pack_into(">HH", image, where + 4, quality, age)
        return image

    def _render_sunspec(self, first, count):
        self._sunspec.refresh()
        return self._sunspec.image


def _code(names, text):
    return names.index(text) if text in names else NONE


def _word(value):
    """Return a number as uint16, NONE if it is negative or too large."""
    return int(value) if 0 <= value < NONE else NONE
