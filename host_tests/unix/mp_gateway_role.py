# clock: real
"""The gateway's role: opened and closed by settings and network, beside ports that come and go."""

import asyncio
import time

from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import gateway_role
from gateway_rig import Bus

ASKED = bytes.fromhex("000100000006010300660002")
ANSWERED = bytes.fromhex("00010000000701030400660067")
LIMIT = bytes.fromhex("000200000006F7069C6A0000")
BESIDE = LIMIT[:9] + b"\x6c" + LIMIT[10:]


class Port:
    def __init__(self, bus):
        self.bus = bus


class Meter:
    """A bus that is no master."""


class Rig:
    def __init__(self, **changes):
        self.port = 20000 + time.ticks_us() % 20000
        self.state, self.settings = State(), Settings()
        wanted = {"gateway_bus": "plant", "gateway_port": self.port, "gateway_fresh_ms": 0}
        wanted.update(
            gateway_deadline_ms=500,
            gateway_idle_s=10,
            gateway_clients=4,
            gateway_writers="10.0.0.7, 127.0.0.1",
            plant_unit=247,
        )
        wanted.update(changes)
        self.set(**wanted)
        self.state.wlan_address = "127.0.0.1"
        self.ports = {"plant": Port(Bus()), "sensor": None}
        self.beats = 0

    def set(self, **changes):
        for name, value in changes.items():
            setattr(self.settings, name, value)

    def beat(self):
        self.beats += 1
        for port in self.ports.values():
            if port and isinstance(port.bus, Bus) and port.bus.waiting:
                unit, pdu, done = port.bus.take()
                port.bus.end(unit, pdu, done, took_ms=0)

    async def ask(self, request=ASKED, port=0):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port + port)
        writer.write(request)
        await writer.drain()
        reply = await asyncio.wait_for_ms(reader.read(100), 2000)
        writer.close()
        await writer.wait_closed()
        return reply

    def run(self, story):
        async def main():
            task = asyncio.create_task(gateway_role.run(self.beat, self.state, self.settings, self.ports))
            await asyncio.sleep_ms(50)
            await asyncio.wait_for_ms(story(self), 10000)
            task.cancel()
            await asyncio.sleep_ms(10)

        asyncio.run(main())


async def refused(rig, port=0):
    try:
        return await rig.ask(port=port) == b""
    except OSError:
        return True


def test_a_client_reads_through_the_role():
    """Proves: COM-8+"""

    async def story(rig):
        assert await rig.ask() == ANSWERED

    Rig().run(story)


def test_the_bridges_own_limit_is_written_by_no_client():
    """Proves: CTL-2+"""

    async def story(rig):
        assert (await rig.ask(LIMIT))[-2:] == b"\x86\x02"
        assert rig.ports["plant"].bus.log == []
        assert (await rig.ask(BESIDE))[-5:] == BESIDE[-5:]
        assert rig.ports["plant"].bus.log == [(247, "069c6c0000")]

    rig = Rig()
    rig.run(story)


def test_nothing_listens_without_a_bus_or_a_network():
    async def story(rig):
        assert await refused(rig)
        rig.set(gateway_bus="plant")
        await asyncio.sleep_ms(600)
        assert await rig.ask() == ANSWERED
        rig.state.wlan_address = ""
        await asyncio.sleep_ms(100)
        assert await refused(rig)
        rig.state.wlan_address = "127.0.0.1"
        await asyncio.sleep_ms(600)
        assert await rig.ask() == ANSWERED

    Rig(gateway_bus="none").run(story)


def test_a_port_made_anew_is_found_and_one_without_master_has_no_path():
    async def story(rig):
        assert await rig.ask() == ANSWERED
        first = rig.ports["plant"].bus
        rig.ports["plant"] = Port(Bus())
        assert await rig.ask() == ANSWERED
        assert rig.ports["plant"].bus.tap and rig.ports["plant"].bus is not first
        for port in (None, Port(Meter())):
            rig.ports["plant"] = port
            assert (await rig.ask())[-2:] == b"\x83\x0a"

    Rig().run(story)


def test_both_buses_have_a_port_each():
    async def story(rig):
        rig.ports["sensor"] = Port(Bus())
        assert await rig.ask(port=0) == ANSWERED
        assert await rig.ask(port=1) == ANSWERED
        assert len(rig.ports["plant"].bus.log) == len(rig.ports["sensor"].bus.log) == 1

    Rig(gateway_bus="both").run(story)


def test_a_port_that_is_taken_is_told_and_no_other_client_is_lost():
    import socket

    import log

    async def story(rig):
        assert "cannot be opened" in log.lines()[-1]
        other.close()
        rig.set(gateway_clients=5)
        await asyncio.sleep_ms(600)
        assert await rig.ask() == ANSWERED

    rig = Rig()
    other = socket.socket()
    other.bind(socket.getaddrinfo("127.0.0.1", rig.port)[0][-1])
    other.listen(1)
    rig.run(story)
