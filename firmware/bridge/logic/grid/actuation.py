"""The limit at the plant as a small state machine: wanted, written, confirmed, or refused, or unreachable.

Pure: `step` says what to do next, the bus task does it and reports back. A confirmed command is read back again every
minute and after every silence of the plant, so that a plant that restarted is commanded anew.
"""

import clock
from bridge.devices import sigenergy
from micropython import const

_VERIFY_MS = const(60000)
_RETRY_MS = const(5000)

NOTHING, WRITE, READ = const(0), const(1), const(2)


def raw_limit(percent, highest_w):
    """Return the register value (W, or "not in force") of a limit in % of the plant's highest active power.

    highest_w: reading, or None while it is unknown: then any limit is 0 W, the safe side.
    """
    if percent >= 100:
        return sigenergy.LIMIT_NONE
    return int((highest_w or 0) * percent) // 100


class LimitCommand:
    """One commanded value: what is wanted, and how far it got."""

    def __init__(self):
        self.state = "idle"
        self.text = ""
        self.target = None  # raw value, None = nothing commanded
        self._next_at = 0
        self._was_silent = False

    def want(self, raw, now):
        """Say what the plant shall hold (None: nothing any more). Releases first what was commanded."""
        if raw is None and self.target is not None and self.state != "idle":
            raw = sigenergy.LIMIT_NONE
            if self.target == raw and self.state == "confirmed":
                self.target, self.state, self.text = None, "idle", ""
                return
        if raw != self.target and raw is not None:
            self.target = raw
            self._become("wanted", "", now)

    def step(self, silent, now):
        """Return NOTHING, WRITE or READ. silent: the plant does not answer."""
        if self.target is None:
            return NOTHING
        if silent:
            if self.state != "unreachable":
                self._become("unreachable", "the plant does not answer", now)
            self._was_silent = True
        elif self._was_silent:
            self._was_silent = False
            self._become("wanted", "", now)
        if self.state == "wanted":
            return WRITE
        if self.state == "written":
            return READ
        if clock.ticks_diff(now, self._next_at) < 0:
            return NOTHING
        return READ if self.state == "confirmed" else WRITE

    def wrote(self, status, text, now):
        """Take the result of a write: rtu status and its words."""
        if status == 0:
            self._become("written", "", now)
        elif status > 0:
            self._become("refused", text, now)
        else:
            self._become("unreachable", text, now)

    def read(self, raw, text, now):
        """Take what was read back; None: the read failed, `text` says why."""
        if raw is None:
            self._next_at = clock.ticks_add(now, _RETRY_MS)
            if self.state == "written":
                self._become("unreachable", text, now)
        elif raw == self.target:
            self._become("confirmed", "", now)
        else:
            self._become("wanted", "the plant held another value", now)

    def _become(self, state, text, now):
        self.state = state
        self.text = text
        self._next_at = clock.ticks_add(now, _VERIFY_MS if state in ("confirmed", "refused") else _RETRY_MS)
