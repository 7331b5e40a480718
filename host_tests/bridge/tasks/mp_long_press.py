# heap: 3m
# A factory reset is asked for by a press of 15 s to a minute that ends; nothing else asks for one.
import asyncio
import os

import ram_disk
from bridge import app
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import field_io
from store import record


class Board:
    pressed = False

    def inputs(self):
        return 0

    def set_outputs(self, mask):
        pass

    def button(self):
        return self.pressed


def asked(*spans):
    """Press and let go in turn, so many ms each; return (reset asked for, presses) after each span."""
    board, state, told = Board(), State(), []

    async def main():
        task = asyncio.create_task(field_io.run(lambda: None, board, state, Settings(), asyncio.Event()))
        for place, span_ms in enumerate(spans):
            board.pressed = place % 2 == 0
            await asyncio.sleep_ms(span_ms)
            told.append((state.reset_asked, state.button_presses))
        task.cancel()

    asyncio.run(main())
    return told


def test_a_press_of_fifteen_seconds_asks_when_it_ends_and_not_before():
    """Proves: PRV-8+"""
    assert asked(16_000, 100) == [(False, 1), (True, 1)]


def test_shorter_presses_however_many_ask_for_nothing():
    """Counting presses or restarts resets houses whose mains flicker. Proves: PRV-8+"""
    assert asked(*[5000, 100] * 20)[-1] == (False, 20)
    assert asked(14_500, 100)[-1] == (False, 1)


def test_a_button_that_is_stuck_asks_for_nothing():
    """Proves: PRV-8+, REL-1+"""
    assert asked(3_600_000, 1000) == [(False, 1), (False, 1)]


def test_the_next_start_ends_it_and_keeps_what_the_device_is_and_owes():
    """Proves: PRV-8+"""
    ram_disk.mount()
    data = ram_disk.ROOT + "/data/"
    kept = ("device", "limit", "orders", "outputs", "slot_state")
    for name in kept + ("settings", "wlan", "window", "ems", "lacks_1"):
        record.save(data + name, {"of": name})
    app._finish_reset(data)
    assert record.load(data + "settings") == {"of": "settings"}  # nobody asked
    record.save(data + "reset", {"by": "button"})
    app._finish_reset(data)
    assert sorted(os.listdir(data[:-1])) == sorted(kept)
    assert sorted(os.listdir(ram_disk.ROOT)) == sorted(kept + ("data",))
    app._finish_reset(data)
    assert record.load(data + "limit") == {"of": "limit"}
