"""Shows a bridge's log from its USB port or from a file; its tracebacks get the names of our sources back.

A bridge that runs is asked for the last lines that it has kept, so that what brought somebody to the cable is seen too.
"""

import json
import sys
from pathlib import Path

import serial

from bridgectl.bench import port as ports
from bridgectl.device import spelling

_MARK = b"\x1e"  # firmware/bridge/tasks/console.py
_HELLO = _MARK + b"\n"  # a prompt passes over it
_ASK = _MARK + b'{"log": true}\n'
_BAUD = 115200  # of an ESP32's bridge chip; USB itself has none


def show(port, board, out=None):
    """Print the lines of a board at `port`, or of a file, until it ends or is gone. Raises PortError."""
    out = out or sys.stdout
    why = ports.refusal(port)
    if why:
        raise ports.PortError(why)
    own_words = spelling.Translator(board)
    if not own_words.known and board in spelling.BOARDS:
        print(f"No build of {board} on this PC: names stay as the board spells them.", file=sys.stderr)
    for line in _of_file(port) if Path(port).is_file() else of_board(port):
        print(own_words(line), file=out, flush=True)


def _of_answer(text, line):
    """Yield the kept lines, if the marked text holds them; ask `line` for them, if it tells that a bridge is there."""
    try:
        said = json.loads(text)
    except ValueError:  # cut by its beginning
        return
    if not isinstance(said, dict):
        return
    if "console" in said:
        line.write(_ASK)
    yield from said.get("log", ())


def _of_file(path):
    with open(path, errors="replace") as file:
        for line in file:
            yield line.rstrip("\r\n")


def of_board(port):
    """Yield the lines of the board at a serial port: those that it has kept, then what it says. Raises PortError."""
    try:
        with serial.Serial(port, _BAUD, timeout=0.2, exclusive=True) as line:
            found = b""
            line.write(_HELLO)
            while True:
                found += line.read(max(1, line.in_waiting))
                *whole, found = found.split(b"\n")
                for text in whole:
                    if text.startswith(_MARK):
                        yield from _of_answer(text[1:], line)
                    else:
                        yield text.decode(errors="replace").rstrip("\r")
    except (serial.SerialException, OSError, TypeError) as problem:  # TypeError: pyserial's descriptor vanished
        if Path(port).exists():
            raise ports.PortError(ports.explain(port, getattr(problem, "errno", None), problem)) from problem
        raise ports.PortError(f"{port} is gone: the board was pulled out or restarts. Start again.") from problem
