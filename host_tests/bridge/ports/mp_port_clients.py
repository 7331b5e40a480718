"""The gateway's role: opened and closed by settings and network, beside ports that come and go."""

import asyncio
from asyncio import core
from http import listener

import memory_sockets
from bridge.ports import clients
from bridge.settings import Settings
from bridge.state import State
from gateway_rig import Bus

ASKED = bytes.fromhex("000100000006010300660002")
ANSWERED = bytes.fromhex("00010000000701030400660067")
LIMIT = bytes.fromhex("000200000006F7069C6A0000")
BESIDE = LIMIT[:9] + b"\x6c" + LIMIT[10:]


class Ports:
    """The ports as tasks/buses keeps them: masters that clients may reach."""

    def __init__(self, *buses):
        self.buses = list(buses)

    def bus(self, number):
        return self.buses[number - 1]


class Rig:
    def __init__(self, **changes):
        listener.socket = memory_sockets
        core._io_queue.poller = memory_sockets.Poller()
        self.port = 1502
        self.state, self.settings = State(), Settings()
        wanted = {"rs485_1_role": "gateway", "gateway_port": self.port, "gateway_fresh_ms": 0}
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
        self.ports = Ports(Bus(), None)
        self.beats = 0

    def set(self, **changes):
        for name, value in changes.items():
            setattr(self.settings, name, value)

    def beat(self):
        self.beats += 1
        for bus in self.ports.buses:
            if bus and bus.waiting:
                unit, pdu, done = bus.take()
                bus.end(unit, pdu, done, took_ms=0)

    async def ask(self, request=ASKED, port=0):
        sock = memory_sockets.socket()
        sock.connect(("127.0.0.1", self.port + port))
        sock.write(request)
        reply = None
        while reply is None:
            await asyncio.sleep_ms(1)
            reply = sock.read(100)
        sock.close()
        return reply

    def run(self, story):
        async def main():
            self.task = task = asyncio.create_task(
                clients.run(self.beat, self.state, self.settings, self.ports, lambda: True, 16)
            )
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
        assert rig.ports.bus(1).log == []
        assert (await rig.ask(BESIDE))[-5:] == BESIDE[-5:]
        assert rig.ports.bus(1).log == [(247, "069c6c0000")]

    rig = Rig()
    rig.run(story)


def test_nothing_listens_without_a_network():
    async def story(rig):
        rig.state.wlan_address = ""
        await asyncio.sleep_ms(100)
        assert await refused(rig)
        rig.state.wlan_address = "127.0.0.1"
        await asyncio.sleep_ms(600)
        assert await rig.ask() == ANSWERED
        await asyncio.sleep_ms(600)
        shown = rig.state.gateway
        assert shown["text"] == "RS485-1 at 127.0.0.1:%d" % rig.port and shown["sent"] == 1

    Rig().run(story)


def test_it_ends_when_no_port_is_a_gateway_any_more():
    async def story(rig):
        assert await rig.ask() == ANSWERED
        rig.set(rs485_1_role="master")
        await asyncio.sleep_ms(100)
        assert await refused(rig)
        assert rig.state.gateway["text"] == "off" and rig.task.done()

    Rig().run(story)


def test_a_port_made_anew_is_found_and_one_without_master_has_no_path():
    async def story(rig):
        assert await rig.ask() == ANSWERED
        rig.ports.buses[0] = again = Bus()
        assert await rig.ask() == ANSWERED
        assert again.tap and len(again.log) == 1
        rig.ports.buses[0] = None
        assert (await rig.ask())[-2:] == b"\x83\x0a"

    Rig().run(story)


def test_both_buses_have_a_port_each():
    async def story(rig):
        rig.ports.buses[1] = Bus()
        assert await rig.ask(port=0) == ANSWERED
        assert await rig.ask(port=1) == ANSWERED
        assert len(rig.ports.bus(1).log) == len(rig.ports.bus(2).log) == 1

    Rig(rs485_2_role="gateway").run(story)


def test_a_port_that_is_taken_is_told_and_no_other_client_is_lost():
    import log

    async def story(rig):
        assert "cannot be opened" in list(log.lines())[-1]
        other.close()
        rig.set(gateway_clients=5)
        await asyncio.sleep_ms(600)
        assert await rig.ask() == ANSWERED

    rig = Rig()
    other = memory_sockets.socket()
    other.bind(("127.0.0.1", rig.port))
    other.listen(1)
    rig.run(story)
