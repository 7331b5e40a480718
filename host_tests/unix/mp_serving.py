"""A slave on a line: whole frames out of bursts, gaps, echoes and noise; answers in time, or none."""

import asyncio
import gc
import time

import clock
from modbus import rtu, server, serving
from wire import CHARACTER_US, frame

READ = frame("010300000002")
REPLY = frame("01030411112222")
FOREIGN = frame("050300000002")
FOREIGN_REPLY = frame("05030400010002")
WRITE = frame("060100010003")  # of nobody here
MINE = frame("010600010003")


class Bus:
    """A line with other talkers: `say(at_ms, bytes)` is heard byte by byte, `burst(at_ms, bytes)` all at once."""

    def __init__(self):
        self.coming = []  # (us, byte)
        self.sent = []  # (us of its first bit, frame)
        self.echo = False
        self.off = False
        self.broken = False

    def say(self, at_ms, content):
        self._add([(int(at_ms * 1000) + (i + 1) * CHARACTER_US, b) for i, b in enumerate(content)])

    def burst(self, at_ms, content):
        self._add([(int(at_ms * 1000), b) for b in content])

    def _add(self, rows):
        start_us = time.passed_ms() * 1000
        self.coming = sorted(self.coming + [(start_us + us, i, b) for i, (us, b) in enumerate(rows)])

    def send(self, buffer, count):
        if self.off or self.broken:
            raise OSError(1)
        start_us = time.passed_ms() * 1000
        self.sent.append((start_us, bytes(buffer[:count])))
        time.pass_us(count * CHARACTER_US)
        if self.echo:
            self.coming = sorted(self.coming + [(start_us + i, i, buffer[i]) for i in range(count)])

    def any(self):
        now_us = time.passed_ms() * 1000
        return len([row for row in self.coming if row[0] <= now_us])

    def readinto(self, buffer, count):
        n = min(count, self.any())
        for i in range(n):
            buffer[i] = self.coming.pop(0)[2]
        return n

    def transmit_off(self):
        self.off = True

    def said(self):
        """Return what was sent since the last call."""
        found = [f for _, f in self.sent]
        self.sent = []
        return found


class Bank:
    functions = b"\x03\x06"

    def __init__(self):
        self.words = [0x1111, 0x2222]
        self.writes = 0

    def read(self, function, address, count, out, at):
        if address + count > 2:
            return 2
        for i in range(2 * count):
            out[at + i] = self.words[address + i // 2] >> 8
        return 0

    def write(self, address, buffer, at, count):
        self.writes += 1
        return 0


class Rig:
    def __init__(self, think_ms=0):
        self.bus = Bus()
        self.bank = Bank()
        self.slave = server.Server(1, self.bank)
        self.serving = serving.Serving(self.bus, 9600, "N", self.slave, think_ms)
        self.beats = 0

    def run(self, story):
        async def main():
            task = asyncio.create_task(self.serving.run(self.beat))
            await story(self)
            self.serving.stopped = True
            await task

        asyncio.run(main())

    def beat(self):
        self.beats += 1

    def count(self, name):
        return self.serving.counts[serving.COUNT_NAMES.index(name)]

    def counts(self):
        return {n: c for n, c in zip(serving.COUNT_NAMES, self.serving.counts) if c}


def told(story, think_ms=0):
    rig = Rig(think_ms)
    rig.run(story)
    return rig


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


def test_bytes_that_trickle_make_one_frame():
    """Adapters deliver in pieces: gaps beyond t1.5, and even beyond t3.5, are bridged while the frame is not whole."""

    async def story(rig):
        for gap_ms in (2, 4, 8, 16, 30):
            for cut in range(1, 8):
                rig.bus.say(0, READ[:cut])
                rig.bus.say(cut * 1.05 + gap_ms, READ[cut:])
                await asyncio.sleep_ms(150)
                assert rig.bus.said() == [REPLY], (gap_ms, cut)
        rig.bus.burst(0, READ)
        await asyncio.sleep_ms(50)
        assert rig.bus.said() == [REPLY]
        assert rig.count("damaged") == 0

    told(story)


def test_a_gap_that_is_too_long_ends_the_frame():
    async def story(rig):
        rig.bus.say(0, READ[:5])
        rig.bus.say(100, READ[5:])
        await asyncio.sleep_ms(300)
        assert rig.bus.said() == []
        assert rig.counts() == {"damaged": 2}
        rig.bus.say(0, READ)
        await asyncio.sleep_ms(100)
        assert rig.bus.said() == [REPLY]

    told(story)


def test_the_frame_after_garbage_is_answered():
    """Proves: REL-1+"""
    garbage = (b"\x55", b"\x01\x03\x00", bytes(range(60, 90)), READ[:7], b"\x01\x10" + b"\xff" * 30, b"\xa5" * 700)

    async def story(rig):
        for noise in garbage:
            for gap_ms in (5, 20, 60):
                rig.bus.say(0, noise)
                rig.bus.say(len(noise) * 1.042 + gap_ms, READ)
                await asyncio.sleep_ms(int(len(noise) * 1.042) + 250)
                assert rig.bus.said() == [REPLY], (noise, gap_ms)
        assert rig.count("damaged") >= 18
        assert rig.slave.diagnostics.counts[1] == rig.count("damaged")

    told(story)


def test_glitches_around_a_request_do_no_harm():
    """Proves: REL-1+"""

    async def story(rig):
        for before, after in ((b"\x00", b""), (b"\xff\xff", b""), (b"", b"\x00"), (b"\x00\xff\x00", b"\xff\x00")):
            rig.bus.say(0, before + READ + after)
            await asyncio.sleep_ms(100)
            assert rig.bus.said() == [REPLY], (before, after)
        assert rig.count("damaged") == 0

    told(story)


def test_frames_closer_than_the_silence_are_parted_by_their_content():
    """Proves: COM-8+"""

    async def story(rig):
        # A whole conversation with another unit arrives in one piece, then we are asked.
        for before in (
            FOREIGN + FOREIGN_REPLY,
            FOREIGN,
            FOREIGN_REPLY,
            WRITE + WRITE,
            frame("058302"),
            b"\x00" + FOREIGN,
        ):
            rig.bus.burst(0, before + READ)
            await asyncio.sleep_ms(100)
            assert rig.bus.said() == [REPLY], before
        assert rig.count("damaged") == 0
        assert rig.count("foreign") == 8

    told(story)


def test_a_request_that_somebody_follows_up_is_neither_done_nor_answered():
    """Who is late would garble the next exchange, and execute what the master no longer expects."""

    async def story(rig):
        rig.bus.burst(0, MINE + FOREIGN)
        await asyncio.sleep_ms(100)
        assert rig.bus.said() == [] and rig.bank.writes == 0
        assert rig.count("late") == 1

        # While we think, another frame begins.
        rig.serving.think_ms = 60
        rig.bus.say(0, MINE)
        rig.bus.say(30, FOREIGN)
        await asyncio.sleep_ms(200)
        assert rig.bus.said() == [] and rig.bank.writes == 0
        assert rig.count("broken_off") == 1

    told(story)


def test_a_request_that_waited_while_the_processor_was_away_is_left_alone():
    async def story(rig):
        rig.bus.say(1, MINE)
        await asyncio.sleep_ms(0)
        time.pass_ms(400)  # a flash erase
        await asyncio.sleep_ms(100)
        assert rig.bus.said() == [] and rig.bank.writes == 0
        assert rig.count("late") == 1
        rig.bus.say(0, READ)
        await asyncio.sleep_ms(100)
        assert rig.bus.said() == [REPLY]

    told(story)


def test_our_own_echo_is_not_taken_for_a_request():
    """The answer to a write looks exactly like the write: on a line that echoes it would go round for ever."""

    async def story(rig):
        rig.bus.echo = True
        for _ in range(3):
            rig.bus.say(0, MINE)
            await asyncio.sleep_ms(150)
            assert rig.bus.said() == [MINE]
            rig.bus.say(0, READ)
            await asyncio.sleep_ms(150)
            assert rig.bus.said() == [REPLY]
        assert rig.bank.writes == 3
        assert rig.counts() == {"asked": 6, "answered": 6, "echo": 6}

    told(story)


def test_a_write_repeated_at_once_is_done_again_on_a_line_without_echo():
    async def story(rig):
        rig.bus.say(0, READ)
        await asyncio.sleep_ms(60)
        rig.bus.say(0, FOREIGN)
        await asyncio.sleep_ms(60)
        rig.bus.said()
        rig.bus.say(0, MINE)
        await asyncio.sleep_ms(30)
        rig.bus.say(0, MINE)
        await asyncio.sleep_ms(60)
        assert rig.bus.said() == [MINE, MINE] and rig.bank.writes == 2

    told(story)


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


def test_after_any_noise_the_next_request_is_answered_and_nothing_was_before():
    """Proves: REL-1+"""
    state = [12345]

    def rand(n):
        state[0] = (state[0] * 1103515245 + 12345) & 0x3FFFFFFF
        return (state[0] >> 8) % n

    async def story(rig):
        for _ in range(300):
            at_ms = 0
            for _ in range(rand(5)):
                kind = rand(4)
                noise = bytes([rand(256) for _ in range(1 + rand(60))])
                if kind == 0:
                    noise = READ[: 1 + rand(7)]
                elif kind == 1:
                    spoilt = bytearray(READ)
                    spoilt[rand(8)] ^= 1 << rand(8)
                    noise = bytes(spoilt)
                rig.bus.say(at_ms, noise)
                at_ms += len(noise) * 1.05 + rand(30)
            await asyncio.sleep_ms(int(at_ms) + 100)
            assert rig.bus.said() == []
            rig.bus.say(0, READ)
            await asyncio.sleep_ms(100)
            assert rig.bus.said() == [REPLY]

    told(story)


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
