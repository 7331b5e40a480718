"""The status screen: what the bridge publishes, what its LEDs show, what happens on the wires. Pure drawing."""

import time

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bridgectl import firmware
from bridgectl.run.session import COMMANDS

firmware.load()

from bridge import points  # noqa: E402 (importable only now)
from bridge.logic import lights  # noqa: E402

_QUALITY_STYLE = {"good": "green", "stale": "yellow", "suspect": "red", "never": "dim"}
_LINK_STYLE = {"ok": "green", "starting": "dim"}
_LOG_LINES = 2  # at least
_OTHER_LINES = 32
_DARK = (40, 40, 40)  # an unlit LED
_NAME_LEAST, _NOT_NAME = 6, 35  # columns of a reading's name at least, and of what stands beside it

# The readings that a screen has room for; all of them are in the state topic.
_SHOWN = (
    ("sensor_voltage", "sensor_current", "sensor_power", "sensor_apparent_power", "sensor_reactive_power",
     "sensor_power_factor", "sensor_frequency", "sensor_import_energy", "sensor_export_energy"),
    ("plant_power", "plant_pv_power", "plant_ess_power", "plant_soc", "plant_load_power", "plant_grid_power",
     "plant_max_power", "plant_pv_energy", "plant_running_state"),
)  # fmt: skip


def draw(session, height=40, width=120):
    """Return the whole screen for a Session as something that rich can print; height, width: of the terminal."""
    return Group(
        Text(f" {_headline(session)}", style="bold"),
        _keys(),
        _beside(*(_readings(session, names, width) for names in _SHOWN)),
        _beside(_terminal(session), _strip(session)),
        _beside(_buses(session), _uplink(session)),
        _log(session, max(_LOG_LINES, height - _OTHER_LINES)),
    )


def _beside(left, right):
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(left, right)
    return grid


def _headline(session):
    state, first_s = session.watch.state, session.first_reading_s
    first = "waiting for the first reading" if first_s is None else f"first reading after {first_s:.1f} s"
    uptime = f"up {state.get('uptime') or 0} s, {state.get('heap_free') or 0:,} B free"
    starts = "" if session.firmware.starts < 2 else f" · started {session.firmware.starts} times"
    return f"bridge {state.get('version') or ''} on this PC · {first} · {uptime}{starts}"


def _readings(session, names, width):
    table = Table(expand=True, box=None, padding=(0, 1, 0, 0))
    table.add_column("reading", no_wrap=True, max_width=max(_NAME_LEAST, width // 2 - _NOT_NAME))
    for title in ("value", "unit", "age s", "quality"):
        table.add_column(title, justify="right" if title in ("value", "age s") else "left", no_wrap=True)
    for name in names:
        row = points.row(name)
        quality, age_s = session.quality(name)
        style = _QUALITY_STYLE[quality]
        value = session.watch.last.get(name)
        table.add_row(
            name.partition("_")[2].replace("_", " "),
            "-" if value is None else f"{value:.{row[2]}f}",
            row[1],
            "-" if age_s is None else f"{age_s:.1f}",
            Text(quality, style=style),
            style="" if quality == "good" else "dim",
        )
    return Panel(table, title=f"{names[0].partition('_')[0]} · RS485-{2 if names[0].startswith('sensor') else 1}")


def _contact(label, closed):
    if closed is None:
        return Text(f"{label} ?  ", style="dim")
    return Text(f"{label} {'●' if closed else '○'}  ", style="bold green" if closed else "")


def _terminal(session):
    state = session.watch.state
    known = {"ON": True, "OFF": False}
    inputs = Text.assemble(*(_contact(f"DI{i}", known.get(state.get(f"di{i}"))) for i in range(1, 6)))
    outputs = Text.assemble(*(_contact(f"DO{i}", known.get(state.get(f"do{i}"))) for i in range(1, 3)))
    lines = [inputs, outputs, _limit(state)]
    if session.world.plant_wire:
        house, limit_w = session.world.house, session.world.plant.limit_w
        in_force = "no limit in force" if limit_w is None else f"limit {limit_w} W in force"
        lines.append(Text(f"plant feeds {house.output_w:.0f} W, {in_force}; PV held back {house.curtailed_w:.0f} W"))
    return Panel(Group(*lines), title="COM terminal and control")


def _limit(state):
    if state.get("limit") is None:
        return Text("limit ?", style="dim")
    watts = "" if state.get("limit_w") is None else f" = {state['limit_w']} W"
    return Text(f"limit {state['limit']} %{watts}: {state.get('limit_reason')} ({state.get('limit_state')})")


def _strip(session):
    colours = session.folder.strip()
    state = session.watch.state
    per_segment = len(colours) // len(lights.SEGMENTS)
    lines = []
    for i, segment in enumerate(lights.SEGMENTS):
        lit = colours[i * per_segment : (i + 1) * per_segment] or [(0, 0, 0)]
        bar = Text("  ")
        for colour in lit:
            red, green, blue = colour if any(colour) else _DARK
            bar.append("████", style=f"rgb({red},{green},{blue})")
        meaning = state.get(f"led_{segment}") or "-"
        lines.append(Text.assemble(f"{segment.upper():5}", bar, f"  {meaning}{_pattern(segment, meaning)}"))
    return Panel(Group(*lines), title="LED strip")


def _pattern(segment, meaning):
    try:
        return " (flashing)" if lights.look(segment, meaning)[1] else ""
    except ValueError:
        return ""


def _buses(session):
    state, world = session.watch.state, session.world
    lines = []
    for name, port, wire, fault in (
        ("sensor", 2, world.sensor_wire, world.sensor_fault),
        ("plant", 1, world.plant_wire, "silent" if world.plant_wire and world.plant_wire.silent else "ok"),
    ):
        link = state.get(f"{name}_link") or "starting"
        line = Text.assemble(f"RS485-{port} {name:6} ", (link, _LINK_STYLE.get(link, "red")))
        if wire is None:
            line.append("  real adapter")
        else:
            c = wire.counts
            share_pct = 100 * c.busy_ns / 1e9 / max(1, session.age_s())
            line.append(f"  {c.requests} asked, {c.answers} answered, {c.spoilt} spoilt, {c.collisions} collisions")
            line.append(f", busy {share_pct:.0f} %")
            if fault != "ok":
                line.append(f"  fault: {fault}", style="red")
        lines.append(line)
    if world.plant_wire:
        shortest = world.plant.shortest_period_ms
        lines.append(Text(f"least time between requests to the plant: {shortest if shortest is not None else '-'} ms"))
    return Panel(Group(*lines), title="buses")


def _uplink(session):
    watch = session.watch
    host, port = session.broker_at
    whose = "not ours" if session.broker is None else "running" if session.broker.running else "STOPPED (m starts it)"
    age = "" if watch.state_s is None else f", last {time.monotonic() - watch.state_s:.1f} s ago"
    name = session.folder.text("hotspot")
    page = f"http://127.0.0.1:{session.http_port}/"
    lines = [
        Text(f"broker {host}:{port} {whose}; bridge {watch.availability or '-'}; {watch.states} states{age}"),
        Text(f"hotspot {name} open: {page}" if name else "hotspot closed (b opens it)"),
        Text(f"look next: mosquitto_sub -h {host} -p {port} -v -t 'bridge/#'"),
        Text(f"           {session.folder.log}"),
    ]
    return Panel(Group(*lines), title="uplink, hotspot, where to look")


def _log(session, count):
    lines = list(session.firmware.lines)[-count:]
    lines += [""] * (count - len(lines))
    return Panel(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), title="firmware's log")


def _keys():
    text = Text(" ")
    for key, meaning in COMMANDS:
        text.append(f" {key} ", style="reverse")
        text.append(f" {meaning}  ")
    return text
