"""The strip's task: what is sent to the LEDs, and how often."""

import asyncio
import time

from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import leds

_MGMT = 18  # first byte of the fourth quarter of eight LEDs


class Board:
    led_count = 8

    def __init__(self):
        self.shown = []  # (ms, picture)

    def show(self, rgb):
        self.shown.append((time.passed_ms(), bytes(rgb)))


class Rig:
    def __init__(self):
        self.board, self.state, self.settings = Board(), State(), Settings()
        self.settings.led_brightness = 100
        self.task = asyncio.create_task(leds.run(lambda: None, self.board, self.state, self.settings))

    async def for_ms(self, ms):
        """Return the pictures of the next ms milliseconds, as (ms, first LED of MGMT)."""
        seen = len(self.board.shown)
        await asyncio.sleep_ms(ms)
        return [(at, picture[_MGMT : _MGMT + 3]) for at, picture in self.board.shown[seen:]]


async def test_what_flashes_changes_twice_a_second():
    """Proves: LED-1"""
    r = Rig()
    r.state.portal_busy_at = time.ticks_ms()
    await r.for_ms(1000)
    shown = await r.for_ms(4000)
    assert len(shown) == 8, shown
    for (at, picture), (later, other) in zip(shown, shown[1:]):
        assert {picture, other} == {bytes(3), b"\x00\xff\x00"}
        assert 375 <= later - at <= 625, (at, later)


async def test_what_was_shown_is_not_known_any_more_when_the_task_dies():
    r = Rig()
    r.state.uplink_connected = True
    await r.for_ms(1000)
    r.state.alarms = "none"
    assert r.state.segments == ("not connected", "not connected", "all dormant", "FE or WLAN")
    r.board.show = None  # raises when the strip is written
    await r.for_ms(6000)
    assert r.task.done()
    assert r.state.segments == ("not connected", "not connected", "all dormant", "not connected")
    assert r.state.alarms == "not known"


async def test_a_steady_picture_is_sent_again_every_five_seconds_for_a_strip_that_comes_late():
    """Proves: LED-4"""
    r = Rig()
    r.state.uplink_connected = True
    await r.for_ms(1000)
    shown = await r.for_ms(20000)
    assert 3 <= len(shown) <= 4, shown
    assert {picture for _, picture in shown} == {b"\x00\xff\x00"}


async def test_a_new_brightness_and_a_new_state_are_seen_at_once():
    """Proves: LED-3+"""
    r = Rig()
    r.state.uplink_connected = True
    await r.for_ms(1000)
    while not 150 < time.ticks_ms() % 500 < 200:  # what flashes changes every 500 ms: not in the time that counts here
        await asyncio.sleep_ms(10)
    r.settings.led_brightness = 10
    assert [picture for _, picture in await r.for_ms(300)] == [b"\x00\x19\x00"]
    r.state.uplink_connected = False
    assert [picture for _, picture in await r.for_ms(700)] == [bytes(3)]
