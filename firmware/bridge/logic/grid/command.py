"""The limit at the plant: what shall hold, what is known to hold, and what to do next. Pure; it outlives every port.

The port that polls the plant carries it: it asks `due`, takes the value at the moment of sending (`bind`), and tells how
the write ended (`wrote`), what the register said (`read`) and whether the plant answers at all (`touch`).

    wanted ──sent, acknowledged──► written ──read back──► held ◄──────────┐
       ▲                              │                     │ looser value │ written again
       │ exception 4 and up, silence  │ never takes it      ▼              │
       └──────────────────────────────┴───────────────► overruled ─────────┘
    refused: exceptions 1 to 3, tried again each minute; a release that meets 1 or 2 twice owes nothing: there is no such
    register. unreachable: the plant is silent. UNREADABLE: written, but the register cannot be read. idle: nothing is
    commanded.
"""

import clock
from bridge.devices import sigenergy
from micropython import const

NONE = sigenergy.LIMIT_NONE
UNREADABLE = "written, cannot be read back"
STATES = ("idle", "wanted", "written", "held", "refused", "unreachable", "overruled", UNREADABLE)

WATCHED_MS = const(5000)  # a limit in force is read back so often at least, however seldom the plant is polled
_LAST_REFUSAL = const(3)  # exceptions above it pass: busy, failed, no path
_ABSENT = const(2)  # exceptions up to it: no such function, no such register
_MINUTE_MS = const(60000)
_FIRST_MS = const(2000)  # pauses after the first try: none, then 2, 4, 8 .. 60 s
_LOSSES = const(2)  # writes or reads lost in a row before pauses grow
_SHIFT_SHARE = const(50)  # a plant that rounds up is given up to 1/50 of its rated power less
_TIMED_MS = const(4000)  # a plant that lets go sooner is not one with a timer


def raw_limit(percent, rated_w):
    """Return the register value (W, or "not in force") of a limit in % of the plant's rated power.

    rated_w: W, or None while it is unknown: then any limit is 0 W, the safe side.
    """
    if percent >= 100:
        return NONE
    return int((rated_w or 0) * percent) // 100


def in_words(raw):
    """Return a register value in words."""
    return "no limit" if raw == NONE else "%d W" % raw


def reactive_text(reactive):
    """Return the reactive power that the contacts ask for in words. reactive: as in State."""
    if not reactive:
        return "nobody asks"
    kind, value = reactive
    return "Q/S %d %%" % value if kind == 2 else "cos phi %s%.3f" % ("-" if value < 0 else "", abs(value) / 1000)


class LimitCommand:
    """One commanded value, and what is known of it at the plant."""

    def __init__(self, owed=False):
        """owed: a limit was commanded before the start and is not released yet."""
        self.state = "idle"
        self.text = ""
        self.target = None  # register value that shall hold, None = nothing is commanded
        self.owed = owed  # the plant may hold a limit by our doing
        self.rated_w = 0  # a plant may round; and from here on a value limits nothing
        self.overruled = 0  # times since the target is this one
        self.read_first = False  # the register is to be read before anything else
        self._ends = False  # nothing is wanted once it is released
        self._holds = None  # what the register said last
        self._sent = None  # value of the last write
        self._kept = False  # the plant has held the value since it was written
        self._failed = 0  # writes in a row that failed or were not taken
        self._unread = 0  # reads in a row that failed
        self._silent = False
        self._next_at = None  # when to write, None = not at all
        self._read_at = None  # not to be read before, None = at any time
        self.acknowledged = False  # the target was written, and the plant has answered
        self.sent_at = self._good_at = 0  # of that answer, and of the last reading that said that it holds
        self._shift_w = 0  # less than the target, for a plant that rounds up
        self._timer_ms = 0  # a plant that lets go after about this time is written before that; -1 = it has no timer

    def want(self, raw, now):
        """Say what the plant shall hold (None: nothing any more). Releases first what was commanded."""
        self._ends = raw is None
        if raw is None:
            if not self.owed:
                self.target, self._next_at = None, None
                self._become("idle")
                return
            raw = NONE
        if raw == self.target:
            return
        self.target = raw
        self.owed = self.owed or raw != NONE
        self._failed = self._shift_w = self._timer_ms = self.overruled = 0
        self._kept = self.acknowledged = False
        if self._holds == raw:
            self._hold(raw, now)
        else:
            self._become("unreachable" if self._silent else "wanted")
            self._next_at = now

    def move(self, owed, now):
        """Begin anew: another device is the plant from now on. owed: it may hold a limit by our doing."""
        raw = None if self._ends else self.target
        self.target = self._holds = None
        self.owed, self._silent = owed, False
        self.want(raw, now)

    def due(self, now):
        """Return True if the value is to be written now."""
        if self.target is None or self._next_at is None or clock.ticks_diff(now, self._next_at) < 0:
            return False
        self._next_at = now  # a stamp in the past grows old
        return True

    def bind(self):
        """Return the value that leaves now."""
        self._sent = self._aim()
        self._holds = None
        return self._sent

    def watched(self, now):
        """Return how often the register is to be read: 2 with every fast poll, 1 each minute, 0 not at all (now)."""
        if self.target is None:
            return 0
        if self._read_at is not None:
            if clock.ticks_diff(now, self._read_at) < 0:
                return 0
            self._read_at = None
        return 1 if self.target == NONE and self.state == "held" else 2

    def touch(self, silent, now):
        """Take note whether the plant answers at all."""
        if silent == self._silent:
            return
        self._silent = silent
        self._read_at = None
        if self.target is None:
            return
        if silent:
            self._holds = None
            self._become("unreachable", "the plant does not answer")
        elif self.state == "unreachable":
            self._failed = 0
            self._next_at = now
            self._become("wanted")

    def doubt(self):
        """Take note that an answer of the plant was lost: it may have started anew, so it is asked what it holds."""
        self.read_first = True
        if self.state == "held" and self.target != NONE:
            self._become("written", "an answer of the plant was lost")

    def age(self, now, most_ms):
        """Say no longer that the plant holds a limit when its register was not read for so long, whatever kept it away."""
        if self.state == "held" and self.target != NONE and clock.ticks_diff(now, self._good_at) > most_ms:
            self.read_first = True
            self._become("written", "its register was not read for %d s" % (most_ms // 1000))

    def wrote(self, status, text, now):
        """Take the result of a write: rtu status and its words."""
        if self.target is None:
            return
        if self._sent != self._aim():
            self._next_at = now  # something else is wanted meanwhile
        elif status == 0:
            self.acknowledged = True
            self.sent_at = now
            self.read_first = True
            self._next_at = clock.ticks_add(now, self._timer_ms) if self._timer_ms > 0 else None
            if self.state == UNREADABLE:
                self._next_at = clock.ticks_add(now, _MINUTE_MS)
                if self.target == NONE:
                    self._released()
            elif self.state != "held":
                self._become("written")
        elif 0 < status <= _LAST_REFUSAL:
            self._next_at = clock.ticks_add(now, _MINUTE_MS)
            self._become("refused", text)
            self._failed += 1
            if self.target == NONE and status <= _ABSENT and self._failed > 1:
                self._released()
        else:
            self._failed += 1
            self._next_at = clock.ticks_add(now, self._pause_ms(self._failed if status < 0 else self._failed + 1))
            self._become("unreachable" if status < 0 else "wanted", text)

    def read(self, raw, refused, text, now):
        """Take what the register said; None: the read failed, `text` says why, refused: for good, by an exception."""
        if self.target is None:
            return
        if raw is None:
            self._unread += 1
            if not self._silent and (refused or self._unread > _LOSSES):
                self._read_at = clock.ticks_add(now, self._pause_ms(self._unread))
                if self.state in ("written", "held", "overruled"):
                    is_released = self.target == NONE and self.state == "written"
                    self._next_at = clock.ticks_add(now, _MINUTE_MS)
                    self._become(UNREADABLE, text)
                    if is_released:
                        self._released()
            return
        self._unread = 0
        self._holds = raw
        if raw == self.target or (self.state != "wanted" and self._is_enough(raw)):
            self._hold(raw, now)
        elif self.state in ("written", "held", UNREADABLE):
            self._overrule(raw, now)
        elif self.state == "unreachable" and not self._silent:
            self._become("wanted", "the plant answers no write; it holds " + in_words(raw))

    def _aim(self):
        """Return what is to be sent for the target."""
        return self.target if self.target == NONE else max(self.target - self._shift_w, 0)

    def _is_enough(self, raw):
        if self.target == NONE:
            return 0 < self.rated_w <= raw
        return raw < self.target

    def _hold(self, raw, now):
        self._kept = True
        self._failed = 0
        self._good_at = now
        self._next_at = clock.ticks_add(self.sent_at, self._timer_ms) if self._timer_ms > 0 else None
        text = "" if raw == self.target else "the plant holds %s" % in_words(raw)
        self._become("held", text + (", stricter" if raw < self.target != NONE else ""))
        if self.target == NONE:
            self._released()

    def _released(self):
        self.owed = False
        if self._ends:
            self.target, self._next_at = None, None
            self._become("idle")

    def _overrule(self, raw, now):
        self.overruled += 1
        if self._kept:
            self._kept = False
            self._next_at = now
            self._learn_timer()
        else:
            self._failed += 1
            self._next_at = clock.ticks_add(now, self._pause_ms(self._failed))
            if NONE not in (self.target, raw):
                less_w = max(raw - self.target, 2 * self._shift_w)
                self._shift_w = less_w if less_w * _SHIFT_SHARE <= self.rated_w else 0
        self._become("overruled", "the plant holds " + in_words(raw))

    def _learn_timer(self):
        """A plant that lets go twice after some seconds has a timer: it is written before that runs out."""
        kept_ms = clock.ticks_diff(self._good_at, self.sent_at)
        if self._timer_ms > 0 or not _TIMED_MS <= kept_ms < 10 * _MINUTE_MS:
            self._timer_ms = -1  # it is another one who writes there, when he likes
        elif self.overruled > 1 and not self._timer_ms:
            self._timer_ms = kept_ms * 3 // 4

    def _pause_ms(self, tries):
        """Return the pause after so many tries in vain."""
        return 0 if tries <= _LOSSES else min(_FIRST_MS << min(tries - _LOSSES - 1, 5), _MINUTE_MS)

    def _become(self, state, text=""):
        self.state = state
        self.text = text
