"""The status screen: what the firmware says, what its LEDs show, what happens on the wires. Pure drawing.

From 100 columns and 40 lines on the parts stand in frames. A smaller window, 80x24 at least, has them without, and what
does not fit into it is named.
"""

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bridgectl import firmware
from bridgectl.bench.read import fixed
from bridgectl.run.folder import HOTSPOT_PASSWORD
from bridgectl.run.session import COMMANDS

firmware.load()

from bridge import points, quantities  # noqa: E402 (importable only now)
from bridge.logic import lights  # noqa: E402

_QUALITY_STYLE = {"good": "green", "stale": "yellow", "suspect": "red", "never": "dim"}
_LINK_STYLE = {"ok": "green", "starting": "dim"}
_LOG_LINES = 2  # at least
_FRAMED_LINES, _FRAMED_WIDTH = 40, 100  # a window so large has frames
_FRAMED_OTHERS = 33  # its lines beside the log
_DARK = (40, 40, 40)  # an unlit LED
_NAME_LEAST, _NOT_NAME = 6, 29  # columns of a reading's name at least, and of what stands beside it

# The readings that a screen has room for, the important ones first; all of them are in the state topic.
_SHOWN = (
    ("sensor_power", "sensor_voltage", "sensor_current", "sensor_frequency", "sensor_power_factor",
     "sensor_import_energy", "sensor_export_energy", "sensor_apparent_power", "sensor_reactive_power"),
    ("plant_power", "plant_pv_power", "plant_ess_power", "plant_soc", "plant_running_state", "plant_load_power",
     "plant_grid_power", "plant_max_power", "plant_pv_energy"),
)  # fmt: skip


def draw(session, height=40, width=120):
    """Return the whole screen for a Session as something that rich can print; height, width: of the terminal."""
    if height >= _FRAMED_LINES and width >= _FRAMED_WIDTH:
        return Group(
            _headline(session),
            *_keys(width),
            _beside(*(_framed(_readings(session, names, width), _title(names)) for names in _SHOWN)),
            _beside(_framed(_terminal(session), "COM terminal and control"), _framed(_strip(session), "LED strip")),
            _beside(_framed(_buses(session), "buses"), _framed(_uplink(session), "uplink, hotspot, where to look")),
            _framed(_log(session, height - _FRAMED_OTHERS), "firmware's log"),
        )
    keys = _keys(width)
    contacts, *limits = _paired(_terminal(session)[:2], width) + _terminal(session)[2:]
    below = [contacts, *limits, *_paired(_strip(session), width), *_buses(session), *_uplink(session)]
    room = (
        height - 1 - len(keys) - 2 - len(below) - 1
    )  # headline, keys, titles and headings, all below, a line of the log
    longest = max(len(names) for names in _SHOWN)
    rows = min(longest, max(1, room - 1))
    cut = sum(max(0, len(names) - rows) for names in _SHOWN)
    left = max(0, height - 1 - len(keys) - 2 - rows - len(below) - (1 if cut else 0))
    needed = 1 + len(keys) + 2 + longest + len(below) + _LOG_LINES
    said = f"{cut} readings and most of the log are cut off: a window of {needed} lines shows them"
    return Group(
        _headline(session),
        *keys,
        _beside(
            *(Group(Text(_title(names), style="bold"), _readings(session, names[:rows], width)) for names in _SHOWN)
        ),
        *(_line(text) for text in below),
        *([_line(Text(said, style="yellow"))] if cut else []),
        *(_log(session, left)),
    )


def _title(names):
    return f"{names[0].partition('_')[0]} · RS485-{2 if names[0].startswith('sensor') else 1}"


def _framed(lines, title):
    return Panel(Group(*lines) if isinstance(lines, list) else lines, title=title)


def _line(text):
    """Return a text that takes one line, however long it is: what is cut ends in an ellipsis."""
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _paired(texts, width):
    """Return texts two to a line, each in its half."""
    lines = []
    for left, right in zip(texts[::2], texts[1::2]):
        left.truncate(width // 2 - 1, overflow="ellipsis", pad=True)
        lines.append(Text.assemble(left, " ", right))
    return lines


def _beside(left, right):
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(left, right)
    return grid


def _headline(session):
    state, first_s = session.known.state, session.first_reading_s
    first = "waiting for the first reading" if first_s is None else f"first reading after {first_s:.1f} s"
    if state and not session.known.fresh():
        first = "the firmware does not answer"
    uptime = f"up {state.get('uptime') or 0} s, {state.get('heap_free') or 0:,} B free"
    starts = "" if session.firmware.starts < 2 else f" · started {session.firmware.starts} times"
    return _line(Text(f" bridge {state.get('version') or ''} · {first} · {uptime}{starts}", style="bold"))


def _readings(session, names, width):
    table = Table(expand=True, box=None, padding=(0, 1, 0, 0))
    table.add_column("reading", no_wrap=True, max_width=max(_NAME_LEAST, width // 2 - _NOT_NAME))
    for title in ("value", "unit", "told s", "quality"):  # no message says how old a value is
        table.add_column(title, justify="right" if title in ("value", "told s") else "left", no_wrap=True)
    for name in names:
        row = points.row(name)
        quality, age_s = session.known.quality(name)
        style = _QUALITY_STYLE[quality]
        value = session.known.last.get(name)
        if not isinstance(value, (str, type(None))):
            value = fixed(value, row[1]).replace(",", "")
        table.add_row(
            name.partition("_")[2].replace("_", " "),
            "-" if value is None else value,
            quantities.unit(name),
            "-" if age_s is None else f"{age_s:.1f}",
            Text(quality, style=style),
            style="" if quality == "good" else "dim",
        )
    return table


def _contact(label, closed):
    if closed is None:
        return Text(f"{label} ?  ", style="dim")
    return Text(f"{label} {'●' if closed else '○'}  ", style="bold green" if closed else "")


def _terminal(session):
    state = session.known.state
    known = {"ON": True, "OFF": False}
    inputs = Text.assemble(*(_contact(f"DI{i}", known.get(state.get(f"di{i}"))) for i in range(1, 6)))
    outputs = Text.assemble(*(_contact(f"DO{i}", known.get(state.get(f"do{i}"))) for i in range(1, 3)))
    lines = [inputs, outputs, _limit(state)]
    if session.world.plant_wire:
        house, limit_w = session.world.house, session.world.plant.limit_w
        in_force = "no limit in force" if limit_w is None else f"limit {limit_w} W in force"
        lines.append(Text(f"plant feeds {house.output_w:.0f} W, {in_force}; PV held back {house.curtailed_w:.0f} W"))
    return lines


def _limit(state):
    if state.get("limit") is None:
        return Text("limit ?", style="dim")
    watts = "" if state.get("limit_w") is None else f" = {state['limit_w']} W"
    return Text(
        f"limit {state['limit']} %{watts}: {state.get('limits') or state.get('limit_reason')} ({state.get('limit_state')})"
    )


def _strip(session):
    colours = session.folder.strip()
    state = session.known.state
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
    return lines


def _pattern(segment, meaning):
    try:
        return " (flashing)" if lights.look(segment, meaning)[1] else ""
    except ValueError:
        return ""


def _buses(session):
    state, world = session.known.state, session.world
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
    return lines


def _uplink(session):
    watch = session.watch
    host, port = session.broker_at
    whose = "not ours" if session.broker is None else "running" if session.broker.running else "STOPPED (m starts it)"
    said = session.known.state.get("uplink") or "-"
    name = session.folder.text("hotspot")
    return [
        Text(f"uplink {said}; {watch.states} states, {watch.availability or 'nobody says online'}"),
        Text(f"broker {host}:{port} {whose}; mosquitto_sub -h {host} -p {port} -v -t 'bridge/#'"),
        Text(
            f"hotspot {name} · password {HOTSPOT_PASSWORD} · {session.page}" if name else "hotspot closed (b opens it)"
        ),
        Text(f"log {session.folder.log}"),
    ]


def _log(session, count):
    lines = list(session.firmware.lines)[-count:] if count else []
    return [_line(Text(line)) for line in lines + [""] * (count - len(lines))]


def _keys(width):
    """Return the keys as texts, in as many lines as they take."""
    lines = [Text()]
    for key, meaning in COMMANDS:
        piece = Text.assemble(" ", (f" {key} ", "reverse"), f" {meaning} ")
        if len(lines[-1]) + len(piece) > width:
            lines.append(Text())
        lines[-1].append_text(piece)
    return lines
