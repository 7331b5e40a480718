"""Sending beside the event loop on the RP2040: the driver is released in time whatever the tasks do."""

import asyncio
import time

import chip

_CHARACTER_US = 1041
_LONG = bytes(range(125))  # 130 ms at 9600
_END_US = 125 * _CHARACTER_US


class Ear:
    def answer(self, frame):
        return None


def _opened(baud=9600):
    chip.play("rp2040")
    from board import Board
    from machine import UART

    far = UART.connect(1, Ear())
    return Board().rs485(1, baud, "N"), far


def _driver():
    """Return the edges of the driver's pin: (us, level)."""
    from machine import Pin

    return Pin.edges(chip.PORTS["rp2040"][1][1])


def _released_us(began_us):
    """Return how long after the last stop bit the driver went low."""
    (_, first), (_, on), (off_us, off) = _driver()
    assert (first, on, off) == (0, 1, 0)
    return off_us - began_us - _END_US


def _block(ms):
    """Keep the processor, as a driver in C does; interrupts come."""
    for _ in range(10 * ms):
        time.pass_us(100)


def test_the_tasks_go_on_while_a_long_frame_leaves():
    """Proves: COM-9+"""
    line, far = _opened()
    turns = []

    async def beside():
        while True:
            turns.append(chip.now_us())
            await asyncio.sleep_ms(1)

    async def main():
        task = asyncio.create_task(beside())
        await asyncio.sleep_ms(5)
        began_us = chip.now_us()
        line.begin(_LONG, 125)
        assert chip.now_us() == began_us
        while line.sending():
            await asyncio.sleep_ms(2)
        assert 0 <= _released_us(began_us) < 20, _released_us(began_us)
        task.cancel()

    asyncio.run(main())
    time.pass_us(5000)
    assert [frame for _, frame in far.heard] == [_LONG]
    assert len(turns) > 120
    assert max([b - a for a, b in zip(turns, turns[1:])]) < 5000


def test_a_task_that_blocks_over_the_end_of_the_frame_does_not_hold_the_driver():
    """Proves: COM-9+, REL-1+"""
    line, far = _opened()
    began_us = chip.now_us()
    line.begin(_LONG, 125)
    _block(3000)  # a scan for networks
    assert 0 <= _released_us(began_us) < 120
    assert not line.sending()
    assert [frame for _, frame in far.heard] == [_LONG]


def test_a_chip_that_served_no_interrupt_in_time_is_helped_by_the_next_question():
    """An erase of the flash takes the interrupt; what is left of the frame is waited for."""
    line, _ = _opened()
    line._timer.init = lambda **named: None
    line.begin(_LONG, 125)
    time.pass_us(_END_US + 10000)
    assert line.sending()
    time.pass_us(20000)
    assert not line.sending()
    assert _driver()[-1][1] == 0


def test_what_is_sent_next_waits_for_the_frame_that_is_leaving():
    line, far = _opened()
    line.begin(_LONG, 125)
    line.send(b"12345678", 8)
    time.pass_us(20000)
    assert b"".join([frame for _, frame in far.heard]) == _LONG + b"12345678"
    assert [level for _, level in _driver()] == [0, 1, 0, 1, 0]
    assert not line.sending()
    time.sleep_ms(500)  # the timer of the first frame comes and finds nothing to do
    assert [level for _, level in _driver()] == [0, 1, 0, 1, 0]


def test_a_second_long_frame_waits_for_the_first_one():
    line, far = _opened()
    line.begin(_LONG, 125)
    line.begin(_LONG, 125)
    assert [level for _, level in _driver()] == [0, 1, 0, 1]  # let go between the two
    _block(500)
    assert _driver()[-1][1] == 0 and not line.sending()
    assert b"".join([frame for _, frame in far.heard]) == 2 * _LONG


def test_a_short_frame_is_sent_at_once():
    line, far = _opened()
    began_us = chip.now_us()
    line.begin(b"12345678", 8)
    assert chip.now_us() - began_us >= 8 * _CHARACTER_US
    assert not line.sending()


def test_a_line_that_only_listens_begins_nothing():
    """Proves: COM-8+"""
    line, far = _opened()
    line.transmit_off()
    try:
        line.begin(_LONG, 125)
    except OSError as e:
        assert e.errno == 1
    else:
        raise AssertionError("sent")
    assert [level for _, level in _driver()] in ([0], [0, 0])


def test_listening_cuts_what_is_leaving():
    """Proves: COM-8+"""
    line, _ = _opened()
    line.begin(_LONG, 125)
    time.pass_us(50000)
    line.transmit_off()
    assert _driver()[-1][1] == 0 and not line.sending()
    time.pass_us(200000)
    assert _driver()[-1][1] == 0


def test_at_2400_bps_too():
    line, _ = _opened(2400)
    began_us = chip.now_us()
    line.begin(_LONG, 125)
    _block(1000)
    off_us, off = _driver()[-1]
    assert off == 0 and 0 <= off_us - began_us - 125 * 4166 < 100
