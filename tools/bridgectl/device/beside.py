"""The files beside the slots of a board: what starts a slot, and what runs when none can start."""

import re

from bridgectl import firmware
from bridgectl.device import build, spelling

firmware.load()
from known import BOARDS as _ROWS  # noqa: E402 (importable only now)

_PINS = "safe_board.py"
NAMES = (*build.BESIDE, _PINS)
_SHARED = {row[0]: row[1] for row in _ROWS}


def folder(board):
    """Return the folder of the files that lie beside a board's slots, NAMES, as its flash holds them.

    A board whose names are respelled compiles these itself, so their names would stay in memory too, 85 of them. What
    they use of a slot they do not define, so it keeps its name.
    """
    made = build.BUILD / f"{board}.beside"
    texts = {name.removesuffix(".py"): (build.ROOT / "firmware" / name).read_text() for name in build.BESIDE}
    tables = spelling.plan(texts) if board in spelling.BOARDS else {}
    for name, text in texts.items():
        build.write_if_new(made / f"{name}.py", spelling.respelled(text, tables.get(name, {})).encode())
    if _SHARED[board]:
        build.write_if_new(made / _PINS, pins(board).encode())
    return made


def pins(board):
    """Return the text of safe_board.py: what safe mode has to know of a board, from the table in boards/."""
    places = [build.ROOT / "boards" / folder for folder in (board, _SHARED[board]) if folder]
    text = "".join(path.read_text() for place in places for path in sorted(place.glob("*.py")))
    button, outputs = (re.search(rf"^{name} = const\((.+)\)$", text, re.M) for name in ("_BUTTON", "_DO"))
    if not (button and outputs):
        raise build.BuildError(f"board {board}: its button or its outputs are not to be found")
    return f'"""Made by the builder."""\n\nBUTTON = {button[1]}\nOUTPUTS = {outputs[1]}\nBOARD = "{board}"\n'
