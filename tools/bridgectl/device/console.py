"""Speaks to a bridge over USB: to the running firmware's console, else to the bare prompt through mpremote.

The firmware answers lines with a mark before them (firmware/bridge/tasks/console.py) and goes on working. Where it does
not run, or speaks another protocol, the settings are read and written by the board's own modules, and the board restarts.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import serial

from bridgectl import firmware

firmware.load()

from typed import MARK  # noqa: E402 (importable only now)

PROTOCOL = 1
_BAUD = 115200  # of an ESP32's bridge chip; USB itself has none
_PIECE, _PIECE_S = 64, 0.01  # an ESP32 keeps 260 bytes that nobody has read yet
_HELLO_S, _AGAIN_S = 4, 1
_ANSWER_S = 10
_PROMPT_S = 90

# Runs on the board: the record is checked and written by its own modules.
_PROMPT = """\
import json
from bridge.settings import Settings
from store import record
asked = json.loads({asked!r})
settings = Settings({folder!r} + 'settings')
damaged = [name for name in ('settings', 'device', 'limit') if record.damaged({folder!r} + name)]
refused = ()
if 'anew' in asked:
    refused = settings.apply(asked['anew'], settings.damaged)
    if not refused and 'limit' in damaged:
        record.remove({folder!r} + 'limit')
elif 'set' in asked:
    refused = settings.apply(asked['set'])
answer = {{'ok': not refused, 'errors': dict(refused), 'damaged': ', '.join(damaged), 'settings': settings.shown()}}
print(chr(30) + json.dumps(answer))
"""
# A restart on purpose counts for no failed start.
_RESTART = """\
try:
    from slots.slots import Slots
    Slots('/').expect_restart()
except (ImportError, AttributeError):
    pass
"""


class ConsoleError(Exception):
    """A bridge cannot be reached over USB; the text says why and what to do."""


def ask(port, request, told=print):
    """Return the answer to a request ({"get": True} or {"set": {...}}) of what `port` names, as a dict.

    port: serial port of a board, or the folder of a host board. told(text): what a person has to know meanwhile.
    Raises ConsoleError.
    """
    if Path(port).is_dir():
        return _in_folder(port, request)
    from bridgectl.bench import port as ports

    why = ports.refusal(port)
    if why:
        raise ports.PortError(why)
    try:
        with serial.Serial(port, _BAUD, timeout=0.05, exclusive=True if os.name == "posix" else None) as line:
            hello = _hello(line)
            if hello and hello.get("console") == PROTOCOL:
                return _request(line, request)
    except (serial.SerialException, OSError) as problem:
        raise ports.PortError(f"{port} cannot be used: {problem}") from problem
    why = f"version {hello.get('version')} speaks otherwise" if hello else "no bridge answers"
    told(f"At {port} {why}: its prompt is used, and the board restarts.")
    return _at_prompt(port, request)


def recording(port):
    """Return the lines of the file of the flight recorder at a serial port, None while it is off. Raises ConsoleError."""
    from bridgectl.bench import port as ports

    why = ports.refusal(port)
    if why:
        raise ports.PortError(why)
    try:
        with serial.Serial(port, _BAUD, timeout=0.05, exclusive=True if os.name == "posix" else None) as line:
            if not _hello(line):
                raise ConsoleError(f"no bridge answers at {port}: what was recorded is lost when it restarts")
            _send(line, b'{"recording": true}')
            found = _await(line, lambda answer: "recording" in answer or "errors" in answer, _ANSWER_S)
    except (serial.SerialException, OSError) as problem:
        raise ports.PortError(f"{port} cannot be used: {problem}") from problem
    if not found or "recording" not in found:
        raise ConsoleError("the bridge does not answer, or has no memory for it just now; ask again")
    return found["recording"]


def _hello(line):
    """Return who is at a serial line, None if nobody says so."""
    until = time.monotonic() + _HELLO_S
    while time.monotonic() < until:
        _send(line, b"")
        found = _await(line, lambda answer: "console" in answer, _AGAIN_S)
        if found:
            return found
    return None


def _request(line, request):
    mark = os.urandom(4).hex()
    _send(line, json.dumps({"id": mark, **request}, separators=(",", ":"), ensure_ascii=False).encode())
    found = _await(line, lambda answer: answer.get("id") in (mark, None) and "ok" in answer, _ANSWER_S)
    if not found:
        raise ConsoleError("the bridge does not answer any more; ask again")
    return found


def _send(line, content):
    content = bytes((MARK,)) + content + b"\n"
    for at in range(0, len(content), _PIECE):
        line.write(content[at : at + _PIECE])
        time.sleep(_PIECE_S)


def _await(line, wanted, seconds):
    """Return the first marked answer that is wanted, None if there is none in time."""
    until = time.monotonic() + seconds
    found = b""
    while time.monotonic() < until:
        found += line.read(4096)
        *whole, found = found.split(b"\n")
        for text in whole:
            answer = _marked(text)
            if answer is not None and wanted(answer):
                return answer
    return None


def _marked(text):
    """Return the answer in a line of the console, None if it is one of the log."""
    _, mark, answer = text.partition(bytes((MARK,)))
    with contextlib.suppress(ValueError):
        found = json.loads(answer) if mark else None
        return found if isinstance(found, dict) else None
    return None


def _in_folder(folder, request):
    """Do in a folder what the board does at its prompt."""
    firmware.records()
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(prompt_source(request, f"{folder}/data/settings"), {})  # the same program, on this PC
    return _marked(told.getvalue().encode())


def prompt_source(request, path="/data/settings"):
    """Return what the board runs at its prompt to answer a request, as text. path: of the settings' record."""
    return _PROMPT.format(asked=json.dumps(request, ensure_ascii=False), folder=path.removesuffix("settings"))


def command(port, path):
    """Return the mpremote command that runs the file `path` on the board at `port`, as a list.

    The request is in the file only: a command line can be read by every user of the PC, and it may hold a password.
    """
    return [sys.executable, "-m", "mpremote", "connect", port, "run", str(path), "+", "reset"]


def _at_prompt(port, request):
    with tempfile.TemporaryDirectory(prefix="bridge-") as folder:  # only its owner can read it
        path = Path(folder) / "request.py"
        path.write_text(prompt_source(request) + _RESTART)
        try:
            done = subprocess.run(command(port, path), capture_output=True, timeout=_PROMPT_S, check=False)
        except subprocess.TimeoutExpired:
            raise ConsoleError(f"the board at {port} did not finish in {_PROMPT_S} s: press its reset button") from None
    for text in done.stdout.split(b"\n"):
        answer = _marked(text)
        if answer:
            return answer
    said = (done.stdout + done.stderr).decode(errors="replace")
    if "no module named 'bridge" in said:
        raise ConsoleError(f"there is no bridge on the board at {port}: flash it first (bridgectl flash)")
    last = said.strip().split("\n")[-1]
    raise ConsoleError(f"mpremote failed at {port}: {last or 'it says nothing'}. Is another program at the port?")
