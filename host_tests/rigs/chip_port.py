"""The USB port of an emulated chip for the very tools of the PC: bridgectl and mpremote, in this process.

Whoever waits at the port, or sleeps, lets emulated time pass; there is no other clock. So nothing depends on how fast the
emulation is, and no time-out of the tools comes because of it.
"""

import contextlib
import io
import subprocess
import sys
import types

import mpremote.main
import mpremote.transport_serial
import serial
from bench_lines import bridgectl
from bridgectl.bench import port
from bridgectl.device import console, flash, provision

NAME = "/dev/ttyACM0"
_STEP_MS = 1
_PATIENCE_MS = 60_000


class Cable:
    """What serial.Serial is for a port of the PC."""

    def __init__(self, board, timeout=None):
        self._board = board
        self._seen = len(board.console.received)
        self.timeout = timeout
        self.rts = self.dtr = True

    def isOpen(self):
        return True

    def close(self):
        """Leave the other end as it is."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def inWaiting(self):
        return len(self._board.console.received) - self._seen

    def read(self, count=1):
        """Return up to count bytes; wait for the first ones as long as `timeout` says, in emulated seconds."""
        until_ms = self._board.now_ms + (_PATIENCE_MS if self.timeout is None else self.timeout * 1000)
        while self.inWaiting() < (count if self.timeout is None else 1):
            if self._board.now_ms >= until_ms:
                break
            self._board.run(_STEP_MS)
        found = bytes(self._board.console.received[self._seen : self._seen + count])
        self._seen += len(found)
        return found

    def write(self, content):
        self._board.console.write(content)
        return len(content)


class Desk:
    """A PC with a board at NAME, a rig.Rig. A context manager: the tools in this process use the port meanwhile."""

    def __init__(self, board):
        self.board = board
        self._patches = contextlib.ExitStack()

    def __enter__(self):
        clock = types.SimpleNamespace(
            monotonic=lambda: self.board.now_ms / 1000, sleep=lambda seconds: self.board.run(seconds * 1000)
        )
        for module in (mpremote.transport_serial, console):
            self._put(module, "time", clock)
        self._put(port, "refusal", lambda name: "")
        self._put(serial, "Serial", lambda port, baud=0, timeout=None, exclusive=None: Cable(self.board, timeout))
        self._put(serial, "serial_for_url", lambda port, **_: Cable(self.board))
        for module in (flash, provision):
            self._put(
                module, "subprocess", types.SimpleNamespace(run=_in_process, TimeoutExpired=subprocess.TimeoutExpired)
            )
        return self

    def __exit__(self, *_):
        self._patches.close()

    def ask(self, *words):
        """Return (exit code, what `bridgectl WORDS` prints, what it says of errors)."""
        done = bridgectl(*words)
        return done.exit_code, done.stdout, done.stderr

    def _put(self, module, name, value):
        before = getattr(module, name)
        self._patches.callback(setattr, module, name, before)
        setattr(module, name, value)


def _in_process(words, **_):
    """Run a command of mpremote, as bridgectl makes it, and return what subprocess.run would."""
    kept, sys.argv = sys.argv, words[2:]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            code = mpremote.main.main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = kept
    return types.SimpleNamespace(returncode=code or 0, stdout=said.getvalue().encode(), stderr=b"")
