# heap: 4m
"""Roles server and meter beside the whole bridge, with a master that asks quickly, repeats itself and reads back."""

import asyncio
import struct
import time

import flow
from wire import frame


class Master:
    """The other master at RS485-1: asks by a frame without its CRC, returns the answer."""

    def __init__(self, b):
        self.said = []
        b.machine.UART.connect(1, self, 0)
        self.uart = b.machine.UART.of(1)

    def answer(self, content):
        self.said.append(content)

    async def ask(self, hexadecimal, within_ms=200):
        self.said.clear()
        self.uart.talk(frame(hexadecimal))
        for _ in range(within_ms):
            await asyncio.sleep_ms(1)
            if self.said:
                return self.said[0]

    async def often(self, times, hexadecimal):
        answers = []
        for _ in range(times):
            answers.append(await self.ask(hexadecimal))
        return answers


def with_master(story, **settings):
    async def whole(b):
        await b.for_ms(20000)
        await story(b, Master(b))

    flow.Bridge("rp2040", settings=settings).run(whole)


def as_server(story):
    with_master(story, rs485_1_role="server", server_unit=5, server_outputs=True)


def as_meter(story, **settings):
    with_master(story, rs485_1_role="meter", **settings)


def test_coils_written_in_turn_all_change():
    async def story(b, m):
        for coils, mask in (
            (("0000ff00", "0001ff00"), 3),
            (("00010000", "00000000"), 0),
            (("0001ff00", "0000ff00"), 3),
        ):
            for coil in coils:
                assert await m.ask("0505" + coil)
                await b.for_ms(4)
            await b.for_ms(300)
            assert b.state.outputs == mask

    as_server(story)


def test_a_coil_reads_as_its_write_was_acknowledged():
    async def story(b, m):
        for i in range(12):
            mask = (1, 3, 2, 0)[i % 4]
            assert await m.ask("050f00000002010%d" % mask)
            await b.for_ms(1 + 7 * i)
            assert (await m.ask("050100000002"))[3] == mask
            await b.for_ms(300)
            assert b.state.outputs == mask

    as_server(story)


def test_a_request_that_comes_again_at_once_is_answered_each_time():
    async def story(b, m):
        for request in ("050800001234", "05050001ff00", "050f000000020103"):
            answers = await m.often(15, request)
            assert None not in answers, (request, answers.count(None))
        assert b.state.rs485_stats[0]["echo"] == 0

    as_server(story)


def test_an_echo_is_no_request_whatever_is_asked():
    async def story(b, m):
        b.machine.UART.connect(1, m, 0).echo = True
        for request in ("05050001ff00", "050800001234", "050300000002"):
            for _ in range(5):
                m.said.clear()
                m.uart.talk(frame(request))
                await b.for_ms(400)
                assert len([said for said in m.said if said[0] == 5]) == 1, (request, m.said)

    as_server(story)


def test_a_declared_age_above_that_of_the_readings_is_kept():
    async def story(b, m):
        assert await m.ask("010400000026")
        b.sensor_wire.silent = True
        last = t0 = time.passed_ms()
        while time.passed_ms() - t0 < 15000:
            if await m.ask("010400000026"):
                last = time.passed_ms()
        assert 7500 < last - t0 <= 8400, last - t0

    as_meter(story, meter_stale_ms=8000)


def test_an_age_that_the_poll_cannot_keep_is_no_setting():
    async def story(b, m):
        assert (b.settings.meter_stale_ms, b.settings.sensor_poll_ms) == (2000, 1000)
        assert [name for name, _ in b.settings.ignored] == ["meter_stale_ms"]
        answers = await m.often(60, "010400000002")
        assert None not in answers, answers.count(None)

    as_meter(story, meter_stale_ms=1500, sensor_poll_ms=1000)


def test_a_value_that_became_implausible_grows_old():
    async def story(b, m):
        old = b.meter.measure
        b.meter.measure = lambda: dict(list(old().items()) + [("sensor_power_factor", float("nan"))])
        await b.for_ms(1000)
        assert await m.ask("0104001e0002")  # the last good one, a second old
        await b.for_ms(6000)
        assert await m.ask("0104001e0002") is None
        assert await m.ask("010400000002")  # what is fresh is told

    as_meter(story)


def test_a_replaced_meters_energies_are_told_within_a_poll_and_ten_seconds():
    async def story(b, m):
        await b.for_ms(12000)
        before = struct.unpack(">f", (await m.ask("010400480002"))[3:7])[0]
        old = b.meter.measure
        b.meter.measure = lambda: dict(list(old().items()) + [("sensor_import_energy", 3.5)])
        await b.for_ms(20000)
        assert before > 100 and (await m.ask("010400480002"))[3:7] == struct.pack(">f", 3.5)

    as_meter(story)


def ripple(story, spoil):
    """Run story(b, writes) with spoil(frame, writes) -> answer, None = silence, or 0 = as ever, in front of the plant."""

    async def whole(b):
        await b.until(lambda: b.state.plant_limit_state == "held", 10000)
        await b.for_ms(2500)
        old, writes = b.plant.answer, []

        def answer(content):
            if content[1] == 16:
                writes.append(time.passed_ms())
            told = spoil(content, writes)
            return old(content) if told == 0 else told

        b.plant.answer = answer
        await story(b, writes)

    flow.Bridge("rp2040", settings={"grid_table": "ripple"}).run(whole)


def written_again_ms(lost):
    """Return how long the plant is without a limit of which so many writes get lost."""
    took = []

    async def story(b, writes):
        b.contact(4, True)
        t0 = time.passed_ms()
        await b.until(lambda: b.plant.limit_w == 0, 60000)
        took.append(time.passed_ms() - t0)

    ripple(story, lambda content, writes: None if content[1] == 16 and len(writes) <= lost else 0)
    return took[0]


def test_a_lost_write_is_written_again_as_soon_as_the_plants_second_is_over():
    assert written_again_ms(1) < 4000
    assert written_again_ms(2) < 6000


def test_a_limit_that_cannot_be_read_back_is_unreadable_and_not_written_for_ever():
    async def story(b, writes):
        b.contact(2, True)
        await b.for_ms(600000)
        assert len(writes) < 30 and b.state.plant_limit_state == "written, cannot be read back", len(writes)

    ripple(story, lambda content, writes: frame("f78302") if content[1] == 3 else 0)


def test_the_longest_time_in_which_contacts_were_not_read_is_kept():
    async def story(b):
        await b.for_ms(3000)
        before_ms = b.state.blind_ms
        time.pass_ms(700)  # something keeps the processor
        await b.for_ms(3000)
        assert before_ms < 300 and 700 <= b.state.blind_ms < 800, (before_ms, b.state.blind_ms)

    flow.Bridge("rp2040").run(story)
