"""A decoder in a MicroPython of its own: inputs in, one answer each, with bounded memory and under a time-out."""

import json
import os
import resource
import selectors
import subprocess
import time

from bridgectl import firmware
from bridgectl.device import build

TIMEOUT_S = 20  # for one answer; the slowest decoder takes tenths of a second
_MEMORY = 0xFFFFFFFF
_MARK = b"\x01"
_MOST_MEMORY = 512 << 20  # of the whole process, its code included
_BATCH_BYTES = 32 << 10  # fits an empty pipe: writing it never waits for somebody who waits for us
_LAST_WORDS = 4000


class Fallen(Exception):
    """The process has ended or hangs; `at`: the place in the batch of the input that did it, `text`: its last words."""

    def __init__(self, at, text):
        super().__init__(text)
        self.at = at
        self.text = text


class Chip:
    """One decoder at work; `close()` at the end."""

    def __init__(self, part, target, heap, folder, slot):
        """part: module of fuzzing/chip. heap: as for `-X heapsize=`. folder: where it may write files.

        slot: folder of the firmware's modules.
        """
        path = [slot, firmware.ROOT / "tools", firmware.ROOT / "firmware"]
        environment = {**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"]), "FUZZ_FOLDER": str(folder)}
        driver = firmware.ROOT / "tools" / "bridgectl" / "fuzzing" / "chip" / "driver.py"
        self._errors = open(folder / "stderr", "w+b")
        self._process = subprocess.Popen(
            [build.micropython(), "-X", f"heapsize={heap}", str(driver), part, target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            cwd=folder,
            preexec_fn=_bound,  # noqa: PLW1509 (there are no threads here)
        )
        self._out = self._process.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)
        self._read = b""
        self._log = []

    def answers(self, inputs):
        """Return the answer to each input. Raises Fallen."""
        found = []
        at = 0
        while at < len(inputs):
            end, size = at, 0
            while end < len(inputs) and (end == at or size + len(inputs[end]) <= _BATCH_BYTES):
                size += 4 + len(inputs[end])
                end += 1
            self._send(b"".join([len(i).to_bytes(4, "big") + i for i in inputs[at:end]]), at)
            while at < end:
                found.append(self._answer(at))
                at += 1
        return found

    def memory(self):
        """Return the bytes in use after a collection. Raises Fallen."""
        self._send(_MEMORY.to_bytes(4, "big"), 0)
        return self._answer(0)

    def close(self):
        """End the process."""
        self._process.kill()
        self._process.wait(TIMEOUT_S)
        for stream in (self._process.stdin, self._process.stdout, self._errors, self._selector):
            try:
                stream.close()
            except BrokenPipeError:
                pass

    def _send(self, data, at):
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Fallen(at, self._last_words()) from None

    def _answer(self, at):
        while True:
            line = self._line(at)
            if line.startswith(_MARK):
                return json.loads(line[1:])
            self._log = [*self._log[-9:], line.decode(errors="replace")]

    def _line(self, at):
        until = time.monotonic() + TIMEOUT_S
        while b"\n" not in self._read:
            if not self._selector.select(max(0, until - time.monotonic())):
                raise Fallen(at, f"no answer for {TIMEOUT_S} s")
            more = os.read(self._out, 1 << 16)
            if not more:
                raise Fallen(at, self._last_words())
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        return line

    def _last_words(self):
        code = self._process.wait(TIMEOUT_S)
        self._errors.seek(0)
        text = self._errors.read()[-_LAST_WORDS:].decode(errors="replace")
        # MicroPython prints tracebacks to standard output.
        rest = self._read.decode(errors="replace")
        return "\n".join([*self._log, rest, text, f"exit code {code}"]).strip()


def _bound():
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
