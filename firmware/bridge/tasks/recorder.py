"""The flight recorder: what was decided, by what, and what became of it, in a ring of bytes.

In memory while the setting `recorder` wants it. Whoever decides tells it through state.recorder; what nobody tells it looks
for each second, with tasks/pulse. An entry has a kind, a time and a few values, of which only what is new is written. No
other byte looks like the first one of an entry, so a reader finds its way again after any gap:

    0x00..0x3F  last six bits of a number        0x80 None    0x81 0x82 begin and end of a tuple
    0x40..0x7F  six bits, more follow, low first 0x83 0x84 begin and end of a text    0x85 a float64, as two numbers
    0xA0 | two high bits, then the six low ones: a byte of a text above 0x7F
    0xC0 | kind                                  an entry: time, then place and value of each value that is new
    0xE0 | kind                                  an entry in full: time, all values, and what lies beside them

A whole number is 2 n, or -2 n - 1 below 0. A time is 4 ms + s + 1: the ms since the entry before, and how many seconds
more its clock went on than these ms say. An entry 0xE0 begins a frame: ticks in ms, and seconds. In a frame the first entry
of each kind is in full, so each frame can be read alone: whoever is to keep it over a restart keeps frames (`on_frame`).

What the values of each kind are: tools/bridgectl/replay/kinds.py. No secret comes in: of the settings only those whose
names begin as in `deciding`.
"""

import struct
from binascii import crc32

import clock
from bridge.logic.grid.command import STATES
from micropython import const
from parts import Part

_LAW = const(1)
_SETTING = const(2)
_PLANT = const(3)
_LINKS = const(4)
_ORDERS = const(5)
_DECIDING = ("grid_", "limit_", "dim_", "do", "heat_pump", "generator", "export_", "plant_")
_MOVING = const(4)  # values of the law that an export limit moves with the house
_MOVING_S = const(60)
_HOUR_S = const(3600)
_MOVES = const(3)  # states of the plant's limit up to it, idle left out, come and go with an export limit
_LONGEST = const(120)  # characters of a text
_CRC_MASK = const(0xFFFF)
_ROOM = const(8192)  # bytes of a ring from which on each decision of the limit's command is kept: they take 50 each

_FRAMES = const(4)  # in a ring: of the oldest one the beginning is overwritten
_ENTRY = const(0xC0)
_FULL = const(0x20)
_MORE = const(0x40)
_NONE = const(0x80)
_TUPLE = const(0x81)
_TUPLE_END = const(0x82)
_TEXT = const(0x83)
_TEXT_END = const(0x84)
_FLOAT = const(0x85)
_HIGH = const(0xA0)


def look(state, settings, size, limit=None):
    """Take a look each second at what nobody tells. size: bytes of the ring; 0 = no recorder is wanted any more.

    limit: the grid.command.LimitCommand of the limit, which is watched meanwhile."""
    recorder = state.recorder
    if not size:
        if recorder and recorder.watch:
            recorder.watch.end()
            recorder.watching.unload()
        state.recorder = None
        return
    if not recorder:
        state.recorder = recorder = Recorder(settings, size)
        if limit and size >= _ROOM:
            recorder.watch = recorder.watching.load().Watch(limit, state)
    if recorder.due(_PLANT):
        recorder.plant(state)
    recorder.tell(_LINKS, (state.plant_link, state.sensor_link, state.bus_exchanges), 1, _HOUR_S)
    if not state.orders:
        recorder.orders("", None, (None, None, None), False, state)


class Recorder:
    """The ring. Kinds are 1 to 31; values are None, whole numbers, floats, texts, and tuples of these."""

    deciding = _DECIDING
    watch = None  # of the limit's command, a recorded_command.Watch
    watching = Part("bridge.tasks.recorded_command")

    def __init__(self, settings, size):
        """size: bytes, a multiple of four."""
        self.ring = bytearray(size)
        self.count = 0  # bytes so far; byte number n lies at n % size
        self.on_frame = (
            None  # called with (number of its first byte, of the one behind its last) of each frame that ended
        )
        self._frame = -size  # where this one began
        self._last = {}  # kind: (values, seconds) of its last entry in this frame
        self._at = self._at_s = 0  # of the last entry
        self._settings = settings
        self._version = settings.version
        self._before = settings.starting(_DECIDING)

    def due(self, kind):
        """Return True if the next entry of a kind is in full: then it has to come soon, though nothing is new."""
        return kind not in self._last

    def law(self, law, is_new, now, now_s):
        """Take a turn of the control law: tasks/control.Law, after its step."""
        due = _LAW not in self._last
        if not (is_new or due):
            return
        try:
            said, seen, beside = law.said, law.seen, None
            if due:
                beside = [law.last]
                for waits in (law.loosening, law.importing):
                    age_ms = None if waits.since is None else clock.ticks_diff(now, waits.since)
                    beside += [waits.in_force, waits.inputs, age_ms]
                beside = tuple(beside)
            values = seen[:-1] + said[:-3] + (law.importing_pct, law.grid.failures, seen[-1])
            values += (said[-3], _crc(said[-2]), _crc(said[-1]))
            self._note(_LAW, values, now, now_s, beside, _MOVING if seen[-1] is not None else 0, _MOVING_S)
        except MemoryError:
            self._frame = -len(self.ring)  # a frame begins with the next entry: this one is not whole

    def plant(self, state):
        """Take what became of the limit at the plant, and what it was made from."""
        stands = STATES.index(state.plant_limit_state)
        if state.export_cap_w is None or not 0 < stands <= _MOVES:
            told = (stands, state.plant_limit_w, state.plant_limit_text[:_LONGEST])
            self.tell(_PLANT, told + (state.limit_pct, state.cap_w, state.rated_w))

    def orders(self, text, wanted, held, waits, state):
        """Take what is ordered beside the limit: in words, as decided now, as the commands are to hold it, and by what."""
        seen = (state.import_pct, state.import_w, state.export_w, state.limit_pct, state.rated_w, int(waits))
        self.tell(_ORDERS, (text[:_LONGEST], wanted) + held + seen)

    def tell(self, kind, values, moving=0, every_s=0):
        """Write an entry, if one of values, a tuple, is new.

        moving: so many values, the last ones, alone bring an entry only every_s seconds after the one before.
        """
        try:
            self._note(kind, values, clock.ticks_ms(), clock.seconds(), None, moving, every_s)
        except MemoryError:
            self._frame = -len(self.ring)

    def _note(self, kind, values, now, now_s, beside, moving, every_s):
        """Write an entry. now, now_s: never before the last one's. beside: what is written with an entry in full."""
        if self._settings.version != self._version:
            # The old values: the new ones are known when the recording is read.
            self._version, old, self._before = self._settings.version, self._before, self._settings.starting(_DECIDING)
            for place in range(len(old)):
                if old[place] != self._before[place]:
                    self._note(_SETTING, (place, old[place]), now, now_s, None, 0, 0)
        if self.count - self._frame >= len(self.ring) // _FRAMES:
            if self.on_frame and self.count:
                self.on_frame(self._frame, self.count)
            self._frame = self.count
            self._last.clear()
            self._at, self._at_s = now, now_s
            self._byte(_ENTRY | _FULL)
            self._number(now)
            self._number(now_s)
        before, before_s = self._last.get(kind, (None, 0))
        if before == values:
            return
        if moving and before and before[:-moving] == values[:-moving] and now_s - before_s < every_s:
            return
        self._last[kind] = values, now_s
        passed_ms = clock.ticks_diff(now, self._at)
        self._byte(_ENTRY | kind if before else _ENTRY | _FULL | kind)
        self._number(passed_ms << 2 | now_s - self._at_s - passed_ms // 1000 + 1)
        self._at, self._at_s = now, now_s
        for place in range(len(values)):
            if not before:
                self._value(values[place])
            elif values[place] != before[place]:
                self._number(place)
                self._value(values[place])
        if not before:
            self._value(beside)

    def _byte(self, octet):
        self.ring[self.count % len(self.ring)] = octet
        self.count += 1

    def _number(self, number):
        while number >= _MORE:
            self._byte(_MORE | number & (_MORE - 1))
            number >>= 6
        self._byte(number)

    def _value(self, value):
        if value is None:
            self._byte(_NONE)
        elif isinstance(value, tuple):
            self._byte(_TUPLE)
            for one in value:
                self._value(one)
            self._byte(_TUPLE_END)
        elif isinstance(value, str):
            self._byte(_TEXT)
            for octet in value.encode():
                if octet > 0x7F:
                    self._byte(_HIGH | octet >> 6)
                    octet &= _MORE - 1
                self._byte(octet)
            self._byte(_TEXT_END)
        elif isinstance(value, float):
            self._byte(_FLOAT)
            for half in struct.unpack("<II", struct.pack("<d", value)):
                self._number(half)
        else:
            self._number(2 * value if value >= 0 else -2 * value - 1)


def _crc(text):
    """Return the sum by which a text is compared that is not recorded."""
    return crc32(text.encode()) & _CRC_MASK
