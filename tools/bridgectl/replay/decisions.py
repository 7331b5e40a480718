"""Decides once more what a recording says was decided, with the firmware's own control law, and compares bit for bit."""

import binascii
import contextlib
import dataclasses
import gc
import io
import types

from bridgectl import firmware
from bridgectl.replay import alone, kinds

firmware.load()

from bridge.logic.grid import command  # noqa: E402 (importable only now)
from bridge.settings import Settings  # noqa: E402
from bridge.tasks.control import Law  # noqa: E402
from bridge.tasks.outputs import Owned  # noqa: E402
from bridge.tasks.outputs_record import Kept  # noqa: E402

_TICKS = 1 << 30
_LONG_MS, _BEFORE_MS = 10000, 5000  # a silence that is looked into, and how long before its end
_UNSURE = 1 << 6  # bit of the contacts
NO_VALUES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)  # what values without sense lead to


@dataclasses.dataclass
class Outcome:
    """What became of one entry."""

    entry: object
    fields: dict  # its values by name
    has_settings: bool = True  # the settings of that time are known
    is_checked: bool = False  # it was decided once more
    mismatches: list = dataclasses.field(default_factory=list)  # in words
    reason: str | None = None  # the law's words, None where they are not known
    limits: str | None = None
    setting: tuple | None = None  # (name, old, new)


def replay(file, entries):
    """Return an Outcome for each of the entries of a recording (file.File)."""
    gc.freeze()  # the firmware's parts collect whenever they come
    try:
        return _replayed(file, entries)
    finally:
        gc.unfreeze()


def _replayed(file, entries):
    outcomes = [Outcome(entry, kinds.named(entry)) for entry in entries]
    _mark_settings(file, outcomes)
    settings = _Settings(file, outcomes)
    law = _Law(settings)
    for outcome in outcomes:
        if not outcome.entry.follows:
            law.forget()
        try:
            _decide(outcome, settings, law)
        except NO_VALUES as problem:
            law.forget()
            outcome.fields, outcome.is_checked = {}, False
            outcome.mismatches = [f"its values make no sense ({problem})"]
    return outcomes


def _decide(outcome, settings, law):
    kind = outcome.entry.kind
    if kind == kinds.SETTING and outcome.setting:
        law.check_silence(outcome)
        settings.take(*outcome.setting)
    elif not outcome.fields or not outcome.has_settings:
        law.forget()
    elif kind == kinds.LAW:
        law.check(outcome)
    elif kind == kinds.PLANT:
        law.check_plant(outcome)
    elif kind == kinds.RULES:
        _check_rules(outcome, settings)
    elif kind == kinds.COMMAND:
        alone.check_command(outcome)
    elif kind == kinds.ORDERS:
        alone.check_orders(outcome, settings)
    elif kind == kinds.EXPORT:
        alone.check_export(outcome)


def _mark_settings(file, outcomes):
    """Mark what was decided by settings that are not known: a change of them is among what is missing."""
    begins = [place for place, outcome in enumerate(outcomes) if not outcome.entry.follows]
    later = file.told.get("settings_version")  # at the end of the file
    is_known = True
    for begin, end in reversed(list(zip(begins, [*begins[1:], len(outcomes)], strict=False))):
        piece = outcomes[begin:end]
        versions = [outcome.fields["version"] for outcome in piece if "version" in outcome.fields]
        is_known = is_known and bool(versions) and versions[-1] == later
        for outcome in piece:
            outcome.has_settings = is_known
        later = versions[0] if versions else later


class _Settings(Settings):
    """The settings as they were: the file has those of its end, and the entries what each change took away."""

    def __init__(self, file, outcomes):
        super().__init__()
        self.is_unsure = False
        names = sorted(file.settings)
        now = dict(file.settings)
        for outcome in reversed(outcomes):
            place = outcome.fields.get("place")
            if place is not None and place < len(names):
                name = names[place]
                outcome.setting = name, outcome.fields["old"], now[name]
                now[name] = type(now[name])(outcome.fields["old"])
        for name, value in now.items():
            setattr(self, name, value)

    def take(self, name, _, new):
        """Go over to what a change brought."""
        setattr(self, name, new)

    def unsure(self, beginning):
        """Return what the recording says of it."""
        return self.is_unsure


class _Law:
    """The control law, fed with what it saw."""

    def __init__(self, settings):
        self._settings = settings
        self._law = None
        self._last = None  # the last outcome
        self._known_at = 0  # ticks up to which nothing is left open
        self._wanted = False
        self._state = types.SimpleNamespace(
            limit_pct=100, limit_reason="", limit_edges=0, limit_edge_at=0, input_edges=0, inputs_at=0, off_grid=None
        )
        self._state.readings = types.SimpleNamespace(value=lambda number: self._state.off_grid)

    def forget(self):
        """Say that something is missing: what the law remembers is not known until the next entry in full."""
        self._law = self._last = None

    def check(self, outcome):
        """Step the law as it was stepped, and compare what it says."""
        fields, entry = outcome.fields, outcome.entry
        self._wanted = fields["wanted"]
        if self._last and fields["failures"] != self._last.fields["failures"]:
            self.forget()  # it decided without what it found no memory for
        if self._law and not _leads_on(self._last.entry, entry):
            outcome.mismatches.append("its clock went back")
        self.check_silence(outcome)
        self._see(fields)
        if not self._law:
            if not entry.beside:
                return
            self._law = Law()
            _restore(self._law, entry, fields)
        self._step(entry.now, entry.now_s)
        said = _said(self._law)
        outcome.is_checked = True
        outcome.mismatches += _differences(fields, said)
        if entry.beside and _memory(self._law, entry.now) != entry.beside:
            outcome.mismatches.append(f"it remembers {_memory(self._law, entry.now)}, recorded {entry.beside}")
        *_, outcome.reason, outcome.limits = self._law.said
        self._last = outcome
        self._known_at = entry.now

    def check_silence(self, outcome):
        """Between two entries the law said nothing new: let it decide once more, shortly before the later one."""
        if not self._law:
            return
        before, entry = self._last, outcome.entry
        passed_ms = (entry.now - self._known_at) % _TICKS
        self._known_at = entry.now
        if passed_ms < _LONG_MS or before.fields["export_cap_w"] is not None:
            return
        self._step((entry.now - _BEFORE_MS) % _TICKS, entry.now_s - _BEFORE_MS // 1000)
        wrong = _differences(before.fields, _said(self._law))
        outcome.mismatches += [f"{text}, and nothing was recorded of it" for text in wrong]

    def _step(self, now, now_s):
        with contextlib.redirect_stdout(io.StringIO()):  # its log
            self._law.step(self._state, self._settings, now, now_s)

    def check_plant(self, outcome):
        """Compare what the plant was to hold with what was decided."""
        fields, entry = outcome.fields, outcome.entry
        percent, rated_w = fields["limit_pct"], fields["rated_w"]
        if not entry.before or not self._wanted or not (rated_w or not 0 < percent < 100):
            return
        raw = command.raw_limit(percent, rated_w)
        raw = raw if fields["cap_w"] is None else min(raw, fields["cap_w"])
        wanted_w = None if raw == command.NONE else raw
        outcome.is_checked = True
        if wanted_w != fields["target_w"]:
            outcome.mismatches.append(f"target_w: recorded {fields['target_w']}, decided {wanted_w}")

    def _see(self, fields):
        """Bring into the state what the law saw."""
        state, contacts = self._state, fields["contacts"]
        state.inputs, state.chattering, state.inputs_settled = contacts >> 8, contacts >> 1 & 31, bool(contacts & 1)
        self._settings.version, self._settings.is_unsure = fields["version"], bool(contacts & _UNSURE)
        state.off_grid = fields["off_grid"]
        for name in ("output_command", "server_command", "ems_limits", "rated_w", "driven", "export_cap_w"):
            setattr(state, name, fields[name])


class _Kept(Kept):
    """What outputs remember over a restart, without the record."""

    def __init__(self, lock_s, run_s, idle_s, locked):
        self.lock_s, self.run_s, self.idle_s, self.locked = lock_s, run_s, idle_s, locked

    def _save(self):
        pass


def _check_rules(outcome, settings):
    """Let the rules of the outputs decide once more from what they remembered and saw, and compare what they say."""
    fields, now_s = outcome.fields, outcome.entry.now_s
    seen = ("day_clock", "import_w", "import_pct", "limit_pct", "cap_w")
    inputs = fields["inputs"]
    state = types.SimpleNamespace(
        **{name: fields[name] for name in seen},
        alarms="some" if fields["alarmed"] else "none",
        inputs=inputs or 0,
        inputs_settled=inputs is not None,
        recorder=None,
    )
    with contextlib.redirect_stdout(io.StringIO()):  # its log
        owned = Owned(state, settings, "", now_s)
        owned.follow(now_s)
        values = dict(zip(owned.numbers, [fields[name] for name in kinds.READINGS], strict=True))
        state.readings = types.SimpleNamespace(value=values.get)
        rules = dict(zip(("do1", "do2"), owned.switches, strict=True))
        rules |= {"heat_pump": owned.pump, "generator": owned.generator, "wish": owned.wish}
        for name, rule in rules.items():
            for attribute, value in zip(kinds.MEMORY[name], fields[name] or (), strict=False):
                setattr(rule, attribute, value)
        locked = fields["generator"][1] if fields["generator"] else ""
        owned.kept = _Kept(fields["lock_s"], fields["run_s"], fields["idle_s"], locked)
        owned.decided_s = fields["before_s"]
        mask = owned.decide(now_s)
    outcome.is_checked = True
    outcome.reason = state.outputs_text
    said = {"mask": mask, "text_sum": _sum(outcome.reason)}
    outcome.mismatches += _differences(fields, said)


def _leads_on(before, entry):
    return entry.now_s >= before.now_s


def _restore(law, entry, fields):
    """Let a law remember what an entry in full says."""
    law.last, *waits = entry.beside
    law.importing_pct = fields["importing_pct"]
    for loosening, (in_force, inputs, age_ms) in ((law.loosening, waits[:3]), (law.importing, waits[3:])):
        loosening.in_force, loosening.inputs = in_force, inputs
        loosening.since = None if age_ms is None else (entry.now - age_ms) % _TICKS


def _memory(law, now):
    found = [law.last]
    for loosening in (law.loosening, law.importing):
        age_ms = None if loosening.since is None else (now - loosening.since) % _TICKS
        found += [loosening.in_force, loosening.inputs, age_ms]
    return tuple(found)


def _said(law):
    *said, reason, limits = law.said
    *said, cap_w = said
    return dict(zip(kinds.LAW_SAID, [*said, law.importing_pct, cap_w, _sum(reason), _sum(limits)], strict=True))


def _sum(text):
    return binascii.crc32(text.encode()) & 0xFFFF


def _differences(fields, said):
    return [f"{name}: recorded {fields[name]}, decided {said[name]}" for name in said if fields[name] != said[name]]
