"""The command line `bridgectl`: thin; each command reads its options and calls the module that does the work.

Exit codes: 0 good · 1 the device answered, but not everything is good · 2 wrong use ·
3 the port cannot be used · 4 no usable answer from the device.
"""

import contextlib
import json
import sys
import time
from typing import Annotated

import typer

from bridgectl.options import (
    NO_ANSWER,
    PART_GOOD,
    Action,
    Baud,
    BoardOrFolder,
    BoardPort,
    Changes,
    Json,
    Parity,
    Port,
    Unit,
    Words,
    explained,
)

app = typer.Typer(
    help="Bench, flash and run the bridge from a PC. PORT is a serial port such as /dev/ttyUSB0.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
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
    from bridgectl.bench import show
    from bridgectl.bench.models import model as known
    from bridgectl.bench.port import Line, check_line, check_unit

    with explained():
        unit = check_unit(known(model).UNIT if unit is None else unit)
        with Line(port, *check_line(baud, parity)) as line:
            poller = reading.Poller(line, model, unit)
            while True:
                values = poller.poll()
                sentences = reading.remarks(poller, values)
                if json_lines:
                    print(show.reading_json(poller, line, values, sentences), flush=True)
                else:
                    if watch and show.console.is_terminal:
                        show.console.clear()
                    show.console.print(show.reading_table(poller, line, values))
                    for sentence in sentences:
                        show.console.print(sentence, markup=False, soft_wrap=True)
                if not watch:
                    break
                time.sleep(every_s)
    if all(v.quality == "never" for v in values):
        raise typer.Exit(NO_ANSWER)
    if any(v.quality != "good" and v.error not in reading.ABSENT for v in values):
        raise typer.Exit(PART_GOOD)


@app.command()
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


@app.command()
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


@app.command()
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


Board = Annotated[str, typer.Option(help="rp2040, rp2350, esp32 or esp32s3.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print the command.")]


@app.command()
def build(board: Annotated[str, typer.Argument(metavar="BOARD", help="rp2040, rp2350, esp32, esp32s3 or host.")]):
    """Compile the firmware of one board into build/BOARD and print the bytes of each module."""
    from bridgectl.device import build as building

    with explained():
        building.build(board)


@app.command()
def flash(port: BoardPort, board: Board, dry_run: DryRun = False):
    """Build the firmware and copy it to a board that runs MicroPython."""
    from bridgectl.device import flash as flashing

    with explained():
        flashing.flash(port, board, dry_run)


@app.command()
def provision(
    port: BoardOrFolder,
    sn: Annotated[str, typer.Argument(metavar="SN", help="Serial number: letters, digits and -, up to 32.")],
    replace: Annotated[bool, typer.Option("--replace", help="Give a provisioned board a new password.")] = False,
    changes: Changes = None,
    dry_run: DryRun = False,
):
    """Give a board its serial number and a hotspot password of its own, and print the label."""
    from bridgectl.device import provision as provisioning

    with explained():
        provisioning.run(port, sn, replace=replace, dry_run=dry_run, words=changes or ())


@app.command()
def settings(port: BoardOrFolder, action: Action = "get", words: Words = None):
    """Show and change the settings of a bridge over USB, by the rules that it has for MQTT too; a star marks a change."""
    from bridgectl.device import settings as of_device

    with explained():
        of_device.run(port, action, words or [])


@app.command()
def bundle(
    board: Annotated[str, typer.Argument(metavar="BOARD", help="rp2040, rp2350, esp32, esp32s3 or host.")],
    out: Annotated[str | None, typer.Option(help="Where to put it; default: build/.")] = None,
    minimum: Annotated[str, typer.Option(help="Oldest version that may follow this one.")] = "0.0.0",
    release: Annotated[bool, typer.Option("--release", help="Say loudly that it is not signed.")] = False,
):
    """Make an update bundle of one board."""
    with explained():
        _bundle(board, out, minimum, release)


@app.command()
def ota(
    port: BoardPort,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="A bundle; default: a fresh one of --board.")
    ] = None,
    board: Annotated[str | None, typer.Option(help="rp2040, rp2350, esp32 or esp32s3.")] = None,
    dry_run: DryRun = False,
):
    """Hand an update bundle to a bridge over USB; it installs it on trial at its next start."""
    from bridgectl.device import bundle as bundling

    with explained():
        if (file is None) == (board is None):
            raise bundling.BundleError("name either a bundle (FILE) or a board to make one of (--board)")
        try:
            bundling.ota(port, file or _bundle(board), dry_run)
        except FileNotFoundError as problem:
            raise bundling.BundleError(f"there is no file {problem.filename}") from problem


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def run(context: typer.Context):
    """Run the firmware on this PC with a simulated site (`bridgectl run --help` lists its options)."""
    from bridgectl.run import __main__ as running

    sys.argv = ["bridgectl run", *context.args]
    running.main()


def _bundle(board, out=None, minimum="0.0.0", release=False):
    """Build a board's slot, make its bundle, print what it holds and return its path."""
    from bridgectl.device import build as building
    from bridgectl.device import bundle as bundling

    version = building.version()
    path = out or building.ROOT / "build" / f"{bundling.PRODUCT}-{board}-{version}.bundle"
    made = bundling.make(building.build(board, quiet=True), board, version, path, minimum=minimum, release=release)
    bundling.show(made)
    print(made)
    return made
