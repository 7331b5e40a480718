"""The commands that work with any USB-RS485 adapter and need no board."""

import contextlib
import json
import sys
import time
from typing import Annotated

import typer

from bridgectl.options import NO_ANSWER, PART_GOOD, PORT_FAILED, Baud, Json, Parity, Port, Unit, explained


def read(
    *,
    port: Port,
    model: Annotated[str, typer.Option(help="sdm230, sdm120ct or plant.")],
    unit: Unit = None,
    baud: Baud = 9600,
    parity: Parity = "N",
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    every_s: Annotated[float, typer.Option(help="Pause between two polls with --watch.")] = 1.0,
    json_lines: Json = False,
):
    """Poll one device and decode all its registers."""
    from bridgectl.bench import read as reading
    from bridgectl.bench import scan as scanning
    from bridgectl.bench import show
    from bridgectl.bench.models import model as known
    from bridgectl.bench.port import Line, check_line, check_unit

    other = None  # what the device is instead of the model, once that is known
    with explained():
        unit = check_unit(known(model).UNIT if unit is None else unit)
        with Line(port, *check_line(baud, parity)) as line:
            poller = reading.Poller(line, model, unit)
            while True:
                values = poller.poll()
                if other is None:
                    other = scanning.other_model(line, poller.unit, model) if poller.doubtful() else ""
                sentences = ([other] if other else []) + reading.remarks(poller, values)
                if json_lines:
                    print(show.reading_json(poller, line, values, sentences), flush=True)
                else:
                    if watch and show.console.is_terminal:
                        show.console.clear()
                    if not poller.nobody():
                        show.console.print(show.reading_table(poller, line, values))
                    for sentence in sentences:
                        show.console.print(sentence, markup=False, soft_wrap=True)
                if not watch:
                    break
                time.sleep(every_s)
    if all(v.quality == "never" for v in values):
        raise typer.Exit(NO_ANSWER)
    if other or any(v.quality != "good" and v.error not in reading.ABSENT for v in values):
        raise typer.Exit(PART_GOOD)


def direction(
    *,
    port: Port,
    model: Annotated[str, typer.Option(help="sdm230 or sdm120ct.")],
    unit: Unit = None,
    baud: Baud = 9600,
    parity: Parity = "N",
    load_w: Annotated[int, typer.Option(help="The load that you switch on and off, W.", min=300, max=20000)] = 2000,
    seconds: Annotated[float, typer.Option(help="How long at most.", min=5)] = 180,
    json_lines: Json = False,
):
    """Tell by a load that you switch on and off whether the power sensor is mounted backwards."""
    from bridgectl.bench import direction as turning
    from bridgectl.bench.models import model as known
    from bridgectl.bench.port import Line, check_line, check_unit

    def told(watch):
        if not json_lines:
            print(turning.words(watch), flush=True)

    with explained():
        unit = check_unit(known(model).UNIT if unit is None else unit)
        with Line(port, *check_line(baud, parity)) as line:
            found = turning.run(line, model, unit, load_w, seconds, told)
    if json_lines:
        print(json.dumps({"port": port, "model": model, "unit": unit, "direction": found or None}), flush=True)
    elif not found:
        print(f"No load of about {load_w} W came and went within {seconds:.0f} s: not known.", flush=True)
    if found != turning.RIGHT:
        raise typer.Exit(PART_GOOD)


def scan(
    *,
    port: Port,
    bauds: Annotated[str, typer.Option(help="Speeds to try, with commas.")] = "9600,4800,2400,1200",
    parities: Annotated[str, typer.Option(help="Parities to try, with commas.")] = "N,E,O",
    units: Annotated[str, typer.Option(help="Addresses to try: numbers and ranges, with commas.")] = "1-10,247",
    wait_ms: Annotated[int, typer.Option(help="Longest wait for an answer.", min=50, max=5000)] = 300,
    every: Annotated[bool, typer.Option("--all", help="Try the other speeds too after one was found.")] = False,
    json_lines: Json = False,
):
    """Find speed, parity, address and model of what answers, and name likely wiring faults."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from bridgectl.bench import scan as scanning
    from bridgectl.bench import show
    from bridgectl.bench.port import Line

    with explained():
        speeds, wanted = scanning.lines(bauds, parities)
        addresses = scanning.numbers(units)
        with Line(port, speeds[0], wanted[0]) as line:
            work = scanning.Scan(
                line, bauds=speeds, parities=wanted, units=addresses, wait_s=wait_ms / 1000, every=every
            )
            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            quiet = json_lines or not show.console.is_terminal
            with Progress(*columns, console=show.console, transient=True, disable=quiet) as progress:
                bar = progress.add_task("listening", total=work.total)

                def told(probes, baud, parity, unit):
                    text = f"{show.settings_text(baud, parity)} unit {unit}"
                    progress.update(bar, completed=probes, description=text)

                result = work.run(told=told)
        if json_lines:
            print(show.scan_json(result, port), flush=True)
        else:
            if result.found:
                show.console.print(show.scan_table(result))
            for sentence in show.scan_sentences(result, port) + result.faults:
                show.console.print(sentence, markup=False, soft_wrap=True)
    if not result.found:
        raise typer.Exit(NO_ANSWER)


def pace(
    *,
    port: Port,
    model: Annotated[str, typer.Option(help="sdm230, sdm120ct or plant.")] = "",
    unit: Unit = None,
    function: Annotated[int | None, typer.Option(help="Without a model: 3 or 4; default: 4.")] = None,
    spans: Annotated[
        list[str] | None, typer.Option("--read", metavar="ADDRESS:COUNT", help="Without a model; may be repeated.")
    ] = None,
    baud: Baud = 9600,
    parity: Parity = "N",
    seconds: Annotated[float, typer.Option(help="How long; Ctrl-C ends it earlier.", min=1)] = 60,
    probe_longest: Annotated[bool, typer.Option("--probe-longest", help="Find the longest read first.")] = False,
    json_lines: Json = False,
):
    """Learn how fast a slave may be asked, as the bridge does: think time, rest, time-out and the best reads."""
    from bridgectl.bench import pace_command, target

    with explained():
        wanted = target.chosen(model, unit, function, spans or [])
        code = pace_command.measure(port, wanted, baud, parity, seconds, probe_longest, json_lines)
    raise typer.Exit(code)


def play(
    *,
    port: Port,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="sdm230, sdm120ct or plant.")],
    unit: Unit = None,
    baud: Baud = 9600,
    parity: Parity = "N",
    think_ms: Annotated[int, typer.Option(help="From the request to the answer.", min=0, max=10000)] = 20,
    fault: Annotated[str, typer.Option(help="none, silence, crc, late, zero or short.")] = "none",
    every: Annotated[int, typer.Option(help="The fault hits every n-th answer.", min=1)] = 1,
    seconds: Annotated[float | None, typer.Option(help="Stop after so long; default: Ctrl-C.")] = None,
    json_lines: Json = False,
):
    """Play a device on the adapter, so that a bridge is tested without a meter or a plant."""
    from rich.live import Live

    from bridgectl.bench import play as playing
    from bridgectl.bench import show
    from bridgectl.bench.models import TITLES
    from bridgectl.bench.models import model as known
    from bridgectl.bench.port import Line, check_line, check_unit

    with explained():
        unit = check_unit(known(model).UNIT if unit is None else unit)
        slave = playing.device(model, unit)
        playing.check_fault(fault)
        until = None if seconds is None else time.monotonic() + seconds
        with Line(port, *check_line(baud, parity)) as line, contextlib.ExitStack() as stack:
            lively = show.console.is_terminal and not json_lines
            live = stack.enter_context(Live(console=show.console, refresh_per_second=8)) if lively else None

            def told(served):
                if json_lines:
                    fact = {"request": served.request.hex(), "sent": served.sent.hex(), "fault": served.fault}
                    print(json.dumps(fact), flush=True)
                elif live:
                    heard, answered = player.counts["heard"], player.counts["answered"]
                    live.update(f"{heard} requests, {answered} answered · {served.text()}")
                else:
                    print(served.text(), flush=True)

            player = playing.Player(line, slave, think_ms=think_ms, fault=fault, every=every, told=told)
            where = f"{TITLES[model]}, unit {unit}, at {port}, {show.settings_text(*check_line(baud, parity))}"
            if not json_lines:
                show.console.print(f"Playing {where}. Ctrl-C ends it.", markup=False, soft_wrap=True)
            player.run(lambda: until is not None and time.monotonic() > until)


def ports():
    """List the serial ports of this machine that have hardware behind them."""
    from bridgectl.bench import port

    found = port.ports()
    for path, text in found:
        print(f"{path}  {text}")
    if not found:
        print(port.no_ports(), file=sys.stderr)
        raise typer.Exit(PORT_FAILED)


RawUnit = Annotated[int, typer.Argument(metavar="UNIT", help="Modbus address, 1 to 247.")]
Register = Annotated[str, typer.Argument(metavar="REGISTER", help="Address as on the wire, 0-based: 30014 or 0x100.")]


def get(
    *,
    port: Port,
    unit: RawUnit,
    register: Register,
    count: Annotated[int, typer.Option(help="How many registers.", min=1, max=125)] = 1,
    function: Annotated[int, typer.Option(help="4 = input registers, 3 = holding registers.", min=3, max=4)] = 4,
    baud: Baud = 9600,
    parity: Parity = "N",
    json_lines: Json = False,
):
    """Read any registers as they stand on the wire."""
    from bridgectl.bench import raw
    from bridgectl.bench.port import Line, check_line, check_unit

    with explained():
        wanted = check_unit(unit, "UNIT"), function, raw.address(register), count
        with Line(port, *check_line(baud, parity)) as line:
            words = raw.get(line, *wanted)
        print(raw.as_json(wanted, words) if json_lines else raw.table(wanted, words), flush=True)


def put(
    *,
    port: Port,
    unit: RawUnit,
    register: Register,
    values: Annotated[list[str], typer.Argument(metavar="VALUE ...", help="16 bits each: -32768 to 65535, or 0x...")],
    baud: Baud = 9600,
    parity: Parity = "N",
    json_lines: Json = False,
):
    """Write any holding registers, by function 6 or, several at once, 16, and read them back."""
    from bridgectl.bench import raw
    from bridgectl.bench.port import Line, check_line, check_unit

    with explained():
        wanted = check_unit(unit, "UNIT"), raw.address(register), raw.words(values)
        with Line(port, *check_line(baud, parity)) as line:
            raw.put(line, *wanted)
            held = raw.get(line, wanted[0], 3, wanted[1], len(wanted[2]))
        asked = (wanted[0], 3, wanted[1], len(held))
        print(raw.as_json(asked, held) if json_lines else raw.table(asked, held), flush=True)
    if held != wanted[2]:
        raise typer.Exit(PART_GOOD)


COMMANDS = (read, direction, scan, pace, play, ports, get, put)
