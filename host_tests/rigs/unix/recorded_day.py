"""What a flight recorder keeps, as the lines of its file: of a whole bridge, and of days without its ports.

Each function prints JSON: a list of files, taken so often that nothing is missing between them.
"""

import json
import sys
import time

import clock
import flow
from bridge.logic import room
from bridge.logic.doors import recording_file

_HOUR_S = 3600
_TABLES = ("ripple", "drm", "fnn", "own")


def kept(state, settings):
    """Return the file of a bridge's recorder."""
    return "".join(recording_file.lines(state, settings, clock.ticks_ms()))


def _print(files):
    """Print a list of texts as JSON, piece by piece: memory for the whole may be missing."""
    for place in range(len(files)):
        print(end=("[" if not place else ",") + json.dumps(files[place]))
    print("]")


def whole():
    """A whole bridge: contacts, limits of several, an output with a rule, a command, a silent plant, settings."""
    from bridge.tasks.commands import Commands

    files = []
    room.recorder_bytes = lambda wanted, free: 2048  # as on a Pico W

    async def story(b):
        await b.until(lambda: b.state.recorder and b.state.inputs_settled, 10000)
        await b.until(lambda: b.value("plant_soc") is not None, 10000)
        commands = Commands(b.state, b.settings, lambda answer: None)
        b.house.stored_wh = b.house.capacity_wh * 0.95
        for number in (1, 2, 4):
            b.contact(number, True)
            await b.for_ms(15000)
            b.contact(number, False)
            await b.for_ms(400 * number)
        commands.take(b'{"limit": {"generation_w": 900, "import_w": 4000, "for_s": 20}, "do2": true}', False)
        await b.for_ms(30000)
        b.plant.silent = True
        b.contact(3, True)
        await b.for_ms(20000)
        b.plant.silent = False
        await b.for_ms(15000)
        files.append(kept(b.state, b.settings))
        b.settings.apply({"grid_table": "own", "grid_rows": "0010 p45 = Böe; 1000 p0"})
        await b.for_ms(5000)
        b.contact(3, False)
        b.house.stored_wh = 0
        await b.for_ms(40000)
        files.append(kept(b.state, b.settings))

    settings = {
        "grid_table": "ripple",
        "limit_user_w": 5500,
        "do1_owner": "smart_load",
        "do1_rules": "min_on 5 min_off 5",
    }
    flow.Bridge("rp2040", settings=settings).run(story)
    _print(files)


def plant():
    """A whole bridge with room: limits that are obeyed, overruled, lost and refused, orders beside them, export at the grid."""
    files = []
    room.recorder_bytes = lambda wanted, free: 16384  # as on boards with room

    async def story(b):
        await b.until(lambda: b.state.recorder and b.state.inputs_settled, 10000)
        for number in (2, 4):
            b.contact(number, True)
            await b.for_ms(20000)
            b.contact(number, False)
            await b.for_ms(8000)
        b.contact(2, True)
        await b.for_ms(12000)
        b.plant.reboot(3000)  # it forgets the limit
        await b.for_ms(40000)
        b.plant.silent = True
        await b.for_ms(30000)
        b.plant.silent = False
        await b.for_ms(20000)
        b.contact(2, False)
        await b.for_ms(10000)
        b.plant.grid_sensor = 0  # so the bridge holds export by its own sensor
        b.settings.apply({"export_at": "grid", "limit_export_w": 500})
        b.house.charge_max_w = b.house.discharge_max_w = 0
        b.house.pv_set_w = 3500
        for load_w in (300, 2500, 200, 1500):
            b.house.load_set_w = load_w
            await b.for_ms(65000)
        files.append(kept(b.state, b.settings))

    flow.Bridge("rp2040", settings={"grid_table": "fnn", "plant_import": True}).run(story)
    _print(files)


class Desk:
    """The control law, the rules of the outputs and a recorder, stepped by hand on the virtual clock."""

    def __init__(self, settings, size=2048):
        from bridge.settings import Settings
        from bridge.state import State
        from bridge.tasks.control import Law
        from bridge.tasks.outputs import Owned
        from bridge.tasks.recorder import Recorder

        self.settings, self.state = Settings(), State("0", "power", "desk")
        refused = self.settings.apply(settings)
        assert not refused, refused
        self.values = {}
        self.state.readings.value = self.values.get
        self.law = Law()
        self.state.recorder = self.recorder = Recorder(self.settings, size)
        self.owned = Owned(self.state, self.settings, "/tmp/none-%d/outputs" % time.ticks_us(), clock.seconds())
        self.state.inputs_settled = True
        self.looked_s = clock.seconds()

    def set(self, point, value):
        """Let a reading have a value, None: it is not good."""
        from bridge import points

        self.values[points.number(point)] = value

    def pass_ms(self, ms, step_ms=50):
        """Let time pass; the law has a turn after each step, the rules one a second."""
        while ms > 0:
            time.pass_ms(min(ms, step_ms))
            ms -= step_ms
            now, now_s = clock.ticks_ms(), clock.seconds()
            is_new = self.law.step(self.state, self.settings, now, now_s)
            self.recorder.law(self.law, is_new, now, now_s)
            if now_s != self.looked_s:
                self.looked_s = now_s
                self.state.driven = self.owned.decide(now_s)


def _chosen(seed):
    """Return choose(n), 0 to n - 1: the same numbers for the same seed."""
    held = [seed * 2654435761 + 1]

    def choose(n):
        held[0] = (held[0] * 1103515245 + 12345) & 0x7FFFFFFF
        return (held[0] >> 8) % n

    return choose


def _happen(desk, choose):
    """Let one of many things happen."""
    state, what, now_s = desk.state, choose(12), clock.seconds()
    if what < 4:
        state.inputs ^= 1 << choose(5)
        state.inputs_at = clock.ticks_ms()
        state.input_edges += 1
    elif what == 4:
        state.chattering ^= 1 << choose(4)
    elif what == 5:
        until_s = None if choose(2) else now_s + choose(30)
        state.ems_limits = ((choose(3), 100 * choose(60), choose(30) + 1, until_s),) if choose(3) else ()
    elif what == 6:
        state.output_command = ((choose(2), now_s, clock.ticks_ms()), None)
    elif what == 7:
        state.rated_w = choose(3) * 3000
    elif what == 8:
        desk.set("plant_off_grid", (None, 0, 1)[choose(3)])
        state.export_cap_w = choose(2) * choose(5000) or None
    elif what == 9:
        refused = desk.settings.apply(
            (
                {
                    "grid_table": _TABLES[choose(4)],
                    "grid_rows": "1100 p%d i20; 0010 p10 c-0.9; 0001 x = Böe" % choose(100),
                },
                {"grid_unknown": ("strictest", "last", "full", "stated")[choose(4)], "grid_hold_ms": choose(3000)},
                {
                    "limit_user_w": choose(6000) - 1,
                    "limit_export_w": choose(4000) - 1,
                    "limit_off_grid_w": choose(3) * 500 - 1,
                },
                {"grid_active": bool(choose(4)), "grid_reactive": bool(choose(2)), "grid_closed_mask": choose(16)},
                {
                    "do1_owner": ("smart_load", "follow", "manual")[choose(3)],
                    "do1_rules": "on %d off 60 min_on 9" % (61 + choose(30)),
                },
            )[choose(5)]
        )
        assert not refused, refused
    elif what == 10:
        state.driven = choose(4)
    else:
        desk.set("plant_soc", None if choose(9) == 0 else 50 + choose(500) / 10)
        desk.set("sensor_power", choose(9000) / 8 - 500)
        desk.set("plant_load_power", choose(9000))


def chance():
    """Sequences of whatever may happen, as many as sys.argv[4], with the seed in sys.argv[5]."""
    files = []
    for seed in range(int(sys.argv[4])):
        choose = _chosen(seed + int(sys.argv[5]))
        desk = Desk(
            {"grid_table": _TABLES[choose(3)], "do1_owner": ("manual", "smart_load")[choose(2)]},
            (1024, 4096)[choose(2)],
        )
        for _ in range(120):
            _happen(desk, choose)
            desk.pass_ms((20, 50, 400, 2500, 15000)[choose(5)], (10, 50)[choose(2)])
        files.append(kept(desk.state, desk.settings))
    _print(files)


def day():
    """So many hours (sys.argv[4]) of contacts, limits and outputs; a file four times an hour."""
    files = []
    desk = Desk({"grid_table": "ripple", "limit_user_w": 5500, "do1_owner": "smart_load", "do_expire_s": 1200}, 4096)
    desk.state.rated_w = 6000
    desk.set("plant_off_grid", 0)
    choose = _chosen(7)
    for hour in range(int(sys.argv[4])):
        for quarter in range(4):
            desk.set("plant_soc", 70 + (hour * 4 + quarter) % 25 + choose(10) / 10)
            desk.set("sensor_power", 1500.0 - choose(4000))
            for _ in range(6):
                _happen(desk, choose)
                desk.pass_ms(2000)
                desk.pass_ms(148000, 1000)
            files.append(kept(desk.state, desk.settings))
    _print(files)
