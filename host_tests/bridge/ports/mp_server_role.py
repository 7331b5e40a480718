# heap: 512k
"""The role `server` on a mocked chip: a third-party master at RS485-1 reads the bridge through the real port code."""

import asyncio
import struct

import chip
from wire import frame


def at(port, story, unit=9, parity="N", outputs=False):
    """Run story(uart, link, role, state) beside a bridge that serves at RS485-1."""
    chip.play(port)
    import board
    import machine
    from bridge.ports import server
    from bridge.settings import Settings
    from bridge.state import State

    link = machine.UART.connect(1, None)
    state = State("1.2.3", "power", "SN1")
    this, settings = board.Board(), Settings()
    settings.apply({"server_unit": unit, "server_outputs": outputs})
    role = server.Server(this.rs485(1, 9600, parity), 9600, parity, this, state, settings)
    uart = machine.UART.of(1)

    async def main():
        task = asyncio.create_task(role.bus.run(lambda: None))
        await story(uart, link, role, state)
        role.bus.stopped = True
        await task

    asyncio.run(main())


async def asked(uart, link, request):
    """Return the frames that left while a request was on the bus and 400 ms after it."""
    link.heard.clear()
    uart.talk(request)
    await asyncio.sleep_ms(400)
    return [content for _, content in link.heard]


def _tell(port):
    async def story(uart, link, role, state):
        assert role.slave.link() == "starting"
        (reply,) = await asked(uart, link, frame("090300000004"))
        assert reply[:3] == b"\x09\x03\x08" and struct.unpack(">HHHH", reply[3:11]) == (2, 49, 0xFFFF, 0)
        (reply,) = await asked(uart, link, frame("09039c400064"))
        assert len(reply) == 205 and reply[3:7] == b"SunS"
        state.inputs, state.inputs_settled = 5, True
        (reply,) = await asked(uart, link, frame("090200000005"))
        assert reply == frame("09020105")
        assert await asked(uart, link, frame("0903006400" + "01")) == [frame("098302")]
        assert await asked(uart, link, frame("09050000ff00")) == [frame("098502")]  # nobody may command outputs
        assert await asked(uart, link, frame("080300000004")) == []
        assert (role.words(), role.slave.link()) == ("unit 9", "ok")
        counts = dict(zip(role.bus.count_names, role.bus.counts))
        assert counts["asked"] == counts["answered"] == 5

    at(port, story)


def test_a_master_reads_the_bridge_on_the_rp2040():
    """Proves: COM-8+"""
    _tell("rp2040")


def test_a_master_reads_the_bridge_on_the_esp32():
    """Proves: COM-8+"""
    _tell("esp32")


def test_a_command_of_the_master_is_kept_with_its_time_so_that_the_latest_one_counts():
    """Proves: COM-8+"""

    async def story(uart, link, role, state):
        import clock
        from bridge.logic.grid import control, outputs
        from bridge.settings import Settings

        settings = Settings()
        for bit, closed, wanted, request in (
            (1, 1, 1, "09050000ff00"),
            (2, 1, 2, "09050001ff00"),
            (1, 0, 0, "090500000000"),
        ):
            clock.seconds()
            await asyncio.sleep_ms(2000)
            nothing = outputs.ordered(state.output_command, 3, 0, clock.seconds(), clock.ticks_ms())
            state.output_command = nothing  # of the broker
            assert control.decide(state, settings, None, None, clock.seconds())[0][3] == 0
            await asyncio.sleep_ms(2000)
            assert await asked(uart, link, frame(request)) == [frame(request)]
            assert state.server_command[bit - 1][0] == closed
            assert control.decide(state, settings, None, None, clock.seconds())[0][3] == wanted
            state.outputs = wanted

    at("rp2040", story, outputs=True)


def test_nothing_is_driven_onto_the_bus_in_listen_only_mode():
    """Proves: COM-8+"""

    async def story(uart, link, role, state):
        assert await asked(uart, link, frame("090800040000")) == []
        for request in ("090300000001", "0903ffff0001", "000500" + "00ff00", "09080000a537"):
            assert await asked(uart, link, frame(request)) == []
        assert await asked(uart, link, frame("090800010000")) == []
        assert len(await asked(uart, link, frame("090300000001"))) == 1

    at("rp2040", story)


def test_a_long_answer_does_not_hold_up_the_other_tasks_of_the_rp2040():
    """With a transceiver that hears its own answer, too. Proves: COM-9+"""

    async def story(uart, link, role, state):
        turns = []

        async def beside():
            while True:
                turns.append(chip.now_us())
                await asyncio.sleep_ms(5)

        task = asyncio.create_task(beside())
        for link.echo in (False, True, True):
            (reply,) = await asked(uart, link, frame("09039c400064"))  # 100 registers: 213 ms
            assert len(reply) == 205
        task.cancel()
        assert max([b - a for a, b in zip(turns, turns[1:])]) < 12000
        counts = dict(zip(role.bus.count_names, role.bus.counts))
        assert counts["answered"] == 3 and counts["echo"] == 2 and counts["damaged"] == 0, counts

    at("rp2040", story)


def test_the_identification_names_the_board():
    async def story(uart, link, role, state):
        (reply,) = await asked(uart, link, frame("092b0e0405"))
        assert reply[10:16] == b"rp2040"
        (reply,) = await asked(uart, link, frame("092b0e0480"))
        assert reply[10:13] == b"SN1"

    at("rp2040", story)
