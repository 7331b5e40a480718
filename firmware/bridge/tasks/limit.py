"""Brings the limit in force to the plant, whatever becomes of the ports, and tells what holds there now.

data/limit keeps, written on change only, "owed": a limit was commanded and is not released; "unit": where, if something
answers there; "host": where that hangs, if not at RS485-1; "left": other places of which the same may be true
(tasks/leaving); "rated_w": the plant's rated power. While it is damaged nobody knows whether a limit of ours stands at the
plant: what stands there is left as it is, until the contacts ask for a limit or a person has decided.
"""

import clock
import log
from bridge import points
from bridge.logic.grid import command, control
from micropython import const
from parts import Part
from store import record

_PATIENCE_MS = const(10000)  # the rated power is waited for so long, then it is 0 W
_KEEP_S = const(600)  # a rated power that moves is stored so seldom
_FORGET_MS = const(600000)  # an edge whose write is not acknowledged by then is no figure any more
_AGAIN_S = const(10)  # after the flash failed, or memory for what is kept there
_OLD_POLLS = const(4)  # readings of the limit that did not come, then nobody knows what the plant holds,
_OLD_LEAST_MS = const(8000)  # unless that is less than this: the line is shared
_RATE_TURNS = const(33)  # of 15 ms: the rated power is looked at so often
_ENDS = ("held", "overruled", "refused", "unreachable", command.UNREADABLE)  # worth a line


class Limit:
    """The limit command with what it is made from."""

    def __init__(self, path, state, settings):
        self._path = path
        self._state = state
        self._settings = settings
        self._highest = points.number("plant_max_power")
        kept = record.load(path)
        self._unsure = kept is None and record.damaged(path)
        kept = kept or {}
        rated_w = kept.get("rated_w", 0)
        self.rated_w = rated_w if isinstance(rated_w, int) and rated_w > 0 else 0
        self._saved = (bool(kept.get("owed")), self.rated_w)
        self._saved_s = self._again_s = 0
        self.unsaved = False  # the units below
        unit, left = kept.get("unit"), kept.get("left")
        self.met = isinstance(unit, int)  # something answers there
        self.unit = unit if self.met else settings.plant_unit
        host = kept.get("host", "")
        self.host = host if self.met and isinstance(host, str) else None  # None: that of the port, whichever it is
        self.leaving = self._left_saved = None
        if isinstance(left, list) and left:
            self.leaving = left_at(left, "a limit")
        self._ems_path = path[: -len("limit")] + "ems"
        state.rated_w = self.rated_w
        if record.load(self._ems_path):
            with Part("bridge.tasks.ems") as ems:
                state.ems_limits = ems.kept(self._ems_path, clock.seconds())
        self.command = command.LimitCommand(self._saved[0])
        self.unknown_at = None  # since when a limit waits for the rated power
        self._edges = 0
        self._edge_at = None  # contact edge whose write is under way
        self._since_s = 0
        self._turn = 0
        self._told = self._logged = None

    def drive(self, port, carries, now):
        """Take the next step; called every 15 ms. port: of RS485-1 or None; carries: its role commands the plant."""
        state, order = self._state, self.command
        self._turn = (self._turn + 1) % _RATE_TURNS
        if not (self.rated_w and self._turn):
            self._rate()
        may_store = clock.seconds() >= self._again_s
        if may_store and (not self._turn or state.ems_asked is not state.ems_taken):
            self._follow_ems()
        why = self._want(now)
        if may_store and (self.unsaved or order.owed != self._saved[0]):
            self._save()
        if port and carries and self._follow_unit(port, now):
            carries = port.carry(order, now)
        order.age(now, max(_OLD_POLLS * min(self._settings.plant_poll_ms, command.WATCHED_MS), _OLD_LEAST_MS))
        if self._edge_at is not None:
            if order.acknowledged:
                state.edge_to_write_ms = clock.ticks_diff(order.sent_at, self._edge_at)
                self._edge_at = None
            elif clock.ticks_diff(now, self._edge_at) > _FORGET_MS:
                self._edge_at = None
        limit, text = order.state, order.text
        if not carries:
            order.touch(True, now)
            if state.limit_wanted or order.owed:
                limit, text, why = "unreachable", "RS485-1 does not command the plant", ""
        elif why and self.unknown_at is not False:
            limit, text = "wanted", ""  # what the plant holds meanwhile is what was asked for before
        if self.leaving and self.leaving.words:
            why = why + "; " + self.leaving.words if why else self.leaving.words
        self._tell(limit, text, why, now)

    def _follow_unit(self, port, now):
        """Let go of a unit that is the plant no longer; return False if there is no memory for it yet."""
        slave = port.slave
        if self.host is None:
            self.host = port.host
        if slave.unit != self.unit or port.host != self.host:
            try:
                from bridge.tasks.leaving import move  # seldom needed

                move(self, slave.unit, port.host, now)
            except MemoryError:
                return False
            self._state.rated_w = 0  # the other one's does not count
        if slave.answered and not self.met:
            self.met = True
            self.unsaved = self.command.owed
        left = self.leaving
        if left:
            try:
                left.step(port.bus, port.host, now)
            except MemoryError:
                pass  # at the next turn
            left.waits = self.command.owed
            self.unsaved = self.unsaved or left.kept is not self._left_saved
        return True

    def _rate(self):
        """Follow the plant's rated power: only a plausible one counts, and the last one stays."""
        rated_w = int(self._state.readings.value(self._highest) or 0)
        if rated_w > 0:
            self.rated_w = self.command.rated_w = self._state.rated_w = rated_w
            if rated_w != self._saved[1] and (not self._saved[1] or clock.seconds() - self._saved_s > _KEEP_S):
                self._save()
        elif self.rated_w:
            self.command.rated_w = self.rated_w

    def _follow_ems(self):
        """Obey an EMS, and let go what it asked for and what has expired; without memory it is done later."""
        state, now_s = self._state, clock.seconds()
        asked = state.ems_asked if state.ems_asked is not state.ems_taken else ()
        if asked or any([limit[3] is not None and now_s >= limit[3] for limit in state.ems_limits]):
            try:
                with Part("bridge.tasks.ems") as ems:
                    state.ems_limits = ems.obeyed(self._ems_path, state.ems_limits, asked, now_s)
            except MemoryError:
                self._again_s = now_s + _AGAIN_S
                return
        state.ems_taken = state.ems_asked

    def _want(self, now):
        """Say what shall hold; return why it is not what was asked for, in words, or ""."""
        state, order = self._state, self.command
        if not state.limit_wanted:
            if not control.schedules(self._settings) and not self._settings.unsure("grid_"):
                order.want(None, now)
            return ""  # not settled yet: what stands at the plant stands
        why = ""
        if self.rated_w or not 0 < state.limit_pct < 100:
            self.unknown_at = None
        else:
            if self.unknown_at is None:
                self.unknown_at = now
            why = "the plant's rated power is not known"
            if self.unknown_at is not False and clock.ticks_diff(now, self.unknown_at) < _PATIENCE_MS:
                return why + " yet"
            self.unknown_at = False  # for ever: no stamp grows old
            why += ", so 0 W is commanded"
        before = order.target
        raw = command.raw_limit(state.limit_pct, self.rated_w)
        order.want(raw if state.cap_w is None else min(raw, state.cap_w), now)
        if order.target != before:
            self._since_s = 0
            self._edge_at = state.limit_edge_at if self._edges != state.limit_edges else None
            self._edges = state.limit_edges
        return why

    def _save(self):
        if self._unsure and not self.command.owed:
            return  # it stays damaged, and is told
        self._unsure = False
        now_s, kept = clock.seconds(), (self.command.owed, self.rated_w)
        left = self.leaving.kept if self.leaving else ()
        try:
            record.save(self._path, _record(kept[0], kept[1], self.unit if self.met else None, self.host, left))
        except (OSError, MemoryError) as e:
            if not self._again_s:
                log.warn("plant", "the limit could not be recorded and is tried again: %r" % e)
            self._again_s = now_s + _AGAIN_S
            return
        self._saved, self._saved_s, self._again_s = kept, now_s, 0
        self._left_saved, self.unsaved = left, False

    def _tell(self, limit, text, why, now):
        """Bring what became of the limit into the state."""
        state, order = self._state, self.command
        told = (limit, text, why, order.overruled, order.target)
        if told == self._told:
            return
        self._told = told
        if order.overruled and limit in ("overruled", "held", "written"):
            self._since_s = self._since_s or clock.seconds() or 1
            times = "overruled %d times since second %d" % (order.overruled, self._since_s)
            text = text + "; " + times if text else times
        if why:
            text = text + "; " + why if text else why
        target = order.target
        state.plant_limit_w = None if target == command.NONE else target
        state.plant_limit_state, state.plant_limit_text, state.plant_limit_at = limit, text, now
        if state.recorder:
            state.recorder.plant(state)
        # A limit that is overruled over and over fills no log: the first time is told, the second, the fourth ...
        line = (limit, target, order.overruled)
        if limit == "held" and state.export_cap_w is not None:
            return  # it moves with the house
        if limit in _ENDS and line != self._logged and not order.overruled & (order.overruled - 1):
            self._logged = line
            what = "released" if target == command.NONE else "%d W" % (target or 0)
            log.info("plant", ("limit %s: %s %s" % (what, limit, text)).strip())


def left_at(kept, what):
    """Return the tasks.leaving.Leaving of a record; what: stands there, for people."""
    from bridge.tasks.leaving import Leaving  # seldom needed

    return Leaving(kept, what)


def _record(owed, rated_w, unit, host, left):
    """Return what is stored, see the top."""
    kept = {"owed": owed, "rated_w": rated_w}
    if owed and unit is not None:
        kept["unit"] = unit
        if host:
            kept["host"] = host
    if left:
        kept["left"] = left
    return kept
