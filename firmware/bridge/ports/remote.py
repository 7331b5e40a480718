"""Remote EMS of the plant: entered on purpose, held, and left so that the plant is in its former mode again.

Targets of reactive power count there alone (40029 = 1 and 40031 = 0), and in it the plant follows the target of active
power and no mode of its own. So that is written first and the enable last; on leaving the enable goes first. What the plant
was in before (`former`) is to be recorded before anything is written: whoever starts anew with it leaves, or goes on.
"""

import clock
from bridge.devices import sigenergy
from micropython import const
from modbus.wire import rtu

ACTIVE, SHARE, FACTOR = sigenergy.DISPATCH, sigenergy.REACTIVE_SHARE, sigenergy.POWER_FACTOR
ENABLE, MODE = sigenergy.REMOTE_ENABLE, sigenergy.REMOTE_MODE
_NO_SHARE = const(0)  # no reactive power
_NO_FACTOR = const(1000)
_MODES = const(3)  # registers from ENABLE to MODE
_TARGETS = const(7)  # registers from ACTIVE to FACTOR
_PCS = const(0)  # the mode in which targets count
_READ_HOLDING = const(3)
_LAST_REFUSAL = const(3)  # exceptions above it pass: busy, failed, no path
_MINUTE_MS = const(60000)
_LOOK_MS = const(
    4000
)  # from one look to the next, each at half of the registers; the line carries one request a second
_STALE_MS = const(20000)  # not *held* any longer than that without a look
_PAUSE_MS = const(2000)  # after a failure, doubled up to a minute


class Remote:
    """What shall stand in the registers of remote EMS, what stands there, and what is done next."""

    def __init__(self, former=None):
        """former: (enable, mode) before the bridge entered, None = it has not."""
        self.former = former
        self.state = "idle"
        self.text = ""
        self.active_at = None  # ticks when the plant took the target of active power, None = not yet
        self._wanted = None  # {register: raw value} in the order in which they are written; None = the former mode
        self._stands = {}  # register -> raw value, as it was taken or read last
        self._write = None  # (register, raw value) under way
        self._port = self._job = None
        self._failed = self._looks = 0
        self._at = None  # nothing is done before these ticks
        self._good_at = 0  # ticks of the last look that found all as it shall be
        self._refused = None  # (text, ticks until which nothing is tried)

    def want(self, register, raw, active_w, now):
        """Say what shall hold: SHARE in 0.01 % or FACTOR in thousandths, and W; None for register: leave."""
        if self._refused and clock.ticks_diff(now, self._refused[1]) >= 0:
            self._refused = None
        wanted = {ACTIVE: active_w, register: raw, MODE: _PCS, ENABLE: 1} if register and not self._refused else None
        if bool(wanted) != bool(self._wanted) or (wanted and self._wanted.get(register) != raw):
            self._failed = self._looks = 0
            self._at = now
            self._become("wanted" if wanted else self.state)
        if wanted and (not self._wanted or self._wanted[ACTIVE] != active_w):
            self.active_at = None
        self._wanted = wanted

    def drive(self, port, now):
        """Take the next step. port: the object of RS485-1 or None. One exchange at most is under way."""
        if port is not self._port:
            self._port = port
            self._job = port.job(self._done) if hasattr(port, "job") else None
            self._stands, self._write = {}, None
        job = self._job
        if not job or port.slave.silent():
            self._stands = {}
            if self._wanted or self.former:
                self._become("unreachable", "the plant does not answer" if job else "nothing polls the plant")
            return
        if self.state == "held" and clock.ticks_diff(now, self._good_at) > _STALE_MS:
            self._become("written", "its registers were not read for %d s" % (_STALE_MS // 1000))
        if job.active or (self._at is not None and clock.ticks_diff(now, self._at) < 0):
            return
        self._at = now
        if self._wanted or self.former:
            self._next(job, now)
        else:
            self._become("idle")

    def leave(self):
        """Take the job off the line."""
        if self._job:
            self._port.bus.jobs.remove(self._job)
            self._port = self._job = None

    def _next(self, job, now):
        self._write = None
        if self.former is None:
            self._become("wanted")
            job.read(_READ_HOLDING, ENABLE, _MODES)
        else:
            for register, raw in self._due():
                if self._stands.get(register) != raw:
                    self._write = register, raw
                    break
            if not self._write:
                self._look(job)
            elif register == ACTIVE:
                job.write(register, (raw >> 16 & 0xFFFF, raw & 0xFFFF))
            else:
                job.write_one(register, raw & 0xFFFF)
        job.urgent = bool(self._write) and self._write[0] != ACTIVE
        job.ask(now)

    def _due(self):
        """Return [(register, raw value)] that shall stand, in the order in which they are written."""
        if self._wanted:
            return [(register, self._wanted[register]) for register in (ACTIVE, SHARE, FACTOR, MODE, ENABLE)
                    if register in self._wanted]  # fmt: skip
        return [(ENABLE, self.former[0]), (SHARE, _NO_SHARE), (FACTOR, _NO_FACTOR), (MODE, self.former[1])]

    def _look(self, job):
        if self._looks & 1:
            job.read(_READ_HOLDING, ENABLE, _MODES)
        else:
            job.read(_READ_HOLDING, ACTIVE, _TARGETS)
        self._looks += 1

    def _done(self, job, status, frame, at, count):
        now = clock.ticks_ms()
        if status == rtu.OK:
            if self._write:
                self._took(*self._write, now)
            elif job.address == ENABLE:
                self._read_mode(_word(frame, at + 2), _word(frame, at + 6), now)
            else:
                self._read_targets(frame, at + 2, now)
        elif 0 < status <= _LAST_REFUSAL:
            self._refuse(
                "register %d: %s" % (self._write[0] if self._write else job.address, rtu.describe(status)), now
            )
        else:
            self._fail(now)

    def _took(self, register, raw, now):
        self._stands[register] = raw
        if register == ACTIVE:
            self.active_at = now
        elif self._wanted and self.state not in ("held", "overruled"):
            self._become("written")

    def _read_mode(self, enable, mode, now):
        if self.former is None:
            if enable:
                self._refuse("another EMS holds the plant's remote control", now)
            elif self._wanted:
                self.former = enable, mode
            return
        self._compare({ENABLE: enable, MODE: mode}, now)

    def _read_targets(self, frame, at, now):
        active = _word(frame, at) << 16 | _word(frame, at + 2)
        read = {ACTIVE: active - ((active & 0x80000000) << 1)}
        for register in (SHARE, FACTOR):
            raw = _word(frame, at + 2 * (register - ACTIVE))
            read[register] = raw - ((raw & 0x8000) << 1)
        self._compare(read, now)

    def _compare(self, read, now):
        """Take note of what stands; what the plant let go is written again, with a growing pause."""
        due = dict(self._due())
        lost = [register for register in read if register in due and read[register] != due[register]]
        self._stands.update(read)
        if lost:
            self._looks = 0
            self._fail(now)
            self._become("overruled", "the plant holds %d at %d" % (read[lost[0]], lost[0]))
        elif self._looks > 1:  # both looks were good
            self._failed = 0
            self._good_at = now
            self._at = clock.ticks_add(now, _LOOK_MS)
            if self._wanted:
                self._become("held")
            else:
                self.former = None
                self._stands = {}
                self._become("idle")

    def _fail(self, now):
        self._failed += 1
        self._at = clock.ticks_add(
            now, min(_PAUSE_MS << min(self._failed - 1, 5), _MINUTE_MS) if self._failed > 1 else 0
        )

    def _refuse(self, text, now):
        """Give up for a minute: what is half done is undone, for a target that no longer moves is worse than none."""
        self._refused = text, clock.ticks_add(now, _MINUTE_MS)
        if not self._wanted:
            self._at = self._refused[1]
        self._become("refused", text)

    def _become(self, state, text=""):
        if self._refused and state != "unreachable":
            state, text = "refused", self._refused[0]
        self.state = state
        self.text = text


def _word(frame, at):
    return frame[at] << 8 | frame[at + 1]
