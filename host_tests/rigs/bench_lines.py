"""Devices at the other end of a line, and `bridgectl` in this process: shared by the tests of the bench."""

import asyncio
import contextlib
import json
import struct
import threading

import own_clock
import pytest
from bridgectl.bench import direction, pace, pace_command, play, port, raw, read, scan
from bridgectl.cli import app
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from patience import HANG_S
from pymodbus.datastore import ModbusDeviceContext, ModbusServerContext, ModbusSparseDataBlock
from pymodbus.server import ModbusSerialServer
from typer.testing import CliRunner


@pytest.fixture
def own_time(monkeypatch):
    """Let the bench and the devices below live by a clock of their own; return it."""
    return own_clock.take_over(monkeypatch, direction, pace, pace_command, play, port, raw, read, scan)


def bridgectl(*words):
    """Return the result of the command line `bridgectl WORDS`."""
    return CliRunner().invoke(app, [str(w) for w in words])


def measured(path, *words):
    """Return (exit code, what --json says)."""
    done = bridgectl("pace", path, *words, "--json")
    assert done.stdout, done.output
    return done.exit_code, json.loads(done.stdout)


def floats(values):
    """Return {address: word} of float registers."""
    block = {}
    for address, value in values.items():
        block[address], block[address + 1] = struct.unpack(">HH", struct.pack(">f", value))
    return block


@contextlib.contextmanager
def pymodbus_server(path, unit, block, baud=9600, parity="N"):
    """Serve input registers {address: word} at a port by pymodbus, in a thread of its own."""
    clock = own_clock.CLOCK
    loop = clock.loop()
    started = threading.Event()
    device = ModbusDeviceContext(ir=ModbusSparseDataBlock(block))
    context = ModbusServerContext(devices={unit: device}, single=False)
    box = []

    async def serve():
        server = ModbusSerialServer(
            context, port=path, baudrate=baud, parity=parity, timeout=0.2, ignore_missing_devices=True
        )
        box.append(server)
        await server.serve_forever(background=True)
        started.set()
        await server.serving

    def run():
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(serve())

    thread = clock.thread(run)
    with clock.away():
        assert started.wait(HANG_S)
    try:
        yield
    finally:
        ended = asyncio.run_coroutine_threadsafe(box[0].shutdown(), loop)
        with clock.away():
            ended.result(HANG_S)
            thread.join(HANG_S)


@contextlib.contextmanager
def played(path, name, refused=(), **options):
    """Play one of our devices at a port, in a thread; yields (player, slave). refused: as of site.meter.Meter."""
    stop, clock = threading.Event(), own_clock.CLOCK
    slave = Meter(House(), name, refused=refused) if refused else play.device(name)
    line = port.Line(path)
    player = play.Player(line, slave, think_ms=2, **options)

    def run():
        with contextlib.suppress(port.PortError):
            player.run(stop.is_set)

    thread = clock.thread(run)
    try:
        yield player, slave
    finally:
        stop.set()
        with clock.away():
            thread.join(HANG_S)
        line.close()


@contextlib.contextmanager
def devices(pair, *slaves, baud=9600, odd=False, together=None):
    """Let slaves answer at right while left has their speed and parity; `together` joins what they say at once."""
    stop, clock = threading.Event(), own_clock.CLOCK
    line = port.Line(pair.right)

    def run():
        pending = b""
        while not stop.is_set():
            pending += line.receive()
            if len(pending) < 8:
                continue
            request, pending = pending, b""
            if (pair.left_baud(), pair.left_odd()) != (baud, odd):
                continue
            replies = [r for r in (s.answer(request) for s in slaves) if r]
            if replies:
                line.send(together(replies) if together else replies[0])

    thread = clock.thread(run)
    try:
        yield
    finally:
        stop.set()
        with clock.away():
            thread.join(HANG_S)
        line.close()
