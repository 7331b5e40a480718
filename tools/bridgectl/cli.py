"""The command line `bridgectl`: thin; each command reads its options and calls the module that does the work.

Exit codes: 0 good · 1 the device answered, but not everything is good · 2 wrong use ·
3 the port cannot be used · 4 no usable answer from the device.
"""

from importlib import metadata
from typing import Annotated

import typer

from bridgectl.commands import bench, device, keys

app = typer.Typer(
    help="Bench, flash and run the bridge from a PC. PORT is a serial port such as /dev/ttyUSB0.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def _version(wanted: bool):
    if wanted:
        print(f"bridgectl {metadata.version('bridgectl')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
):
    pass


for _command in (*bench.COMMANDS, *device.COMMANDS):
    app.command()(_command)
app.command(context_settings=_PASSED_ON)(device.run)
app.add_typer(keys.app, name="key")
