"""What another master reads from the bridge when it plays an Eastron meter: the true meter's values, byte for byte.

Registers come from the readings as the true meter sent them; no float is ever computed. If voltage, current and power
are not fresh, the declared policy acts with the next request: "silent" (as a dead meter), "safe" (a declared power in
place of the measured one) or "last" (the last good values). What was never good is not answered under any policy.
Age counts from the last good value, whatever came after it: a value that turned implausible grows old like one that
does not come any more.
Pure. Rules and exceptions as facts.md tells them of the meter: reads start even and have an even count, at most 80
registers; what is not assigned reads 0; holding registers one parameter at a time, by functions 3 and 16.
"""

import struct
from array import array

from bridge import points
from bridge.devices import eastron
from micropython import const

FUNCTIONS = b"\x03\x04\x10"
POLICIES = ("silent", "safe", "last")
SAY_NOTHING = 0x7F  # in place of an exception code: no reply at all

# readings' qualities
_NEVER = const(0)
_SUSPECT = const(2)
_GOOD = const(3)

_READ_HOLDING = const(3)
_ILLEGAL_ADDRESS = const(2)
_ILLEGAL_VALUE = const(3)
_NOT_STORED = const(5)  # the meter's own meaning: configuration store failed
_LONGEST_READ = const(80)
_SETTLE_MS = const(5000)  # after the first whole set of values, what is still missing is what the true meter refused
_LAST_KEY = const(12)  # voltage 0, current 6, power 12 decide whether the source is fresh
_LAST_MEASURED = const(36)  # up to here a safe value takes the place of a measured one (but not of the voltage)
_NOMINAL_V = const(230)
_FOR_EVER_MS = const(1 << 28)


class MeterBank:
    """Registers of a meter of `model`, for modbus.server.server.execute; set `now` (ticks_ms) before each request."""

    functions = FUNCTIONS

    def __init__(self, readings, ticks_diff, model, rows, source_rows, policy, stale_ms, safe_w, **identity):
        """rows: registers.rows() of the model that is played, source_rows: of the true meter; policy of POLICIES;
        stale_ms: how old voltage, current and power may be; safe_w: power of the policy "safe", import positive.

        identity: unit, baud, parity ("N", "E", "O"), serial (32 bits), for the holding registers.
        """
        self.now = 0
        self._readings = readings
        self._raw = readings._raw  # 4 bytes a point, low byte first
        self._limits_ms = readings._max_age_ms
        self._ticks_diff = ticks_diff
        self._last = [row[1] for row in eastron.MODELS if row[0] == model][0]
        self._same_model = rows is source_rows or rows == source_rows
        firm = [row[3] for row in source_rows if not row[5]]
        # (address, point number, the true meter must have it)
        self._cells = tuple([(row[0], points.number(row[3]), row[3] in firm) for row in rows])
        self._keys = tuple([n for address, n, _ in self._cells if address <= _LAST_KEY])
        self._known = bytearray(readings.count)  # was good at least once
        self._ages_ms = array("i", [0] * readings.count)  # of the last good value, at the time of the last note
        self._noted_at = None
        self._complete_at = None
        self._settled = False
        self.follow(policy, stale_ms, safe_w)
        self._holding = _holding(model, identity)

    def follow(self, policy, stale_ms, safe_w):
        """Take what is to be done when the source is stale."""
        self.policy = policy
        self._stale_ms = stale_ms
        self._safe = _safe_values(safe_w)

    def fresh(self):
        """Return True if voltage, current and power are good and young enough at `now`."""
        for n in self._keys:
            if not self._known[n] or self._readings.quality(n) == _SUSPECT or self._age_ms(n) > self._stale_ms:
                return False
        return True

    def note(self):
        """Note what is good at `now`; called with each request and at least every second."""
        readings, now = self._readings, self.now
        passed_ms = 0 if self._noted_at is None else self._ticks_diff(now, self._noted_at)
        self._noted_at = now
        complete = True
        for _, n, firm in self._cells:
            if readings.quality(n) == _GOOD:
                self._known[n] = 1
                self._ages_ms[n] = readings.age_ms(n, now)
                continue
            self._ages_ms[n] = min(self._ages_ms[n] + passed_ms, _FOR_EVER_MS)
            if firm and not self._known[n]:
                complete = False
        if not complete or self._settled:
            return
        if self._complete_at is None:
            self._complete_at = now
        self._settled = self._ticks_diff(now, self._complete_at) > _SETTLE_MS

    def silenced(self):
        """Return True if nothing at all may be answered at `now`: a meter that has no values is a dead one."""
        return self.policy == "silent" and not self.fresh()

    def read(self, function, address, count, out, at):
        """Put `count` registers from `address` into out; return 0, an exception code or SAY_NOTHING."""
        if function == _READ_HOLDING:
            return self._read_holding(address, count, out, at)
        if address & 1 or address + count - 1 > self._last:
            return _ILLEGAL_ADDRESS
        if count & 1 or count > _LONGEST_READ:
            return _ILLEGAL_VALUE
        for i in range(at, at + 2 * count):
            out[i] = 0
        fresh = self.fresh()
        for register, n, firm in self._cells:
            if address <= register < address + count:
                code = self._put(register, n, firm, fresh, out, at + 2 * (register - address))
                if code:
                    return code
        return 0

    def write(self, address, buffer, at, count):
        """Refuse to change a parameter (nobody could carry it to the true meter); one that changes nothing is good."""
        for register, value, allowed in self._holding:
            if register != address or allowed is None:
                continue
            if 2 * count != len(value):
                return _ILLEGAL_ADDRESS
            wanted = bytes(buffer[at : at + 2 * count])
            if wanted == value:
                return 0
            number = struct.unpack(">f" if count == 2 else ">H", wanted)[0]
            return _NOT_STORED if _allows(allowed, number) else _ILLEGAL_VALUE
        return _ILLEGAL_ADDRESS

    def _put(self, register, n, firm, fresh, out, at):
        """Put one value into out, or say why not."""
        quality = self._readings.quality(n)
        is_old = self._age_ms(n) > max(self._stale_ms, self._limits_ms[n])
        if self.policy == "safe" and 0 < register <= _LAST_MEASURED and (is_old or not fresh):
            safe, k = self._safe, register // 6 * 4
            for i in range(4):
                out[at + i] = safe[k + i]
            return 0 if self._known[self._keys[0]] else SAY_NOTHING
        if quality == _NEVER or not self._known[n]:
            if firm or not self._settled or quality != _NEVER:
                return SAY_NOTHING
            return _ILLEGAL_ADDRESS if self._same_model else 0
        if is_old and self.policy == "silent":
            return SAY_NOTHING
        raw, k = self._raw, 4 * n
        for i in range(4):
            out[at + i] = raw[k + 3 - i]
        return 0

    def _age_ms(self, n):
        """Return the age of the last good value of a point at `now`."""
        if self._readings.quality(n) == _GOOD:
            return self._readings.age_ms(n, self.now)
        return self._ages_ms[n] + (0 if self._noted_at is None else self._ticks_diff(self.now, self._noted_at))

    def _read_holding(self, address, count, out, at):
        for register, value, _ in self._holding:
            if register == address and 2 * count == len(value):
                for i in range(2 * count):
                    out[at + i] = value[i]
                return 0
        return _ILLEGAL_ADDRESS


def _allows(allowed, number):
    if isinstance(allowed[0], tuple):
        low, high = allowed[0]
        return low <= number <= high and number == int(number)
    return number in allowed


def _safe_values(safe_w):
    """Return floats, 4 bytes each, for registers 0, 6, 12 .. 36 at a power of safe_w and no reactive power."""
    size = abs(safe_w)
    factor, angle = (1, 0) if safe_w >= 0 else (-1, 180)
    return struct.pack(">7f", _NOMINAL_V, size / _NOMINAL_V, safe_w, size, 0, factor, angle)


def _holding(model, identity):
    """Return ((address, bytes, values that a write may have), ...)."""
    named = {
        "parity": eastron.PARITIES.index(identity["parity"]),
        "unit": identity["unit"],
        "baud": [code for baud, code in eastron.BAUD_CODES if baud == identity["baud"]][0],
        "serial": identity["serial"],
        "code": [row[2] for row in eastron.MODELS if row[0] == model][0],
    }
    found = []
    for address, kind, value, allowed in eastron.HOLDING:
        if address not in (eastron.ONLY_230 if model == "sdm120ct" else eastron.ONLY_120CT):
            found.append((address, struct.pack(">" + kind, named[value] if isinstance(value, str) else value), allowed))
    return tuple(found)
