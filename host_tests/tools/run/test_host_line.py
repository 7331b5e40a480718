"""The host board's line on a tty: exchanges, its speed, and an adapter that is pulled out."""

import asyncio
import os
import pty
import subprocess
import time
import tty

from bridgectl.device import build
from bridgectl.run.process import Firmware
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.wire import PtyWire
from flash_folder import Root
from patience import HANG_S

_EXCHANGE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from line import Line
from modbus.wire import rtu
import micropython
line, expected = Line(sys.argv[2], int(sys.argv[3]), "N"), int(sys.argv[4])
buffer, reply = bytearray(16), bytearray(128)
n = rtu.request(buffer, 1, 4, 0, 38)
def exchange():
    line.send(buffer, n)
    count = 0
    view = memoryview(reply)
    rounds = 0
    while count < expected or rounds < 60:  # if none is expected none comes later either
        if line.any():
            count += line.readinto(view[count:], 128 - count)
        time.sleep_ms(5)
        rounds += 1
    return count
count = 0
print(exchange(), rtu.describe(rtu.check(reply, 0, 81, 1, 4, 38)))
line.any()
micropython.heap_lock()
try:
    line.send(buffer, n)
    time.sleep_ms(150)
    while line.any() < expected:
        time.sleep_ms(5)
    count = line.readinto(reply, 128)
finally:
    micropython.heap_unlock()
print(count, rtu.describe(rtu.check(reply, 0, 81, 1, 4, 38)))
"""


def _exchange(wire, baud, expected):
    """Return what two exchanges print; expected: bytes of each reply."""
    slot = build.build("host", quiet=True, everything=True)  # its words keep their names
    command = [
        build.micropython(),
        "-X",
        "heapsize=64k",
        "-c",
        _EXCHANGE,
        str(slot),
        wire.path,
        str(baud),
        str(expected),
    ]
    said = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=True).stdout.split("\n")[:2]
    until_s = time.monotonic() + HANG_S
    while wire.counts.requests < 2 and time.monotonic() < until_s:
        time.sleep(0.01)
    return said


def test_the_host_boards_line_exchanges_over_a_tty_without_allocating():
    with PtyWire(Meter(House())) as wire:
        assert _exchange(wire, 9600, 81) == ["81 ok", "81 ok"]


def test_the_host_boards_line_sets_the_speed_of_the_tty():
    with PtyWire(Meter(House()), baud=2400) as wire:
        assert _exchange(wire, 9600, 0)[0] == "0 bad CRC"
        assert wire.counts.misheard == 2


_HEAR = """
import sys, time
sys.path.insert(0, {slot!r})
from line import Line
line = Line({path!r}, 9600, "N")
end = time.ticks_ms() + 20000
buffer = bytearray(8)
while time.ticks_ms() < end:
    if line.any():
        print("heard", bytes(buffer[: line.readinto(buffer, 8)]))
    time.sleep_ms(10)
"""


def test_an_adapter_pulled_out_ends_nothing_and_is_heard_again_when_it_is_back(tmp_path):
    """A port that only listens never sends, so no failed write tells it."""
    slot = build.build("host", quiet=True, everything=True)
    adapter = tmp_path / "ttyUSB0"
    folder = tmp_path / "flash"
    folder.mkdir()

    def plugged():
        adapter.unlink(missing_ok=True)
        ends = pty.openpty()
        tty.setraw(ends[1])
        adapter.symlink_to(os.ttyname(ends[1]))
        return ends

    async def heard(made, end, text):
        while f"heard {text!r}" not in made.lines:
            assert made.process is None or made.process.returncode is None, list(made.lines)
            os.write(end, text)
            await asyncio.sleep(0.1)

    async def flow():
        ends = plugged()
        made = Firmware(Root(folder, _HEAR.format(slot=str(slot), path=str(adapter))), {})
        running = asyncio.create_task(made.run())
        await asyncio.wait_for(heard(made, ends[0], b"one"), HANG_S)
        for end in ends:
            os.close(end)
        adapter.unlink()
        await asyncio.sleep(0.2)
        ends = plugged()
        await asyncio.wait_for(heard(made, ends[0], b"two"), HANG_S)
        assert made.starts == 1
        await made.end()
        await running

    asyncio.run(flow())
