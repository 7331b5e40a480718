"""Whole frames out of bursts, gaps, echoes and noise: what is no request for us, or no longer one, is left alone."""

import asyncio
import time

from serving_rig import FOREIGN, FOREIGN_REPLY, MINE, READ, REPLY, WRITE, told
from wire import frame


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
