"""Switches the outputs that a rule owns: smart load, heat pump, generator, follow. Writer of what they shall be, and why.

Stepped by tasks/actuation while a setting names such an owner; each rule is a part of its own. While nobody steps it, its
outputs are in their safe state. data/outputs keeps what must outlive a restart (see outputs_record).
"""

from binascii import crc32

import log
from bridge import points
from bridge.logic.grid import outputs
from bridge.logic.loads import day, switching
from bridge.tasks.outputs_record import Kept
from micropython import const
from parts import Part

_TURN = const(4)  # steps between two decisions; from one contact to the next it is one: relays need some 10 ms
_MIN_ON = const(6)  # places in load_rules.LOAD
_MIN_OFF = const(7)
_DI5 = const(16)
_FEEDBACK = const(16)  # place in load_rules.GENERATOR
_CLEARED = const(2)  # word `off` of its mode, at place 0
_NO_ALARMS = ("none", "not known")
_RULES = const(6)  # kind of entry in the flight recorder
_SELDOM_S = const(300)
_CRC_MASK = const(0xFFFF)
_OWNERS = ("smart_load", "heat_pump", "generator", "follow")
_POINTS = ("plant_soc", "plant_off_grid", "plant_load_power", "sensor_power", "plant_grid_power")


class Owned:
    """The rules of both outputs, with what they remember."""

    def __init__(self, state, settings, path, now_s):
        """path: of the record."""
        self._state = state
        self._settings = settings
        self.kept = Kept(path)
        self.numbers = [points.number(point) for point in _POINTS]
        self._parts = {
            "smart_load": Part("bridge.logic.loads.smart_load", "bridge.logic.loads.smart_load"),
            "heat_pump": Part("bridge.logic.loads.heat_pump", "bridge.logic.loads.heat_pump"),
            "generator": Part("bridge.logic.loads.generator", "bridge.logic.loads.generator"),
            "follow": Part("bridge.logic.loads.follow", "bridge.logic.loads.follow"),
            "wish": Part("bridge.logic.loads.wish", "bridge.logic.loads.wish"),
        }
        safe = settings.do_safe_mask
        self.switches = [switching.Kept(bool(safe >> i & 1), now_s) for i in range(outputs.COUNT)]
        self.pump = self.generator = self.wish = None
        self._version = self._owners = None
        self._rules = {}
        self._told = ""
        self.decided_s = now_s
        self._turn = 0
        self._mask = self._target = safe & outputs.owned(settings)

    def step(self, now_s):
        """Move one contact towards what was decided last, and decide anew each second; called four times a second."""
        self._turn = (self._turn + 1) % _TURN
        if self._turn == 0:
            self._target = self.decide(now_s)
        self._mask = switching.next_mask(self._mask, self._target)
        self._state.driven = self._mask

    def decide(self, now_s):
        """Return the outputs as they shall be, and tell why."""
        self.follow(now_s)
        state = self._state
        before = self._memory() if state.recorder else ()
        values = [state.readings.value(number) for number in self.numbers]
        soc, off_grid, load_w, sensor_w, grid_w = values
        import_w = grid_w if sensor_w is None else sensor_w
        minute = day.minute(state.day_clock, now_s)
        mask, words = 0, []
        for i in range(outputs.COUNT):
            owner, name = self._owners[i], "DO%d" % (i + 1)
            if i and owner == self._owners[0] and owner in ("heat_pump", "generator"):
                continue  # of both outputs, and decided with the first
            if owner == "smart_load":
                seen = soc, import_w, off_grid, minute, state.import_w
                closed, why = self._load(i, self._parts[owner].load().decide, seen, now_s)
            elif owner == "follow":
                closed, why = self._repeat(i, off_grid, now_s)
            elif owner == "heat_pump":
                closed, why = self._heat(soc, import_w, off_grid, now_s)
                name = "heat pump"
            elif owner == "generator":
                closed, why = self._run(soc, off_grid, load_w, minute, now_s)
                name = "generator"
            else:
                continue
            mask |= closed << i if owner in ("smart_load", "follow") else closed
            words.append(name + " " + why)
        text = "; ".join(words)
        if state.recorder:
            self._record(mask, before, values, text)
        self._tell(text)
        self.decided_s = now_s
        return mask

    def leave(self):
        """Let the rules go, and the outputs to their safe state."""
        self._state.driven = None
        self._state.outputs_text = ""
        for part in self._parts.values():
            part.unload()

    def _record(self, mask, before, values, text):
        """Let the flight recorder have a decision: each stands for itself, so those that change no contact may be few."""
        state = self._state
        seen = (state.day_clock, state.import_w, state.import_pct, state.limit_pct, state.cap_w)
        seen += (state.alarms not in _NO_ALARMS, state.inputs if state.inputs_settled else None)
        values = (mask,) + before + tuple(values) + seen + (crc32(text.encode()) & _CRC_MASK,)
        state.recorder.tell(_RULES, values, len(values) - 1, _SELDOM_S)

    def _memory(self):
        """Return all that the rules remember."""
        found = [switch.memory() for switch in self.switches]
        found += [rule.memory() if rule else None for rule in (self.pump, self.generator, self.wish)]
        kept = self.kept
        return tuple(found) + (kept.lock_s, kept.run_s, kept.idle_s, self.decided_s)

    def follow(self, now_s):
        """Read the rules anew when a setting has changed, and let go what belongs to no output any more."""
        settings = self._settings
        if settings.version == self._version:
            return
        self._version = settings.version
        owners = (settings.do1_owner, settings.do2_owner)
        with Part("bridge.load_rules", "bridge.load_rules") as rules:
            for name in rules.TABLES:
                self._rules[name] = rules.read(name, getattr(settings, name))[0]
        if owners == self._owners:
            return
        self._owners = owners
        if "heat_pump" not in owners:
            self.pump = None
        elif not self.pump:
            self.pump = self._parts["heat_pump"].load().HeatPump(self.kept.lock_s, now_s)
        if "generator" not in owners:
            self.generator = None
        elif not self.generator:
            self.generator = self._parts["generator"].load().Generator(self.kept.locked, now_s)
            self.wish = self._parts["wish"].load().Wish(now_s)
        for name in _OWNERS:
            if name not in owners:
                self._parts[name].unload()
        if "generator" not in owners:
            self._parts["wish"].unload()

    def _load(self, i, decide, seen, now_s):
        rules, switch = self._rules["do%d_rules" % (i + 1)], self.switches[i]
        close, at_once, why = decide(rules, switch.closed, seen)
        return self._switched(switch, rules, close, at_once, why, now_s)

    def _repeat(self, i, off_grid, now_s):
        state, rules = self._state, self._rules["do%d_rules" % (i + 1)]
        limited = state.limit_pct < 100 or state.cap_w is not None
        importing = state.import_w is not None or state.import_pct < 100
        alarmed = state.alarms not in _NO_ALARMS
        inputs = state.inputs if state.inputs_settled else None
        decide = self._parts["follow"].load().decide
        close, why = decide(rules, limited, importing, off_grid, alarmed, inputs)
        return self._switched(self.switches[i], rules, close, False, why, now_s)

    def _switched(self, switch, rules, close, at_once, why, now_s):
        closed, left_s = switch.step(close, at_once, rules[_MIN_ON], rules[_MIN_OFF], now_s)
        text = ("closed, " if closed else "open, ") + why
        return closed, text + (", %d s left as it is" % left_s if left_s else "")

    def _heat(self, soc, import_w, off_grid, now_s):
        pump, state = self.pump, self._state
        heat_pump = self._parts["heat_pump"].load()
        limited = state.import_w is not None or state.import_pct < 100
        held = pump.step(self._rules["heat_pump"], soc, import_w, off_grid, limited, now_s)
        self.kept.note_lock(held == heat_pump.LOCK, pump.used_s)
        return heat_pump.mask(held), heat_pump.NAMES[held] + ", " + pump.why

    def _run(self, soc, off_grid, load_w, minute, now_s):
        machine, rules, kept = self.generator, self._rules["generator"], self.kept
        generator = self._parts["generator"].load()
        runs = None
        if rules[_FEEDBACK] and self._state.inputs_settled:
            runs = bool(self._state.inputs & _DI5)
        on_its_way = machine.state not in (generator.STOPPED, generator.REST, generator.LOCKED)
        why = self.wish.step(rules, soc, off_grid, load_w, minute, on_its_way, kept.idle_s, machine.run_s, now_s)
        is_off = rules[0] == _CLEARED
        if rules[_FEEDBACK] and runs is None:
            return 0, generator.NAMES[machine.state] + ", DI5 is not settled yet"
        held = machine.step(rules, bool(why), is_off, runs, is_off, now_s)
        kept.note_run(held == generator.RUN, now_s - self.decided_s, machine.locked)
        start, loaded = generator.contacts(held)
        if self._owners[0] != self._owners[1]:
            mask = start << (self._owners[1] == "generator")
        else:
            mask = start | loaded << 1
        if held == generator.STOPPED and runs:
            why = "it runs by itself"
        text = machine.locked or why or ("switched off" if is_off else "not wanted")
        return mask, "%s, %s, %d h" % (generator.NAMES[held], text, kept.run_s // 3600)

    def _tell(self, text):
        self._state.outputs_text = text
        said = " ".join([word for word in text.split(" ") if not word.isdigit()])
        if said != self._told:  # numbers move all the time
            self._told = said
            log.info("outputs", text)
