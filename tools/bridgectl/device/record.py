"""Takes the recording out of a bridge's flight recorder, over USB."""

from pathlib import Path

from bridgectl.device import console


def run(port, path):
    """Write the recording of the bridge at a serial port to a file. Raises ConsoleError."""
    lines = console.recording(port)
    if lines is None:
        raise console.ConsoleError("the flight recorder is off: bridgectl settings PORT set recorder=on")
    try:
        Path(path).write_text("".join(lines))
    except OSError as problem:
        raise console.ConsoleError(f"{path} cannot be written: {problem.strerror}") from problem
    print(f"{path}: {len(lines)} lines. What it says: bridgectl replay {path}")
