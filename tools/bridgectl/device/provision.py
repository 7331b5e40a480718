"""Gives a bridge its identity: serial number and a hotspot password of its own, in the record that the firmware reads.

It gets the keys of this PC along, whose bundles it believes (keyring.py).

The password is made here, at random, and is nowhere but in the record and on the label: no log, no command line.
"""

import contextlib
import secrets
import shlex
import string
import subprocess
import sys
import tempfile
from binascii import crc32
from pathlib import Path

from bridgectl import firmware
from bridgectl.device import keyring
from bridgectl.device import settings as _settings

record = firmware.records()

_LONGEST_SN = 32  # bytes of a network's name
_SN_CHARACTERS = string.ascii_letters + string.digits + "-"
# Without the look-alikes 0 o 1 l i: it is typed from a label in a garage. 16 of 31 characters are 79 bits.
_PASSWORD_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4
_TIMEOUT_S = 120

_FREE = """\
import os
if 'data' not in os.listdir({root!r}):
    os.mkdir({root!r} + 'data')
taken = 'device' in os.listdir({root!r} + 'data')
assert {replace} or not taken, 'this board is provisioned already'
"""
_SETTLE = """\
import os
from binascii import crc32
fresh, path = {root!r} + 'data/device.new', {root!r} + 'data/device'
with open(fresh, 'rb') as file:
    assert crc32(file.read()) == {crc}, 'the record did not arrive whole'
if 'device' in os.listdir({root!r}):
    os.remove({root!r} + 'device')
os.rename(fresh, path)
"""
# The second copy of a record (lib/store/record.py): the older one would count if it had been saved more often.
_FORGET = """\
import os
if 'settings' in os.listdir('/'):
    os.remove('/settings')
"""


class ProvisionError(Exception):
    """A bridge cannot be provisioned; the text says why and what to do. It never holds a password."""


def checked(sn):
    """Return a serial number that may name a hotspot and an MQTT topic; ProvisionError if it may not."""
    if not 1 <= len(sn) <= _LONGEST_SN:
        raise ProvisionError(f"serial number: must be 1 to {_LONGEST_SN} characters long, not {len(sn)}")
    wrong = sorted({c for c in sn if c not in _SN_CHARACTERS})
    if wrong:
        raise ProvisionError(f"serial number: must be letters, digits and -, without {' '.join(map(repr, wrong))}")
    return sn


def password():
    """Return a new WPA2 password like k7mq-3xrt-hp9d-w2nc; no two bridges share one."""
    groups = ["".join(secrets.choice(_PASSWORD_CHARACTERS) for _ in range(_GROUP)) for _ in range(_GROUPS)]
    return "-".join(groups)


def identity(sn):
    """Return the content of a new device record: the serial number and a password of its own."""
    return {"sn": checked(sn), "hotspot_password": password()}


def label(device):
    """Return the text of the label; the last line is what a QR code for joining the hotspot must hold."""
    sn, key = device["sn"], device["hotspot_password"]
    return (
        f"SN        {sn}\n"
        f"Hotspot   {sn}\n"
        f"Password  {key}\n"
        "Page      http://192.168.4.1/\n"
        f"WLAN code WIFI:T:WPA;S:{sn};P:{key};;"
    )


def into_folder(folder, sn, replace=False, settings=None):
    """Provision the host board whose root is `folder`; return the device record as a dict.

    settings: dict of checked ones, in place of all that it has; None leaves them.

    Raises ProvisionError: the SN breaks a rule, or the folder is provisioned and `replace` is off.
    """
    device = identity(sn)
    path = Path(folder) / "data" / "device"
    if path.exists() and not replace:
        raise ProvisionError(f"{path} is there already: its password would be lost; ask for it with --replace")
    path.parent.mkdir(parents=True, exist_ok=True)
    for name, value in (("device", device), ("settings", settings)):
        if value:
            record.save(str(path.with_name(name)), value)
            for place in (path.with_name(name), path.parent.with_name(name)):
                place.chmod(0o600)
    return device


def command(port, path, crc, replace=False, settings=None, keys=()):
    """Return the mpremote command that brings the record in the file `path` onto the board at `port`, as a list.

    settings: path of a record of settings that goes along; keys: words of mpremote that bring keys, see keyring.steps.

    The password is in the file only: a command line can be read by every user of the PC.
    """
    return [
        *(sys.executable, "-m", "mpremote", "connect", port),
        *("exec", _FREE.format(root="/", replace=replace)),
        *("+", "fs", "cp", str(path), ":/data/device.new"),
        *(("+", "exec", _FORGET, "+", "fs", "cp", str(settings), ":/data/settings") if settings else ()),
        *(("+", *keys) if keys else ()),
        *("+", "exec", _SETTLE.format(root="/", crc=crc)),
        *("+", "reset"),
    ]


def onto_board(port, sn, replace=False, dry_run=False, settings=None):
    """Provision the board at `port`, which runs MicroPython; return the device record as a dict.

    With dry_run the command is printed, nothing is made and None is returned. Raises ProvisionError.
    """
    checked(sn)
    if dry_run:
        print(shlex.join(command(port, "RECORD", 0, replace, settings and "SETTINGS")))
        return None
    from bridgectl.bench import port as ports

    why = ports.refusal(port)
    if why:
        raise ports.PortError(why)
    with tempfile.TemporaryDirectory(prefix="bridge-") as folder:  # only its owner can read it
        device = into_folder(folder, sn, settings=settings)
        path = Path(folder) / "data" / "device"
        keyring.into_folder(folder, keyring.names())
        stored = settings and path.with_name("settings")
        words = command(port, path, _crc(path), replace, stored, keyring.steps(folder))
        code = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = subprocess.run(words, timeout=_TIMEOUT_S, check=False).returncode
    if code is None:
        raise ProvisionError(f"the board at {port} did not finish in {_TIMEOUT_S} s: press its reset button, try again")
    if code:
        raise ProvisionError(
            f"mpremote failed at {port}; it says why above. Nothing was changed. If the board is provisioned already "
            "and shall get a new password (its label then is wrong), use --replace."
        )
    return device


def _crc(path):
    return crc32(path.read_bytes())


def run(port, sn, *, replace=False, dry_run=False, words=()):
    """Provision what `port` names, a serial port or the folder of a host board, and print the label.

    words: settings as NAME=VALUE. Raises ProvisionError, settings.SettingsError.
    """
    settings = _settings.whole(words) if words else None
    if dry_run or not Path(port).is_dir():
        device = onto_board(port, sn, replace, dry_run, settings)
    else:
        device = into_folder(port, sn, replace, settings)
        keyring.into_folder(port, keyring.names())
    if device:
        print(label(device))
