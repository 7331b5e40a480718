"""The firmware as a process of its own: started, started again when it asks for it, ended with everything else."""

import asyncio
import collections
import contextlib
import os
import signal
import sys
import time

from bridgectl.device import build

RESTART_CODE = 75  # what the host board's restart() ends with
_HEAP = "448k"  # 64-bit words and line numbers: what takes 400 kB here takes about 200 kB on a board
_LINES = 200
_START = 'import boot\nif boot.start("{root}"):\n    import main\n'
_GRACE_S = 2
_OWN_GROUP = {"process_group": 0} if sys.version_info >= (3, 11) else {"preexec_fn": os.setpgrp}


class Firmware:
    """One bridge.

    started_s: time.monotonic() of the first start; lines: what it printed last; starts: how many there were;
    ending: end() was called.
    """

    def __init__(self, folder, environment, told=lambda line: None, taken=lambda line: False):
        """environment: BRIDGE_... variables; told: called with each line that the firmware prints.

        taken(line): True for an answer at the console, which is none of the log.
        """
        self.folder = folder
        self.lines = collections.deque(maxlen=_LINES)
        self.starts = 0
        self.started_s = None
        self.process = None
        self._environment = environment
        self._told = told
        self._taken = taken
        self.ending = False

    async def run(self):
        """Keep the firmware running; return its exit code when it ends with another one than RESTART_CODE."""
        root = str(self.folder.root)
        command = [build.micropython(), "-X", f"heapsize={_HEAP}", "-c", _START.format(root=root)]
        variables = {
            **os.environ,
            **self._environment,
            "MICROPYPATH": f"{root}:.frozen",
            "BRIDGE_ROOT": root,
            "BRIDGE_SITE": str(self.folder.site),
        }
        code = 0
        with open(self.folder.log, "w") as log:  # noqa: ASYNC230 (a local file, short lines)
            while not self.ending:
                self.starts += 1
                self.started_s = self.started_s or time.monotonic()
                # In a group of its own, so that Ctrl-C reaches us alone and we end it in order. Not a session of its own:
                # a leader's first tty becomes its terminal, and an adapter pulled out would hang up on the firmware.
                self.process = await asyncio.create_subprocess_exec(
                    *command,
                    env=variables,
                    cwd=root,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    **_OWN_GROUP,
                )
                async for line in self.process.stdout:
                    text = line.decode(errors="replace").rstrip()
                    if self._taken(text):
                        continue
                    self.lines.append(text)
                    print(text, file=log, flush=True)
                    self._told(text)
                code = await self.process.wait()
                if code != RESTART_CODE:
                    break
        return code

    def ask(self, line):
        """Type a line (bytes) at the console, if the firmware runs."""
        if self.process and self.process.returncode is None and not self.process.stdin.is_closing():
            self.process.stdin.write(line)

    def kill(self):
        """End the process at once, if it runs."""
        if self.process and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)

    async def end(self):
        """End the process, if it runs: politely, then not."""
        self.ending = True
        process = self.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _GRACE_S)
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
