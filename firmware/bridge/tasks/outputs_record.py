"""data/outputs: what outputs remember over a restart. Written on change, and while something counts every ten minutes.

"lock_s": s of a heat pump's lock, booked before they pass, so that no restart makes a lock longer; "locked": why the
generator is locked out, "" = it is not; "run_s": of its life; "idle_s": since its last run.
"""

import log
from micropython import const
from store import record

_BOOKED_S = const(600)
_IDLE_S = const(21600)  # between two records of a generator at rest
_FIELDS = ("lock_s", "run_s", "idle_s")


class Kept:
    """What the record holds."""

    def __init__(self, path):
        self._path = path
        found = record.load(path) or {}
        self.locked = str(found.get("locked") or "")
        self.lock_s, self.run_s, self.idle_s = [_count(found.get(name)) for name in _FIELDS]
        if record.damaged(path):
            # Nobody knows: a person has to look at the generator, and the lock counts as used up.
            self.locked, self.lock_s = "its record is damaged", 7200
        self._saved = (self.locked, self.lock_s, self.run_s, self.idle_s)

    def note_lock(self, is_locked, used_s):
        """Book the lock's time. used_s: of this lock so far, 0 = it has rested."""
        if is_locked and used_s >= self.lock_s:
            self.lock_s = used_s + _BOOKED_S
        elif not is_locked and not used_s:
            self.lock_s = 0
        self._save()

    def note_run(self, runs, passed_s, locked):
        """Count a run or a rest of passed_s more seconds, and a lock-out."""
        if runs:
            self.run_s += passed_s
            self.idle_s = 0
        else:
            self.idle_s += passed_s
        self.locked = locked
        self._save()

    def _save(self):
        locked, lock_s, run_s, idle_s = self._saved
        same = (locked, lock_s) == (self.locked, self.lock_s) and idle_s <= self.idle_s
        if same and self.run_s - run_s < _BOOKED_S and self.idle_s - idle_s < _IDLE_S:
            return
        self._saved = (self.locked, self.lock_s, self.run_s, self.idle_s)
        told = dict(zip(_FIELDS, self._saved[1:]))
        told["locked"] = self.locked
        try:
            record.save(self._path, told)
        except OSError as e:
            log.warn("outputs", "could not be recorded (error %d)" % e.errno)


def _count(value):
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
