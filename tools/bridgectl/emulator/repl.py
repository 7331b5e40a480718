"""Runs a program on the emulated chip through MicroPython's raw REPL, as a person with a cable would."""

_RAW, _RUN = b"\r\x01", b"\x04"
_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
_END = b"\x04"
_BOOT_MS = 20000  # blank flash is made a file system first
_RUN_MS = 20000


class GuestError(Exception):
    """The program ended with an exception: its traceback."""


def run(chip, source):
    """Run source (bytes) on a machine without a program of its own; return what it printed. Raises GuestError, Stalled."""
    chip.run_until(lambda: chip.console.connected, _BOOT_MS, step_ms=20)
    start = len(chip.console.received)
    chip.console.write(_RAW)
    chip.run_until(lambda: _PROMPT in chip.console.received[start:], _BOOT_MS, step_ms=20)
    start = len(chip.console.received)
    chip.console.write(source + _RUN)
    chip.run_until(lambda: chip.console.received[start:].count(_END) == 2, _RUN_MS, step_ms=5)
    output, error = bytes(chip.console.received[start:]).removeprefix(b"OK").split(_END)[:2]
    if error:
        raise GuestError(error.decode("utf-8", "replace"))
    return output.decode("utf-8", "replace").replace("\r\n", "\n")
