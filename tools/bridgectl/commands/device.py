"""The commands that make the firmware, bring it to a board, speak to the board and run it on this PC."""

import sys
from typing import Annotated

import typer

from bridgectl.options import PART_GOOD, Action, BoardOrFolder, BoardPort, Changes, Words, explained

Board = Annotated[str, typer.Option(help="rp2040, rp2350, esp32 or esp32s3.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print the command.")]


def build(board: Annotated[str, typer.Argument(metavar="BOARD", help="rp2040, rp2350, esp32, esp32s3 or host.")]):
    """Compile the firmware of one board into build/BOARD and print the bytes of each module."""
    from bridgectl.device import build as building

    with explained():
        building.build(board)


def flash(port: BoardPort, board: Board, dry_run: DryRun = False):
    """Build the firmware and copy it to a board that runs MicroPython."""
    from bridgectl.device import flash as flashing

    with explained():
        flashing.flash(port, board, dry_run)


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


def settings(port: BoardOrFolder, action: Action = "get", words: Words = None):
    """Show and change the settings of a bridge over USB, by the rules that it has for MQTT too; a star marks a change."""
    from bridgectl.device import settings as of_device

    with explained():
        of_device.run(port, action, words or [])


def bundle(
    board: Annotated[str, typer.Argument(metavar="BOARD", help="rp2040, rp2350, esp32, esp32s3 or host.")],
    out: Annotated[str | None, typer.Option(help="Where to put it; default: build/.")] = None,
    minimum: Annotated[str, typer.Option(help="Oldest version that may follow this one.")] = "0.0.0",
    release: Annotated[bool, typer.Option("--release", help="For everybody: the development key signs none.")] = False,
    key: Annotated[str | None, typer.Option(metavar="NAME", help="Sign with this key; see `bridgectl key`.")] = None,
    add_key: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Devices believe this key too, once the version has proved itself."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="FILE", help="Leave out what a bridge holds that runs this bundle's version.")
    ] = None,
    retire_key: Annotated[list[str] | None, typer.Option(metavar="ID", help="... and no longer this one.")] = None,
):
    """Make an update bundle of one board, signed with --key; without --release else with the development key."""
    from bridgectl.device import signing

    with explained():
        changes = signing.changes(add_key, retire_key or ())
        _bundle(board, out, minimum, release=release, key=key, keys=changes, since=since)


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
        if file is None:
            bundling.check_port(port, dry_run)  # before it is built
        try:
            bundling.ota(port, file or _bundle(board), dry_run)
        except FileNotFoundError as problem:
            raise bundling.BundleError(f"there is no file {problem.filename}") from problem


def log(
    port: Annotated[str, typer.Argument(metavar="PORT", help="USB serial port of the board, or a file with its log.")],
    board: Annotated[
        str, typer.Option(help="Whose build spelled the names: rp2040, rp2350, esp32 or esp32s3.")
    ] = "rp2040",
):
    """Show what the bridge logs, until Ctrl-C; tracebacks of a Pico W with their own names."""
    from bridgectl.device import log as logs

    with explained():
        logs.show(port, board)


def record(
    port: BoardPort,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to put the recording.")],
):
    """Take the recording out of a bridge's flight recorder over USB; it goes on recording."""
    from bridgectl.device import record as recording

    with explained():
        recording.run(port, file)


def replay(file: Annotated[str, typer.Argument(metavar="FILE", help="A recording, from USB, MQTT or the page.")]):
    """Tell what a recording holds, and decide it once more by the firmware's own rules: 0 the same, 1 something differs."""
    from bridgectl.replay import report

    with explained():
        if not report.run(file):
            raise typer.Exit(PART_GOOD)


def run(context: typer.Context):
    """Run the firmware on this PC with a simulated site (`bridgectl run --help` lists its options)."""
    from bridgectl.run import __main__ as running

    sys.argv = ["bridgectl run", *context.args]
    running.main()


def _bundle(board, out=None, minimum="0.0.0", *, release=False, key=None, keys=None, since=None):
    """Build a board's slot, make its bundle, print what it holds and return its path."""
    from bridgectl import firmware
    from bridgectl.device import build as building
    from bridgectl.device import bundle as bundling
    from bridgectl.device import signing

    if release and key == signing.DEVELOPMENT:
        raise signing.SigningError("no device that runs a release believes the development key; name another one")
    if not (key or release) and signing.can_sign():
        key = signing.DEVELOPMENT
    sign = signing.signer(key) if key else None

    version = building.version()
    path = out or firmware.BUILD / f"{bundling.PRODUCT}-{board}-{version}.bundle"
    slot = building.build(board, quiet=True)
    made = bundling.make(slot, board, version, path, minimum=minimum, release=release, sign=sign, keys=keys)
    if since:
        made = bundling.thin(made, bundling.held_by(since), made)
    bundling.show(made)
    print(made)
    return made


COMMANDS = (build, flash, provision, settings, bundle, ota, log, record, replay)
