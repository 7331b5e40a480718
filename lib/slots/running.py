"""Which slot runs, and whether it is on trial: what a program wants to know all the time.

slots.py has the rest, and says what the records hold.
"""

import sys

from store import record

_NAMES = ("a", "b")
STATE = "data/slot_state"  # and its second copy


class Running:
    """The slot that the program runs from, of the two under one root folder.

    `running`: "a", "b", or "" if the program was not started from a slot (on a PC). `state`: the record of the slots.
    `session`: whoever installs at the moment, or None; kept here because only one may.
    """

    def __init__(self, root, running=None):
        """root: folder of the records. running: only for tests; else what boot.py chose."""
        self.root = root if root.endswith("/") else root + "/"
        self.session = None
        self.state = record.load(self.root + STATE) or {}
        self.running = _on_path() if running is None else running

    def on_trial(self):
        """Return True if the running slot has yet to prove itself."""
        return bool(self.running) and self.state.get("slot") == self.running and self.state.get("trial") is True

    def note(self):
        """Return what was noted when the version on trial was installed, None if nothing was."""
        return self.state.get("note")

    def expect_restart(self):
        """Say that the next start is meant, so that boot.py does not count it; a flash that refuses lets it count."""
        boots = record.load(self.root + "slot_boots") or {}
        serial = self.serial()
        count = boots.get("count", 0) if boots.get("serial") == serial else 0
        try:
            record.save(self.root + "slot_boots", {"serial": serial, "count": count, "meant": True})
        except OSError:
            pass

    def serial(self):
        """Return the number of the last change of the state."""
        return record.serial(self.root + STATE)


def mount_point(slot):
    """Return where boot.py mounts the image of a slot."""
    return "/" + slot


def _on_path():
    for slot in _NAMES:
        if mount_point(slot) in sys.path:
            return slot
    return ""
