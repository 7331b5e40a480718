"""An example of a library as a process, and what a client of its server gets."""

import os
import queue
import shutil
import socket
import subprocess
import threading
import time

import packages
from bridgectl import firmware
from interpreter import micropython
from patience import HANG_S


class Running:
    """An example as a process; a context manager. `line(text)` waits for a printed line that holds the text."""

    def __init__(self, folder, path, *arguments):
        """folder: an installed package; path: of the example in lib/, copied there, because packages bring none."""
        line = firmware.ROOT / "boards" / "host"
        shutil.copy(packages.LIB / path, folder / path)
        self._process = subprocess.Popen(
            [micropython(), "-X", "heapsize=256k", "-m", path[:-3].replace("/", "."), *map(str, arguments)],
            env={**os.environ, "MICROPYPATH": f"{folder}:{line}:.frozen"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=lambda: [self._lines.put(one) for one in self._process.stdout])
        self._reader.start()
        self.said = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(HANG_S)
        self._reader.join(HANG_S)

    def says(self, text, seconds):
        """Return the next printed line with the text in it, None if none comes in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.said.append(self._lines.get(timeout=0.1).rstrip())
            except queue.Empty:
                assert self._process.poll() is None, self.said
                continue
            if text in self.said[-1]:
                return self.said[-1]
        return None

    def line(self, text, seconds=HANG_S):
        """Return the next printed line with the text in it."""
        said = self.says(text, seconds)
        assert said, f"never said {text!r}: {self.said}"
        return said

    def output(self):
        """Wait for the end; return everything that was printed."""
        code = self._process.wait(HANG_S)
        self._reader.join(HANG_S)
        said = "".join(self._lines.get() for _ in range(self._lines.qsize()))
        assert code == 0, said
        return said


def fetched(port, request):
    """Return all that a server on loopback answers to some bytes until it closes."""
    with socket.create_connection(("127.0.0.1", port), HANG_S) as client:
        client.sendall(request)
        answer = b""
        while piece := client.recv(1000):
            answer += piece
        return answer
