"""The settings in force, as attributes of the names in settings_table.TABLE. Only what differs from the default is stored."""

from micropython import const
from parts import Part
from store import record

_FORM = const(1)  # of what is stored; how an earlier one becomes it: bridge/upgrades.py


class Settings:
    """Reading one is reading an attribute; the table comes into memory for whoever asks or changes, and goes again."""

    # Of the class until they are something else: an instance with two names more has a larger table.
    ignored = []  # what the record held and the table refuses: (name, reason)
    damaged = False  # there is a record and it cannot be read: what is in force is not what this house wants

    def __init__(self, path=None):
        """path: record that holds what differs from the defaults; None = keep nothing."""
        self._path = path
        self.version = 0  # counts changes, so that tasks notice one
        stored = record.load(path, _FORM, Part("bridge.upgrades", "bridge.upgrades")) if path else None
        with Part("bridge.settings_table", "bridge.settings_table") as table:
            for row in table.rows():
                setattr(self, row[0], row[2])
        if stored:
            accepted, ignored = self.check(stored)
            self._set(accepted)
            if ignored:
                self.ignored = ignored
        elif path and record.damaged(path):
            self.damaged = True
            with Part("bridge.settings_check", keep=("utf8",)) as rules:
                self.ignored = [("settings", rules.DAMAGED)]

    def check(self, changes, over_mqtt=False):
        """Return (accepted, refused): a dict of what may be set, and a list of (name, why not).

        over_mqtt: some settings are not taken by that door."""
        with Part("bridge.settings_check", keep=("utf8",)) as rules:
            return rules.check(changes, self, over_mqtt)

    def apply(self, changes, anew=False):
        """Set and store all of `changes`, or none of them; return what is refused. OSError: flash failed, nothing set.

        anew: begin with the defaults, whatever was set or is damaged; without it damaged settings take no changes.
        """
        if self.damaged and not anew:
            return self.ignored
        with Part("bridge.settings_check", keep=("utf8",)) as rules:
            with Part("bridge.settings_table", "bridge.settings_table") as table:
                accepted, refused = rules.check(table.whole(changes) if anew else changes, self)
                if refused:
                    return refused
                if not anew and not self._news(accepted):
                    return refused  # no write, and nobody has anything to follow
                if self._path:
                    record.save(self._path, table.differing(accepted, self), _FORM)
        self._set(accepted)
        if self.ignored:
            self.ignored = [row for row in self.ignored if row[0] not in accepted and not self.damaged]
        if self.damaged:
            self.damaged = False
        self.version += 1
        return refused

    def _news(self, values):
        """Return True if one of values, a dict, is not in force, or is in force only because the stored one is refused."""
        names = [name for name in values if values[name] != getattr(self, name)]
        return bool(names or [name for name, _ in self.ignored if name in values])

    def unsure(self, beginning):
        """Return True if nobody knows what a port shall do: its own settings, or a unit, are damaged or not believed.

        beginning: of the names of its own settings.
        """
        return self.damaged or any([name.startswith(beginning) or name.endswith("_unit") for name, _ in self.ignored])

    def shown(self):
        """Return all settings as a dict; a secret reads True if it is set, False if not."""
        with Part("bridge.settings_table", "bridge.settings_table") as table:
            return table.shown(self)

    def starting(self, prefixes):
        """Return the values of all settings whose names begin with one of prefixes, a tuple, in an order of their own."""
        return [getattr(self, name) for name in sorted(self.__dict__) if name.startswith(prefixes)]

    def _set(self, values):
        for name in values:
            setattr(self, name, values[name])
