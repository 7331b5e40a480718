"""The bridge in the role `server` as a process at a pseudo-terminal, and raw frames to it."""

import contextlib
import os
import select
import subprocess
import time
import types

import ptys
from bridgectl import firmware
from interpreter import micropython
from patience import HANG_S

firmware.load()

from modbus.wire import crc  # noqa: E402

UNIT = 17


@contextlib.contextmanager
def running(slot):
    """Run a bridge: yields `path` of its line and `printed()`, what it printed since the last call."""
    with ptys.Pair() as pair:
        path = f"{slot}:.frozen"  # not the mocks: its clock is the real one
        environment = {**os.environ, "MICROPYPATH": path, "BRIDGE_RS485_1": pair.right}
        command = [micropython(), "-X", "heapsize=512k", "host_tests/rigs/unix/serve_registers.py", str(UNIT)]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=firmware.ROOT
        )
        said = process.stdout.fileno()
        os.set_blocking(said, False)

        def printed():
            """Return the lines so far: what the bridge prints before it answers is there with the answer."""
            time.sleep(0.1)
            found = b""
            with contextlib.suppress(BlockingIOError):
                while piece := os.read(said, 4096):
                    found += piece
            return found.decode().split("\n")[:-1]

        try:
            assert select.select([said], [], [], HANG_S)[0] and printed() == ["ready"]
            yield types.SimpleNamespace(path=pair.left, printed=printed)
        finally:
            process.kill()
            process.wait(HANG_S)
            process.stdout.close()


@contextlib.contextmanager
def raw(path):
    """Raw frames at a line: ask(hexadecimal PDU) -> reply PDU as hexadecimal, "" = silence; put(bytes), hear(silence_s)."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    yield types.SimpleNamespace(
        fd=fd, ask=lambda *a, **k: ask(fd, *a, **k), put=lambda b: os.write(fd, b), hear=lambda s=None: hear(fd, s)
    )
    os.close(fd)


def sealed(content):
    out = bytearray(content) + bytearray(2)
    crc.seal(out, len(content))
    return bytes(out)


def hear(fd, silence_s=None):
    """Return the frame that comes. silence_s: none is expected, and so long is it waited for; None: one must come."""
    found, until = b"", time.monotonic() + (silence_s or HANG_S)
    while time.monotonic() < until and not (len(found) > 3 and found == sealed(found[:-2])):
        with contextlib.suppress(BlockingIOError):
            found += os.read(fd, 512)
            continue
        time.sleep(0.005)
    return found


def ask(fd, pdu, unit=UNIT, silence_s=None):
    os.write(fd, sealed(bytes([unit]) + bytes.fromhex(pdu)))
    reply = hear(fd, silence_s)
    time.sleep(0.1 + 2 * len(reply) / 960)  # the bridge's line is still busy for the time of the frame
    if not reply:
        return ""
    assert reply == sealed(reply[:-2]) and reply[0] == unit
    return reply[1:-2].hex()
