"""What the commands of `bridgectl` share: options, exit codes, and how their errors are told."""

import contextlib
from typing import Annotated

import typer

PART_GOOD, WRONG_USE, PORT_FAILED, NO_ANSWER = 1, 2, 3, 4

Port = Annotated[str, typer.Argument(metavar="PORT", help="Serial port of the USB-RS485 adapter.")]
BoardPort = Annotated[str, typer.Argument(metavar="PORT", help="USB serial port of the board.")]
BoardOrFolder = Annotated[str, typer.Argument(metavar="PORT", help="USB port of the board, or a host board's folder.")]
Action = Annotated[str, typer.Argument(metavar="[get|set|export|import|anew]", help="Default: get.")]
Words = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME ...|NAME=VALUE ...|FILE]", help="NAME=- asks for the value.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting; they replace all it had. May be repeated."),
]
Unit = Annotated[int | None, typer.Option(help="Modbus address, 1 to 247; default: the model's own.")]
Baud = Annotated[int, typer.Option(help="Bit/s, at most 9600.")]
Parity = Annotated[str, typer.Option(help="N, E or O.")]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON per result, for scripts.")]


@contextlib.contextmanager
def explained():
    """Turn the errors that a person can mend into one line and an exit code; Ctrl-C ends quietly."""
    from bridgectl.bench import port, show
    from bridgectl.device import build as building
    from bridgectl.device import bundle as bundling
    from bridgectl.device import console, settings, signing
    from bridgectl.device import flash as flashing
    from bridgectl.device import provision as provisioning
    from bridgectl.device import slot as slots
    from bridgectl.replay import file as recordings

    refusals = (
        building.BuildError,
        slots.SlotError,
        bundling.BundleError,
        flashing.FlashError,
        provisioning.ProvisionError,
        signing.SigningError,
        console.ConsoleError,
        settings.SettingsError,
        recordings.FileError,
    )
    wrong = (port.BenchError, *refusals)
    try:
        yield
    except port.PortError as problem:
        show.errors.print(str(problem), markup=False)
        raise typer.Exit(PORT_FAILED) from None
    except port.NoAnswer as problem:
        show.errors.print(str(problem), markup=False)
        raise typer.Exit(NO_ANSWER) from None
    except wrong as problem:
        show.errors.print(str(problem), markup=False)
        raise typer.Exit(WRONG_USE) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
