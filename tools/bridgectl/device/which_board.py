"""Decides whether a bundle fits the board at the port, by what its MicroPython image says of itself.

Two boards of one port differ in their chip, and a file does not tell: a Pico 2 W takes every file of a Pico W and then
reads its reset cause from nowhere. The image knows: `sys.implementation._build` is "RPI_PICO2_W",
"ESP32_GENERIC-SPIRAM" (board and variant) or, made from a definition of ours, the name of its folder.
"""

import inspect

from bridgectl import firmware

firmware.load()
from known import BOARDS  # noqa: E402

BUILDS = {name: (*official, name) for name, shared, _port, official, *_ in BOARDS if shared}

_CALL = """
import sys
i = sys.implementation
why = refusal({board!r}, {builds!r}, getattr(i, '_build', ''), getattr(i, '_machine', ''))
assert not why, why
"""


def refusal(board, builds, build, machine):
    """Return why the bundle of a board does not fit an image, or "" if it fits. Runs on the PC and on the board.

    builds: {board: build names of images that fit, without variant}; build, machine: `_build` and `_machine` of
    sys.implementation, "" where the image does not say. An image that nobody knows is told by its chip.
    """
    found = build.split("-")[0]
    fits = [name for name in builds if found in builds[name]]
    if not fits:
        chip = machine.split(" with ")[-1].replace("-", "").lower()  # "Some Board with ESP32-S3"
        fits = [name for name in builds if name == chip]
    if board in fits or not (build or machine):
        return ""
    other = "flash it with --board " + fits[0] if fits else "no board of ours has that chip"
    return "this board runs " + (build or machine) + ", not " + builds[board][0] + ": " + other


def check(board):
    """Return Python for the board itself that raises AssertionError with the reason if the bundle does not fit."""
    return inspect.getsource(refusal) + _CALL.format(board=board, builds=BUILDS)
