"""What is cut by cut_rig.py: records saved, settings changed, brought in and of an earlier version, a journal that fills up."""

import os

from bridge.settings import Settings
from bridge.tasks import factory_reset
from cut_rig import MOUNT
from store import record
from store.journal import Journal


class FirstRecord:
    """A record is saved for the first time."""

    name = "record, first save"
    weight = 16
    rom = False
    allowed = ("none", "new")  # the last one: what doing it to the end gives
    repeatable = True
    old = None
    new = {"name": "Home", "limits": [1, 2, 3], "on": True}

    def prepare(self):
        os.mkdir(MOUNT + "/data")
        if self.old is not None:
            record.save(MOUNT + "/data/settings", self.old)

    def act(self):
        record.save(MOUNT + "/data/settings", self.new)

    def state(self):
        found = record.load(MOUNT + "/data/settings")
        for name, value in (("none", None), ("old", self.old), ("new", self.new)):
            if found == value:
                return name
        return "record holds %s" % found


class NewFolder(FirstRecord):
    """A record is saved for the first time, and its folder is made for it."""

    name = "record, in a new folder"
    programs = (256,)  # of the RP2040 alone: making it takes a hundred operations
    weight = 2
    repeatable = False

    def prepare(self):
        pass


class ReplacedRecord(FirstRecord):
    """A record is saved over another one."""

    name = "record, replaced"
    allowed = ("old", "new")
    old = {"name": "Home", "limits": [9], "on": False}


class LongRecord(ReplacedRecord):
    """A record of several hundred bytes, in blocks of its own, is saved over another one."""

    name = "long record, replaced"
    weight = 12
    old = {"text": "o" * 900}
    new = {"text": "n" * 1300}


class OldSettings:
    """Settings that 0.1.0 stored are changed for the first time: one copy, of no form."""

    name = "settings of 0.1.0, changed"
    weight = 2
    rom = False
    allowed = ("old", "new")
    repeatable = True
    changes = {"led_brightness": 10}

    def prepare(self):
        os.mkdir(MOUNT + "/data")
        with open("host_tests/rigs/stored/0.1.0/old_meter", "rb") as stored:
            with open(MOUNT + "/data/settings", "wb") as file:
                file.write(stored.read())

    def act(self):
        Settings(MOUNT + "/data/settings").apply(self.changes)

    def state(self):
        settings = Settings(MOUNT + "/data/settings")
        if settings.damaged or settings.ignored or settings.meter_stale_ms != 3000 or settings.meter_policy != "last":
            return "settings lost: %s" % settings.ignored
        new = [name for name in self.changes if getattr(settings, name) == self.changes[name]]
        if new and len(new) < len(self.changes):
            return "settings half changed: %s" % new
        return "new" if new else "old"


class Import(OldSettings):
    """A file of settings is brought in over them: all of it or nothing."""

    name = "settings, brought in"
    changes = {
        "led_brightness": 10,
        "system_name": "Haus Grün",
        "mqtt_host": "192.168.1.5",
        "wlan_ssid": "net",
        "wlan_password": "correct horse",
        "grid_table": "own",
        "grid_rows": "1000 p60; 0001 p100",
    }


class FactoryReset:
    """A person asks for a factory reset: the mark, and at the next start everything that goes."""

    name = "factory reset"
    rom = False
    weight = 2
    allowed = ("as it was", "reset")
    # What a bad block does not let go stays until it does: the mark goes last, so each start tries again.
    allowed_after_faults = ("as it was", "reset", "half reset: [False, False, True, False, False]")
    repeatable = True
    _folder = MOUNT + "/data/"

    def prepare(self):
        record.save(self._folder + "settings", {"system_name": "Haus Grün", "mqtt_password": "p"}, 1)
        record.save(self._folder + "wlan", {"ssid": "net", "password": "correct horse"})
        record.save(self._folder + "device", {"sn": "SN1", "hotspot_password": "k7mq-3xrt"})
        record.save(self._folder + "limit", {"w": 6000})
        journal = Journal(self._folder + "history/")
        journal.append(3, b"evidence")
        for _ in journal.flush(0):
            pass

    def act(self):
        record.save(self._folder + factory_reset.MARK, {"by": "button"})
        self._start()

    def _start(self):
        if record.load(self._folder + factory_reset.MARK):
            try:
                factory_reset.finish(self._folder)
            except OSError:
                pass  # as app.py has it: the next start goes on

    def state(self):
        """Start; return whether all is there or all is gone."""
        self._start()
        told = record.load(self._folder + "device"), record.load(self._folder + "limit")
        if told != ({"sn": "SN1", "hotspot_password": "k7mq-3xrt"}, {"w": 6000}):
            return "lost: %s, %s" % told
        there = [record.load(self._folder + name) is not None for name in ("settings", "wlan")]
        there.append(not Journal(self._folder + "history/").empty())
        there += [record.damaged(self._folder + name) for name in ("settings", "wlan") if not there[0]]
        if all(there):
            return "as it was"
        return "half reset: %s" % there if any(there) else "reset"


def _payload(number):
    return (b"%d " % number + b"." * 40)[:40]


def _priority(number):
    return 3 if number % 25 == 0 else 1 if number % 4 == 0 else 0


class FillingJournal:
    """Entries are appended to a small journal until it has been sealed, thinned, merged and partly delivered many times."""

    name = "journal"
    rom = False
    allowed = ("before", "after")
    repeatable = True
    steps = 150
    weight = 20
    _each = 6  # entries of a flush

    def prepare(self):
        os.mkdir(MOUNT + "/data")
        self.step = 0

    def opened(self):
        return Journal(MOUNT + "/data/queue/", segments=4, segment_bytes=1500)

    def act(self):
        journal = self.opened()
        if self.step % 20 == 19:
            journal.drop(self._told())
        while journal.last < (self.step + 1) * self._each:
            journal.append(_priority(journal.last + 1), _payload(journal.last + 1))
        for _ in journal.flush(0):
            pass

    def state(self):
        """Return "before" or "after"; else what is lost, twice or made up."""
        flushed = self.step * self._each
        held, last = set(), 0
        for number, priority, payload in self.opened().entries(0):
            if number <= last or payload != _payload(number) or priority != _priority(number):
                return "journal tells entry %d wrongly" % number
            held.add(number)
            last = number
        if last not in (flushed, flushed + self._each):
            return "journal ends at entry %d, not %d" % (last, flushed)
        whole = range(max(last - 2 * self._each, 0) + 1, last + 1)  # nothing so new is ever thinned
        gone = [n for n in whole if n not in held]
        gone += [n for n in range(25, last + 1, 25) if n not in held and n > self._told()]
        # hours give way only where no detail is held that is older
        detail = min([n for n in held if _priority(n) == 0] or [0])
        gone += [n for n in range(4, last + 1, 4) if n > max(detail, self._told()) and n not in held]
        if gone:
            return "journal lost %s" % gone
        return "before" if last == flushed else "after"

    def _told(self):
        """Return the number up to which all has arrived, at this step or before it."""
        return max((self.step + 1) // 20 * 20 * self._each - 30, 0)


SCENARIOS = (FirstRecord, NewFolder, ReplacedRecord, LongRecord, OldSettings, Import, FactoryReset, FillingJournal)
