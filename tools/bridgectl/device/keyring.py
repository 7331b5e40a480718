"""Brings public keys onto a board: the records that lib/slots/keys.py reads, in place of those that it had."""

import contextlib
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from bridgectl import firmware
from bridgectl.device import signing

record = firmware.records()

from slots.keys import PLACES  # noqa: E402 (importable only now)

_TIMEOUT_S = 120
_CLEAR = """\
import os
for folder in ('/data/', '/'):
    for name in os.listdir(folder):
        if name.startswith('key_') and not name.endswith('.new'):
            os.remove(folder + name)
for name in os.listdir('/data'):
    if name.startswith('key_'):
        os.rename('/data/' + name, '/data/' + name[:-4])
"""
_FOLDER = "import os\nif 'data' not in os.listdir('/'):\n    os.mkdir('/data')\n"


def names(wanted=()):
    """Return the names of the keys that a board is given: those that are wanted, else all that this PC has.

    Where it has none the development key is made, if it can be. Raises signing.SigningError.
    """
    found = list(wanted) or signing.names() or ([signing.DEVELOPMENT] if signing.can_sign() else [])
    if len(found) > PLACES:
        raise signing.SigningError(
            f"a board holds {PLACES} keys, and here are {len(found)}; name those that it shall have"
        )
    return found


def into_folder(folder, wanted):
    """Write the records of the keys into the folder of a host board, in place of those it had."""
    for path in (*Path(folder).glob("data/key_*"), *Path(folder).glob("key_*")):
        path.unlink()
    Path(folder, "data").mkdir(parents=True, exist_ok=True)
    for n, name in enumerate(wanted, 1):
        record.save(f"{folder}/data/key_{n}", signing.held(name))


def steps(folder):
    """Return the words of mpremote that bring the keys in a folder (see into_folder) onto a board, [] for none.

    What it had goes when all the new ones have arrived.
    """
    paths = sorted(Path(folder).glob("data/key_*"))
    words = ["exec", _FOLDER]
    for path in paths:
        words += ["+", "fs", "cp", str(path), f":/data/{path.name}.new"]
    return [*words, "+", "exec", _CLEAR] if paths else []


def run(port, wanted=(), dry_run=False):
    """Put keys onto what `port` names, a serial port or the folder of a host board. Raises signing.SigningError."""
    chosen = names(wanted)
    if not chosen:
        raise signing.SigningError("there is no key on this PC; make one with `bridgectl key new NAME`")
    if Path(port).is_dir() and not dry_run:
        into_folder(port, chosen)
    else:
        _onto_board(port, chosen, dry_run)
    for name in chosen:
        print("{id}  {state:<11}".format(**signing.held(name)), name)


def _onto_board(port, chosen, dry_run):
    from bridgectl.bench import port as ports

    why = "" if dry_run else ports.refusal(port)
    if why:
        raise ports.PortError(why)
    with tempfile.TemporaryDirectory(prefix="bridge-") as folder:
        into_folder(folder, chosen)
        words = [sys.executable, "-m", "mpremote", "connect", port, *steps(folder), "+", "reset"]
        if dry_run:
            print(shlex.join(words))
            return
        code = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = subprocess.run(words, timeout=_TIMEOUT_S, check=False).returncode
    if code != 0:
        raise signing.SigningError(f"the keys did not reach the board at {port}; run the command again")
