"""The plant as its Modbus map shows it: unit 247, the inputs around those that the bridge reads, and the limits.

Source: Sigenergy Modbus Protocol V2.9; the column `since` says which version of the map brought a register. A read that
touches an address that is not listed is refused (exception 2), as the field reports of it say.
"""

import struct

import clock
from bridge.devices import sigenergy
from modbus.wire import crc, functions

from bridgectl.site.slave import Slave

_FUNCTIONS = (functions.READ_HOLDING, functions.READ_INPUT, functions.WRITE_REGISTER, functions.WRITE_REGISTERS)
_ILLEGAL_ADDRESS, _ILLEGAL_VALUE, _FAILED = 2, 3, 4
_NONE = sigenergy.LIMIT_NONE
_CHARACTER_US = 1042  # at 9600 8N1
_TOLERANCE_MS = 5  # what the end of a frame tells of its start on a busy PC


# Input registers: address, kind, since, value
# fmt: off
_INPUTS = (
    (30003, "H", 17, "ems_mode"),        (30004, "H", 17, "grid_sensor"),    (30005, "i", 17, "grid_w"),
    (30007, "i", 17, "grid_var"),        (30009, "H", 17, "off_grid"),       (30010, "I", 17, "max_w"),
    (30012, "I", 17, "max_w"),           (30014, "H", 17, "soc"),            (30015, "i", 17, "output_w"),
    (30017, "i", 17, "zero"),            (30019, "i", 17, "zero"),           (30021, "i", 17, "output_var"),
    (30023, "i", 17, "zero"),            (30025, "i", 17, "zero"),           (30027, "H", 17, "alarm_1"),
    (30028, "H", 17, "alarm_2"),         (30029, "H", 17, "alarm_ess"),      (30030, "H", 17, "alarm_backup_gateway"),
    (30031, "i", 17, "output_w"),        (30033, "i", 17, "output_var"),     (30035, "i", 17, "pv_w"),
    (30037, "i", 17, "charge_w"),        (30039, "I", 17, "available_w"),    (30041, "I", 17, "absorb_w"),
    (30043, "I", 17, "available_var"),   (30045, "I", 17, "available_var"),  (30047, "I", 17, "charge_room_w"),
    (30049, "I", 17, "discharge_room_w"), (30051, "H", 17, "running_state"), (30072, "H", 20, "alarm_dc_charger"),
    (30085, "H", 25, "charge_end"),
    (30086, "H", 25, "discharge_end"),   (30087, "H", 25, "soh"),            (30088, "Q", 26, "pv_energy"),
    (30092, "I", 26, "load_day_energy"), (30094, "Q", 26, "load_energy"),    (30280, "H", 28, "alarm_6"),
    (30281, "H", 28, "alarm_7"),         (30282, "i", 28, "load_w"),         (30284, "i", 28, "load_w"),
)
# Holding registers: address, kind, since, default, readable
_HOLDING = (
    (40000, "H", 17, 1, False), (40001, "i", 17, 0, True), (40003, "i", 17, 0, True), (40005, "h", 17, 0, True),
    (40006, "h", 17, 0, True), (40007, "h", 17, 1000, True), (40029, "H", 17, 0, True), (40030, "H", 17, 0, True),
    (40031, "H", 17, 2, True),
    (40038, "I", 25, _NONE, True), (40040, "I", 25, _NONE, True), (40042, "I", 25, _NONE, True),
    (40044, "I", 25, _NONE, True),
)
# fmt: on
_START_STOP, _REMOTE_ENABLE, _REMOTE_MODE, _GRID_EXPORT, _EXPORT = 40000, 40029, 40031, 40038, sigenergy.LIMIT_ADDRESS
_ACTIVE_W, _REACTIVE_VAR, _ACTIVE_SHARE, _REACTIVE_SHARE, _POWER_FACTOR = 40001, 40003, 40005, 40006, 40007
_ALLOWED = {
    _START_STOP: (0, 1),
    _REMOTE_ENABLE: (0, 1),
    40030: (0, 1),
    _REMOTE_MODE: (0, 1, 2, 3, 4, 5, 6),
    _ACTIVE_SHARE: range(-10000, 10001),
    _REACTIVE_SHARE: range(-6000, 6001),
    _POWER_FACTOR: tuple(range(-999, -799)) + tuple(range(800, 1001)),
}
_REMOTE_EMS = 7  # what 30003 shows while 40029 is 1
_SIZE = {"H": 1, "h": 1, "I": 2, "i": 2, "Q": 4}
_GLOBAL_SINCE, _GLOBAL_UNTIL = 25, 28  # versions by whose document reactive targets need the grid sensor alone
_PCS_REMOTE = 0  # the mode of remote EMS in which targets of power count


class Plant(Slave):
    """The plant in `house`, with the map of version `generation` (17 = V1.7, 24 = V2.4, 25 = V2.5 ... 29 = V2.9).

    Fault switches: `silent`, `off_grid` (0, 1 or 2), `alarms` (a dict by the names alarm_1 .. alarm_7), `reboot(ms)`,
    `grid_sensor` (0: there is none), `leaks` (40038 is taken and not obeyed).
    too_fast counts requests that came less than 1000 ms after the one before, start to start; shortest_period_ms is the
    least such time (None before the second request); written lists (time in ms, address, value) of the last writes.
    Odd ways with the limit, each off at 0: takes_back_ms (so long after a write it is takes_back_w again, as another EMS
    or a time-out does it), rounds_to_w (to the nearest multiple), least_w (nothing less is taken), restarts_every_ms (for
    restart_ms, with the limit forgotten), busy_every (so many requests, one is answered with exception 4).
    """

    def __init__(self, house, generation=29, unit=sigenergy.UNIT, now_ms=lambda: clock.ticks_ms()):  # noqa: PLW0108 (as it is when asked)
        super().__init__(unit, _FUNCTIONS, True)
        self.house = house
        self.generation = generation
        self.off_grid = 0
        self.alarms = dict.fromkeys(
            ("alarm_1", "alarm_2", "alarm_ess", "alarm_backup_gateway", "alarm_6", "alarm_7", "alarm_dc_charger"), 0
        )
        self.running_state = sigenergy.RUNNING
        self.grid_sensor = 1  # the plant's own: without it 40038 and 40040 are taken and do nothing
        self.leaks = False
        self.too_fast = 0
        self.shortest_period_ms = None
        self.written = []
        self.takes_back_ms = self.takes_back_w = self.rounds_to_w = self.least_w = self.busy_every = 0
        self.restarts_every_ms, self.restart_ms = 0, 1500
        self._restarted_at = self._limited_at = now_ms()
        self._asked = 0
        self._now_ms = now_ms
        self._last_start = None
        self._down_until = None
        self._forget()

    @property
    def limit_w(self):
        """The export limit of the inverter in W, None = not in force."""
        self._live()
        value = self.holding[_EXPORT]
        return None if value == _NONE else value

    def reboot(self, down_ms=20000):
        """Start anew: silent for down_ms, then with the registers of limits at their defaults."""
        self._down_until = clock.ticks_add(self._now_ms(), down_ms)
        self._forget()

    def answer(self, frame):
        """Return the reply to a request frame as bytes, or None = say nothing."""
        self._live()
        if self._down_until is not None:
            if clock.ticks_diff(self._down_until, self._now_ms()) > 0:
                return None
            self._down_until = self._last_start = None
        self._asked += 1
        if self.busy_every and self._asked % self.busy_every == 0 and frame[0] == self.unit:
            return self._busy(frame)
        return super().answer(frame)

    def note_request(self, count):
        """Keep the books of the time between requests."""
        start = clock.ticks_add(self._now_ms(), -(count * _CHARACTER_US // 1000))
        if self._last_start is not None:
            period_ms = clock.ticks_diff(start, self._last_start)
            if period_ms < sigenergy.PERIOD_MS - _TOLERANCE_MS:
                self.too_fast += 1
            if self.shortest_period_ms is None or period_ms < self.shortest_period_ms:
                self.shortest_period_ms = period_ms
        self._last_start = start

    def read(self, function, address, count, out, at):
        """Put `count` registers from `address` into out; return 0 or an exception code.

        Inputs and holdings answer to functions 3 and 4 alike: table 4-1 of the source says 4, its example uses 3.
        """
        if count > sigenergy.LONGEST:
            return _ILLEGAL_VALUE
        block = bytearray(2 * count)
        missing = count
        values = None
        for register, kind, since, name in _INPUTS:
            if address - 4 < register < address + count and since <= self.generation:
                if values is None:
                    values = self.values()
                missing -= _place(block, address, count, register, kind, values[name])
        for register, kind, since, _, readable in _HOLDING:
            if readable and since <= self.generation:
                missing -= _place(block, address, count, register, kind, self.holding[register])
        if missing:
            return _ILLEGAL_ADDRESS
        for i in range(2 * count):
            out[at + i] = block[i]
        return 0

    def write(self, address, buffer, at, count):
        """Take whole holding values; all of them or, with an exception code, none."""
        taken = []
        while count:
            for register, kind, since, _, _ in _HOLDING:
                if register == address and since <= self.generation and _SIZE[kind] <= count:
                    break
            else:  # unknown, unknown to this version, or half of a value
                return _ILLEGAL_ADDRESS
            (value,) = struct.unpack(">" + kind, bytes(buffer[at : at + 2 * _SIZE[kind]]))
            if value not in _ALLOWED.get(register, (value,)):
                return _ILLEGAL_VALUE
            taken.append((register, value))
            address += _SIZE[kind]
            at += 2 * _SIZE[kind]
            count -= _SIZE[kind]
        for register, value in taken:
            if register == _EXPORT:
                self._limited_at = self._now_ms()
            self.holding[register] = self._taken_for(value) if register == _EXPORT else value
            self.written = self.written[-19:] + [(self._now_ms(), register, value)]
            if register in (_ACTIVE_W, _ACTIVE_SHARE):
                self._active = register  # the last one counts
            elif register in (_REACTIVE_VAR, _REACTIVE_SHARE, _POWER_FACTOR):
                self._reactive = register
        self._act()
        return 0

    def values(self):
        """Return {name: raw value} of the input registers, all of the same moment."""
        h = self.house
        charge_w, discharge_w = h.room_w()
        values = {
            "zero": 0,
            "ems_mode": _REMOTE_EMS if self.holding[_REMOTE_ENABLE] else 0,
            "grid_sensor": self.grid_sensor,
            "grid_w": int(h.grid_w),
            "grid_var": int(h.grid_var),
            "off_grid": self.off_grid,
            "max_w": h.max_power_w,
            "soc": int(10 * h.soc_pct + 0.5),
            "output_w": int(h.output_w),
            "output_var": int(h.load_var - h.grid_var),
            "pv_w": int(h.pv_w),
            "charge_w": int(h.charge_w),
            "available_w": int(min(h.most_output_w(), h.pv_w + h.curtailed_w + discharge_w)),
            "absorb_w": int(min(h.max_power_w, charge_w)),
            "available_var": int(0.6 * h.max_power_w),
            "charge_room_w": int(charge_w),
            "discharge_room_w": int(discharge_w),
            "running_state": self.running_state,
            "charge_end": 1000,
            "discharge_end": int(10 * h.reserve_pct),
            "soh": 985,
            "pv_energy": int(h.pv_wh / 10),
            "load_day_energy": int(h.load_day_wh / 10),
            "load_energy": int(h.load_wh / 10),
            "load_w": int(h.load_w),
        }
        values.update(self.alarms)
        return values

    def go_off_grid(self, state):
        """Leave the grid (1 by itself, 2 by hand) or come back to it (0)."""
        self.off_grid = state
        self.house.off_grid = state != 0

    def _live(self):
        """Let happen what the odd ways bring by now."""
        now = self._now_ms()
        if self.restarts_every_ms and clock.ticks_diff(now, self._restarted_at) >= self.restarts_every_ms:
            self._restarted_at = now
            self.reboot(self.restart_ms)
        if self.takes_back_ms and clock.ticks_diff(now, self._limited_at) >= self.takes_back_ms:
            self._limited_at = now
            self.holding[_EXPORT] = self.takes_back_w
            self._act()

    def _taken_for(self, value):
        """Return the limit that is held when `value` was written."""
        if value == _NONE:
            return value
        if self.rounds_to_w:
            value = (value + self.rounds_to_w // 2) // self.rounds_to_w * self.rounds_to_w
        return max(value, self.least_w)

    def _busy(self, frame):
        reply = bytearray((self.unit, frame[1] | 0x80, _FAILED, 0, 0))
        crc.seal(reply, 3)
        return bytes(reply)

    def _forget(self):
        self.holding = {row[0]: row[3] for row in _HOLDING}
        self._active, self._reactive = _ACTIVE_W, _REACTIVE_SHARE
        self._act()

    def _act(self):
        """Let the house obey the registers."""
        h = self.house
        h.export_limit_w = self.limit_w
        grid_w = self.holding[_GRID_EXPORT]
        h.grid_export_limit_w = None if grid_w == _NONE or not self.grid_sensor or self.leaks else grid_w
        h.running = self.holding[_START_STOP] == 1
        self.running_state = sigenergy.RUNNING if h.running else sigenergy.SHUTDOWN
        self._dispatch()

    def _dispatch(self):
        """Let targets of power count where they do: in remote EMS, and V2.5 to V2.7 took reactive ones at any time."""
        h, held = self.house, self.holding
        remote = held[_REMOTE_ENABLE] == 1 and held[_REMOTE_MODE] == _PCS_REMOTE
        active_w = held[_ACTIVE_W] if self._active == _ACTIVE_W else h.max_power_w * held[_ACTIVE_SHARE] // 10000
        h.commanded_w = active_w if remote else None
        h.power_factor, h.share_pct = None, 0.0
        if remote or (_GLOBAL_SINCE <= self.generation < _GLOBAL_UNTIL and self.grid_sensor):
            if self._reactive == _POWER_FACTOR:
                h.power_factor = held[_POWER_FACTOR] / 1000
            elif self._reactive == _REACTIVE_SHARE:
                h.share_pct = held[_REACTIVE_SHARE] / 100
            else:
                h.share_pct = 100 * held[_REACTIVE_VAR] / h.max_power_w


def _place(block, address, count, register, kind, value):
    """Put the words of a value that lie in the block into it and return how many they are."""
    words = _SIZE[kind]
    if register >= address + count or register + words <= address:
        return 0
    raw = struct.pack(">" + kind, value)
    placed = 0
    for i in range(words):
        k = register + i - address
        if 0 <= k < count:
            block[2 * k] = raw[2 * i]
            block[2 * k + 1] = raw[2 * i + 1]
            placed += 1
    return placed
