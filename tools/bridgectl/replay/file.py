"""The file of a flight recorder, written by firmware/bridge/logic/doors/recording_file.py: what of it can be read."""

import binascii
import contextlib
import dataclasses
import json

FORMAT = 1


class FileError(Exception):
    """A file is no recording; the text says so."""


@dataclasses.dataclass
class File:
    """What a file holds."""

    told: dict  # who recorded, and when
    settings: dict  # by which it decided at the end of the recording
    runs: list  # (number of the first byte, bytes), in order; between two of them something is missing
    end: int | None  # bytes recorded in all, None if the file was cut
    problems: list  # in words


def load(path):
    """Return the text at a path. Raises FileError."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as problem:
        raise FileError(f"{path} cannot be read: {problem.strerror}") from problem


def read(text):
    """Return the File of a text. Raises FileError if it is no recording at all."""
    told, settings, pieces, problems = {}, {}, [], []
    for number, line in enumerate(text.splitlines(), 1):
        found = _content(line)
        if isinstance(found, tuple):
            pieces.append(found)
        elif found is None:
            problems += [f"line {number} is damaged and left out"] if line.strip() else []
        elif "name" in found:
            settings[found["name"]] = found.get("value")
        else:
            told |= found
    end = told.pop("end", None)
    if not told and not pieces:
        raise FileError("this is no recording of a flight recorder")
    if told.get("flight_recorder", FORMAT) != FORMAT:
        raise FileError(f"this recording has format {told['flight_recorder']}; this program reads {FORMAT}")
    if "flight_recorder" not in told:
        problems.append("its first line is missing: nobody knows which version recorded it")
    runs = _runs(pieces)
    if end is None:
        problems.append("it ends too soon: the file was cut")
    elif (runs[-1][0] + len(runs[-1][1]) if runs else 0) < end:
        problems.append("bytes are missing at its end")
    problems += [f"{bytes_missing} bytes are missing in the middle" for bytes_missing in _gaps(runs)]
    return File(told, settings, runs, end, problems)


def _content(line):
    """Return what a line says: a dict, or (number of the first byte, bytes); None if it is not as it was written."""
    summed, _, content = line.partition(" ")
    with contextlib.suppress(ValueError):  # binascii.Error is one
        if len(summed) == 8 and int(summed, 16) == binascii.crc32(content.encode()):
            at, _, octets = content.partition(" ")
            found = json.loads(content) if content.startswith("{") else (int(at), binascii.a2b_base64(octets))
            return found
    return None


def _runs(pieces):
    runs = []
    for at, octets in sorted(pieces):
        if runs and runs[-1][0] + len(runs[-1][1]) == at:
            runs[-1] = (runs[-1][0], runs[-1][1] + octets)
        elif not runs or at > runs[-1][0]:
            runs.append((at, octets))
    return runs


def _gaps(runs):
    return [later[0] - one[0] - len(one[1]) for one, later in zip(runs, runs[1:], strict=False)]
