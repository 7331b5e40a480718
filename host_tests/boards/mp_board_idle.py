import chip
from board_line import line_of, received


def _idle_callback_comes(name, idle_us):
    import time

    line, _far = line_of(name, think_ms=20)
    seen = []
    line.on_idle(lambda which: seen.append((which.any(), chip.now_us())))
    end_us = chip.now_us() + 8 * 1041 + 20000 + 8 * 1041
    line.send(b"12345678", 8)
    for _ in range(1000):
        time.pass_us(50)
    assert len(seen) == 1 and seen[0][0] == 8
    assert idle_us <= seen[0][1] - end_us <= idle_us + 50


def test_the_idle_callback_of_the_rp2040_comes_32_bit_times_after_the_reply():
    _idle_callback_comes("rp2040", 3333)


def test_the_idle_callback_of_the_esp32_comes_3_characters_after_the_reply():
    _idle_callback_comes("esp32", 3123)


async def _woken_by_the_reply(name):
    """Return how many ms after the reply's end a task noticed that waits for the idle callback, and one that polls."""
    import asyncio

    line, _far = line_of(name, think_ms=24)
    flag = asyncio.ThreadSafeFlag()
    line.on_idle(lambda which: flag.set())
    end_us = chip.now_us() + 8 * 1041 + 24000 + 8 * 1041
    line.send(b"12345678", 8)
    await asyncio.wait_for_ms(flag.wait(), 1000)
    woken_us = chip.now_us() - end_us
    assert received(line) == b"87654321"
    line.on_idle(None)
    end_us = chip.now_us() + 8 * 1041 + 24000 + 8 * 1041
    line.send(b"12345678", 8)
    while line.any() < 8:
        await asyncio.sleep_ms(1)
    return woken_us // 1000, (chip.now_us() - end_us) // 1000


async def test_the_rp2040_notices_a_reply_by_interrupt_and_by_polling():
    woken_ms, polled_ms = await _woken_by_the_reply("rp2040")
    assert 3 <= woken_ms <= 5
    assert polled_ms <= 2


async def test_the_esp32_polls_only_every_10_ms_but_an_interrupt_wakes_it_at_once():
    woken_ms, polled_ms = await _woken_by_the_reply("esp32")
    assert 3 <= woken_ms <= 5
    assert chip.now_us() % 10000 == 0 and polled_ms <= 10


async def test_an_idle_interrupt_that_comes_late_is_only_late():
    chip.idle_late_ms = 30
    woken_ms, _polled_ms = await _woken_by_the_reply("rp2040")
    assert 33 <= woken_ms <= 35
