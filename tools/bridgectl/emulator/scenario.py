"""`make emulate`: the built rp2040 bundle on the emulated chip, a run each, the figures as JSON lines.

    start    from power on to the first reading
    wired    system created, no radio: readings, grid contact, driver release, watchdog
    hotspot  nothing created yet: hotspot open, portal loaded and listening
    bus      as wired, the sensor asked as fast as it goes: what the wire would allow, and what the chip makes of it
    meter    as bus, while an inverter reads 60 registers four times a second at RS485-1, where the bridge plays the meter
    blind    how long a contact is not seen while the radio starts
    wlan     system created: joins the emulated WLAN, publishes to a broker on loopback
    gateways the same, and a Modbus TCP gateway with a client at each port
    control  as wired, with every limit, order and output rule on, beside the same with none

All times are emulated; nothing was compared with silicon.
"""

import json

from . import profiles
from .budget import BUDGETS
from .chip import cpu_s
from .heap_map import AREAS
from .repl import GuestError
from .rig import PLANT_UART
from .talker import Deaf, Talker
from .wire import FAULTS

_STEADY_MS = 3000
_FULL_POLL_MS = 100  # shorter than one read: the bus is never idle
_LEARN_MS, _FULL_MS = 15000, 5000  # by then the pace is learned and every part of the start is in
_ASKED_MS = 250  # the inverter's period
_FLIPS = ((2, True), (4, True), (4, False), (2, False))  # 60, 0, 60, 100 %
_FLIP_LIMIT_MS = 4000
_BLIND_MS = 6000  # of the start, the radio's within it
_INTERRUPT = b"\x03"


class Figures:
    """Collects figures and prints each as one JSON object a line."""

    def __init__(self, printed=print):
        self.values = {}
        self.where = ""  # image and carrier of the board that is measured, see Rig.where
        self._printed = printed

    def put(self, figure, value, unit, how):
        """Take a figure. how: what was measured, from where to where."""
        self.values[figure] = value
        how = f"{how}; {self.where}" if self.where else how
        self._printed(json.dumps({"figure": figure, "value": value, "unit": unit, "how": how}, ensure_ascii=False))


def release_figures(figures, rig, since_ns, suffix=""):
    """Put how long after the last stop bit the drivers of both buses were released, requests after since_ns."""
    wires = (rig.sensor_wire, rig.plant_wire)
    release_us = [us for wire in wires for at_ns, us in wire.releases if at_ns >= since_ns]
    how = f"driver enable low after the last stop bit, {len(release_us)} requests on both buses; t3.5 is 3646 us"
    figures.put(f"de_release_us_min{suffix}", round(min(release_us), 1), "us", how)
    figures.put(f"de_release_us_max{suffix}", round(max(release_us), 1), "us", how)
    faults = [sum(getattr(w, kind) for w in wires) for kind in FAULTS]
    how = "since power on: " + ", ".join(f"{count} {kind}" for kind, count in zip(FAULTS, faults))
    figures.put(f"bus_faults{suffix}", sum(faults), "", how)


def flip(rig, number, closed, limit_ms=_FLIP_LIMIT_MS):
    """Move a contact; return ms from the edge to the end of the write on the plant's wire and to its confirmation."""
    started_ns, seen = rig.chip.now_ns, len(rig.plant_wire.exchanges)
    rig.contact(number, closed)

    def written():
        return [x for x in rig.plant_wire.exchanges[seen:] if x.request[1] == 16 and x.answer]

    def read_back():
        return [x for x in rig.plant_wire.exchanges[seen:] if written() and x.request[1] == 3 and x.answer]

    rig.run_until(lambda: read_back() and rig.chip.now_ns > read_back()[0].answer_end_ns, limit_ms)
    return (written()[0].end_ns - started_ns) / 1e6, (read_back()[0].answer_end_ns - started_ns) / 1e6


def start(figures, setup):
    """Boot with the probe, until the first reading. Return the rig."""
    rig = setup.rig(profiles.CREATED, probe=True)
    rig.run_until(lambda: rig.told("booted"), 8000)
    figures.where = rig.where()
    how = "from power on to the end of boot.py, which chooses and checks the slot; then main.py imports the bridge"
    figures.put("boot_ms", int(rig.told("booted")[0][0]), "ms", how)
    how = "from power on to the first good reading in the firmware's state"
    figures.put("first_reading_s", int(rig.told("reading")[0][0]) / 1000, "s", how)
    how = "from power on to the end of the first good answer on the sensor's wire"
    figures.put("first_answer_s", round(rig.sensor_wire.exchanges[0].answer_end_ns / 1e9, 3), "s", how)
    return rig


def wired(figures, setup):
    """Boot, read both buses, flip contacts, starve the watchdog. Return the rig."""
    rig = profiles.wired(setup)
    figures.where = rig.where()
    steady_ns, steady_cpu_s = rig.chip.now_ns, cpu_s()
    rig.run(_STEADY_MS)
    figures.put(
        "cpu_s_per_emulated_s", round((cpu_s() - steady_cpu_s) * 1000 / _STEADY_MS, 1), "s", "steady, on this PC"
    )
    for name, wire in (("sensor", rig.sensor_wire), ("plant", rig.plant_wire)):
        count = sum(x.end_ns >= steady_ns and x.answer is not None for x in wire.exchanges)
        how = f"answered exchanges of the {name} within {_STEADY_MS} ms, times {60000 // _STEADY_MS}"
        figures.put(f"readings_per_minute_{name}", count * 60000 // _STEADY_MS, "1/min", how)
    release_figures(figures, rig, steady_ns)

    times = [flip(rig, number, closed) for number, closed in _FLIPS]
    how = f"from a contact's edge (it settles 50 ms) to the write's last stop bit, {len(times)} edges, think time 20 ms"
    figures.put("edge_to_write_ms_max_chip", round(max(t[0] for t in times)), "ms", how)
    figures.put("edge_to_held_ms_max", round(max(t[1] for t in times)), "ms", "as before, to the read back's last byte")
    heap_figures(figures, rig, "wired", "all tasks up, radio off, no portal")
    task_figures(figures, setup, rig)

    stopped_ns, resets = rig.chip.now_ns, len(rig.chip.resets)
    rig.console.write(_INTERRUPT)  # a person at the console stops the program and walks away
    rig.run_until(lambda: len(rig.chip.resets) > resets, 10000)
    how = "from the program's stop at the console to the reset by the watchdog"
    figures.put("watchdog_ms", round((rig.chip.resets[-1][0] - stopped_ns) / 1e6), "ms", how)
    rig.run_until(lambda: "start by watchdog" in rig.console.text, 8000)
    return rig


def bus(figures, setup):
    """Boot with a sensor that is asked without a pause. Return the rig."""
    rig = setup.rig({**profiles.CREATED, "sensor_poll_ms": _FULL_POLL_MS})
    wire = rig.sensor_wire
    rig.run(_LEARN_MS)
    figures.where = rig.where()
    seen, since_ns = len(wire.exchanges), rig.chip.now_ns
    rig.run(_FULL_MS)
    exchanges = wire.exchanges[seen:]
    # What a read needs at least: both frames, the slave's think time, and t3.5 before the next one.
    spans_ns = [wire.character_ns * 3.5 + e.answer_end_ns - e.start_ns for e in exchanges[:-1] if e.answer]
    value = sum(spans_ns) / (exchanges[-1].start_ns - exchanges[0].start_ns)
    how = (
        f"frames, think time and t3.5 over the time they took, {len(spans_ns)} reads on the emulated chip, whole bridge"
    )
    figures.put("wire_efficiency_emulated", round(value, 3), "", how)
    lost = sum(not e.answer for e in exchanges)
    figures.put("lost_on_a_full_bus", lost, "", f"requests without an answer in these {_FULL_MS} ms")
    release_figures(figures, rig, since_ns, "_full")
    heap_figures(figures, rig, "full", "all tasks up, sensor bus full, radio off")
    task_figures(figures, setup, rig)
    return rig


def meter(figures, setup):
    """Boot as a meter between sensor and inverter, both ports busy. Return the rig."""
    rig = setup.rig({**profiles.CREATED, "sensor_poll_ms": _FULL_POLL_MS, "rs485_1_role": "meter"})
    rig.plant_wire.slave = Deaf()
    rig.run(_LEARN_MS)
    figures.where = rig.where()
    inverter = Talker(rig, PLANT_UART)
    seen, answered, since_ns = len(rig.sensor_wire.exchanges), len(rig.plant_wire.exchanges), rig.chip.now_ns
    for _ in range(_FULL_MS // _ASKED_MS):
        inverter.ask(1, 4, 0, 60)
        inverter.wait(0)
        rig.run(_ASKED_MS - (rig.chip.now_ns - since_ns) / 1e6 % _ASKED_MS)
    polls = len(rig.sensor_wire.exchanges) - seen
    how = f"polls of the sensor in {_FULL_MS} ms, its bus full; an inverter reads 60 registers each {_ASKED_MS} ms"
    figures.put("sensor_polls_per_s_beside_inverter", round(polls * 1000 / _FULL_MS, 1), "1/s", how)
    whole = sum(len(x.request) == 125 for x in rig.plant_wire.exchanges[answered:])
    figures.put("inverter_reads_unanswered", _FULL_MS // _ASKED_MS - whole, "", "of these reads")
    release_figures(figures, rig, since_ns, "_meter")
    task_figures(figures, setup, rig)
    return rig


def hotspot(figures, setup):
    """Boot a device without a system, until the portal listens. Return the rig."""
    rig = profiles.hotspot(setup)
    figures.where = rig.where()
    how = "from power on to the portal listening; the emulated radio has no phones"
    figures.put("portal_s", round(rig.opened_ms / 1000, 2), "s", how)
    heap_figures(figures, rig, "hotspot", "all tasks up, hotspot open, portal loaded and listening")
    task_figures(figures, setup, rig)
    return rig


def blind(figures, setup):
    """Boot with a WLAN to join and move a contact again whenever the firmware has seen it move. Return the rig."""
    rig = setup.rig({**profiles.CREATED, "wlan_ssid": "emulated"})
    rig.run_until(lambda: "field_io: contacts closed" in rig.console.text, 8000)
    figures.where = rig.where()
    times_ms = []
    while rig.now_ms < _BLIND_MS:
        times_ms.append(_seen_ms(rig, 2, closed=len(times_ms) % 2 == 0))
    how = (
        f"longest from a contact's edge to its being settled (50 ms), {len(times_ms)} edges end to end over the first "
    )
    figures.put("blind_ms_max", round(max(times_ms)), "ms", f"{how}{_BLIND_MS} ms, in which the radio starts and joins")
    return rig


def _seen_ms(rig, number, closed):
    """Move a contact; return the milliseconds until the firmware says how the contacts stand."""
    seen = rig.console.text.count("contacts closed")
    rig.contact(number, closed)
    return rig.run_until(lambda: rig.console.text.count("contacts closed") > seen, _FLIP_LIMIT_MS)


async def wlan(figures, setup):
    """Boot, join the emulated WLAN, publish to a broker on loopback. Return the rig and the watch of the broker."""
    async with profiles.wlan(setup) as (rig, watch):
        figures.where = rig.where()
        how = "from power on to the first state at the broker, WLAN joined with nobody else on the air"
        figures.put("first_publish_s", round(rig.published_ms / 1000, 2), "s", how)
        release_figures(figures, rig, rig.published_ms * 1e6, "_wlan")
        heap_figures(figures, rig, "wlan", "all tasks up, WLAN joined, publishing, no portal")
        task_figures(figures, setup, rig)
    return rig, watch


async def gateways(figures, setup):
    """As wlan, with a client at each of two gateways. Return the rig and the watch of the broker."""
    async with profiles.gateways(setup) as (rig, watch):
        gateways_figures(figures, rig)
        task_figures(figures, setup, rig)
    return rig, watch


def gateways_figures(figures, rig):
    """Put what profiles.gateways takes."""
    figures.where = rig.where()
    release_figures(figures, rig, rig.published_ms * 1e6, "_gateways")
    heap_figures(figures, rig, "gateways", "WLAN joined, publishing, two gateways with a client each, no portal")


def control(figures, setup):
    """Boot without any table, limit, order or rule, and with all of them; put what these take."""
    free = []
    for settings in ({"system_name": "Emulated"}, profiles.CONTROL):
        rig = setup.rig(settings)
        rig.run_until(lambda: "master: link ok" in rig.console.text, 8000)  # noqa: B023 (called at once)
        rig.run(_LEARN_MS)
        if "Traceback" in rig.console.text:
            raise GuestError(rig.console.text[rig.console.text.index("Traceback") :])
        free.append(rig.look().free_bytes)
        figures.where = rig.where()
    how = (
        "of contacts, limits, import, disconnection, export at the grid, smart load and generator, all on, beside none"
    )
    figures.put("control_heap_bytes", free[0] - free[1], "B", how)
    figures.put("control_free_bytes", free[1], "B", "left with all of them on, radio off")


def heap_figures(figures, rig, profile, when):
    """Put the heap as it is now, as a collection would leave it: free, the least so far, the largest piece, by area."""
    now = rig.look()
    figures.put(f"heap_free_bytes_{profile}", now.free_bytes, "B", f"bytes free, {when}")
    figures.put(
        f"heap_min_bytes_{profile}", rig.least.free_bytes, "B", "least of the same since power on, four looks a second"
    )
    aim = f"; budget {BUDGETS[profile][1]}" if profile in BUDGETS else ""
    figures.put(f"heap_largest_bytes_{profile}", now.largest_bytes, "B", f"largest free piece, {when}{aim}")
    if profile in BUDGETS:
        for area, count in rig.areas().items():
            figures.put(f"heap_used_bytes_{profile}_{area}", count, "B", f"in the heap: {AREAS[area]}, {when}")


def task_figures(figures, setup, rig):
    """Put the time of each task of the supervisor, if it was taken."""
    if not setup.timed:
        return
    rig.ask()
    total_us = sum(int(words[2]) for words in rig.told("task"))
    for name, turns, sum_us, longest_us in rig.told("task"):
        how = f"since start, {100 * int(sum_us) // total_us} % of all tasks; {turns} turns, longest {longest_us} us"
        figures.put(f"task_ms_{name}", int(sum_us) // 1000, "ms", how)


RUNS = {run.__name__: run for run in (start, wired, bus, meter, hotspot, blind, wlan, gateways, control)}
