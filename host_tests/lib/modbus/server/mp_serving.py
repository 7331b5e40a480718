"""A slave on a line: answers in time, or none; broadcasts, listen-only mode, what the link tells, no garbage."""

import asyncio
import gc
import time

import clock
from modbus.server import server, serving
from modbus.wire import rtu
from serving_rig import FOREIGN, MINE, READ, REPLY, Bank, Rig, told
from wire import CHARACTER_US, frame


def test_a_request_is_answered_after_the_silence_and_the_think_time():
    """Proves: COM-8+"""

    end_us = 8 * CHARACTER_US
    for think_ms, latest_ms in ((0, 12), (20, 24), (100, 104)):
        for offset in range(10):

            async def story(rig, offset=offset):
                rig.bus.say(offset / 2, READ)
                await asyncio.sleep_ms(200)

            rig = Rig(think_ms)
            began_us = time.passed_ms() * 1000 + offset * 500
            rig.run(story)
            ((at_us, reply),) = rig.bus.sent
            assert reply == REPLY
            pause_ms = (at_us - began_us - end_us) / 1000
            assert max(3.65, think_ms - 1) <= pause_ms <= latest_ms, pause_ms
            assert rig.counts() == {"asked": 1, "answered": 1}
            assert rig.serving.link() == "ok"


def test_an_echo_test_is_answered_whatever_its_length_and_surroundings():
    """The request of function 8/0 looks like its reply, and only the silence tells its length."""

    async def story(rig):
        for data in ("a537", "a5370102", "00" * 250):
            request = frame("01080000" + data)
            for before, after in ((b"", b""), (b"\x00", b"")):
                rig.bus.say(0, before + request + after)
                await asyncio.sleep_ms(700)
                assert rig.bus.said() == [request], data
        rig.bus.say(0, frame("01080000a537") + b"\xff")
        await asyncio.sleep_ms(100)
        assert rig.bus.said() == [frame("01080000a537")]

    told(story)


def test_a_broadcast_is_done_and_not_answered():
    async def story(rig):
        rig.bus.say(0, frame("000600010003"))
        await asyncio.sleep_ms(100)
        assert rig.bus.said() == [] and rig.bank.writes == 1

    told(story)


def test_listen_only_transmits_nothing_until_the_restart():
    """Proves: COM-8+"""

    async def story(rig):
        for request in (frame("010800040000"), READ, MINE, FOREIGN, frame("010800010000")):
            rig.bus.say(0, request)
            await asyncio.sleep_ms(100)
        assert rig.bus.said() == [] and rig.bank.writes == 0
        rig.bus.say(0, READ)
        await asyncio.sleep_ms(100)
        assert rig.bus.said() == [REPLY]

    told(story)


def test_a_muted_slave_counts_and_does_nothing():
    async def story(rig):
        rig.serving.mute()
        for request in (READ, MINE):
            rig.bus.say(0, request)
            await asyncio.sleep_ms(100)
        assert rig.bus.off and rig.bus.said() == [] and rig.bank.writes == 0
        assert rig.counts() == {"asked": 2}

    told(story)


def test_the_link_says_who_asks_and_how_well():
    async def story(rig):
        assert rig.serving.link() == "starting"
        rig.bus.say(0, READ)
        await asyncio.sleep_ms(100)
        assert (rig.serving.link(), rig.serving.status) == ("ok", rtu.OK)
        await asyncio.sleep_ms(61000)
        assert (rig.serving.link(), rig.serving.status) == ("silent", rtu.SILENT)
        for _ in range(5):
            rig.bus.say(0, b"\x33" * 9)
            await asyncio.sleep_ms(100)
        assert (rig.serving.link(), rig.serving.status) == ("noisy", rtu.BAD_CRC)
        rig.bus.say(0, READ)
        await asyncio.sleep_ms(100)
        assert rig.serving.link() == "ok"
        assert rig.beats > 1000

    told(story)


def test_the_tick_counter_may_wrap():
    real = clock.ticks_ms
    shift = clock.ticks_diff(clock.ticks_add(0, -300), real())
    clock.ticks_ms = lambda: clock.ticks_add(real(), shift)

    async def story(rig):
        for _ in range(10):
            rig.bus.say(0, READ)
            await asyncio.sleep_ms(80)
            assert rig.bus.said() == [REPLY]

    told(story, think_ms=10)


def test_a_line_that_fails_ends_the_run_for_the_supervisor():
    async def story(rig):
        rig.bus.broken = True
        rig.bus.say(0, READ)
        await asyncio.sleep_ms(100)

    try:
        told(story)
    except OSError:
        return
    raise AssertionError("nobody was told")


class Loop:
    """A line on which a master asks as soon as it has its answer; allocates nothing itself."""

    def __init__(self):
        self.waiting = 8
        self.answers = 0

    def send(self, buffer, count):
        self.answers += 1
        self.waiting = 8

    def any(self):
        return self.waiting

    def readinto(self, buffer, count):
        for i in range(8):
            buffer[i] = READ[i]
        self.waiting = 0
        return 8


def test_steady_serving_leaves_no_garbage():
    line = Loop()
    port = serving.Serving(line, 9600, "N", server.Server(1, Bank()))

    async def main():
        task = asyncio.create_task(port.run(lambda: None))
        await asyncio.sleep_ms(2000)
        gc.collect()
        gc.disable()
        before, answers = gc.mem_alloc(), line.answers
        await asyncio.sleep_ms(30000)
        used, answers = gc.mem_alloc() - before, line.answers - answers
        gc.enable()
        port.stopped = True
        await task
        return used, answers

    used, answers = asyncio.run(main())
    assert answers > 2000, answers
    assert used < 100, (used, answers)
