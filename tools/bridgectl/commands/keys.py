"""`bridgectl key`: the keys that sign bundles, and which of them a board believes."""

from typing import Annotated

import typer

from bridgectl.options import BoardOrFolder, explained

app = typer.Typer(help="The keys that sign bundles: make, show, put onto a board.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, - and _.")]


@app.command()
def new(name: Name):
    """Make a key of 3072 bits; its private half stays on this PC, encrypted with a passphrase."""
    from bridgectl.device import signing

    with explained():
        passphrase = None if name == signing.DEVELOPMENT else signing.asked("Passphrase: ", twice=True)
        print(signing.new(name, passphrase)["id"])


@app.command()
def show(name: Annotated[str | None, typer.Argument(metavar="NAME", help="Default: all.")] = None):
    """Show the id, state and name of the keys on this PC, and where they lie."""
    from bridgectl.device import signing

    with explained():
        for each in [name] if name else signing.names():
            print("{id}  {state:<11}".format(**signing.held(each)), each)
        print(signing.folder())


@app.command()
def provision(
    port: BoardOrFolder,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME ...]", help="Default: all of this PC.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the command.")] = False,
):
    """Let a board believe these keys, and no others."""
    from bridgectl.device import keyring

    with explained():
        keyring.run(port, names or (), dry_run)
