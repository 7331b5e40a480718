# heap: 320k
"""Who commanded an output last: a broker's message and a Modbus master's write within one second of each other, from their
bytes to the contact, on a clock that is set by hand and wraps as the chips' does.
"""

import chip
import clock
from virtual_bus import ticks_add, ticks_diff
from wire import frame

SPACINGS_MS = (1, 2, 3, 5, 10, 20, 38, 50, 99, 100, 123, 200, 250, 333, 499, 500, 501, 750, 900, 998, 999)
_WRAP_MS = 1 << 30
_HOUR_MS = 3600000


class Time:
    """Milliseconds, as far as they are needed."""

    def __init__(self):
        self.now = 0
        clock.ticks_ms = lambda: self.now % _WRAP_MS
        clock.ticks_diff, clock.ticks_add = ticks_diff, ticks_add
        clock._uptime.__init__()
        clock.seconds()

    def to(self, ms):
        """Go on to a moment; seconds are counted each hour, as the supervisor does more often."""
        while self.now < ms:
            self.now = min(self.now + _HOUR_MS, ms)
            clock.seconds()


class Bridge:
    """The two commanders' ways in, and what is driven."""

    def __init__(self):
        chip.play("rp2040")
        import board
        from bridge.ports import server
        from bridge.settings import Settings
        from bridge.state import State
        from bridge.tasks.commands import Commands

        self.state, self.settings = State("1.2.3", "power", "SN1"), Settings()
        self.settings.apply({"server_unit": 9, "server_outputs": True})
        self.answers = []
        self.commands = Commands(self.state, self.settings, self.answers.append)
        this = board.Board()
        role = server.Server(this.rs485(1, 9600, "N"), 9600, "N", this, self.state, self.settings)
        self.device = role.device
        self._out = bytearray(256)

    def broker(self, closed):
        self.commands._waiting.clear()
        self.commands.take(b'{"do1":true}' if closed else b'{"do1":false}', False)

    def master(self, closed):
        asked = frame("09050000ff00" if closed else "090500000000")
        assert bytes(self._out[: self.device.answer(asked, len(asked), self._out)]) == asked

    def driven(self):
        from bridge.logic.grid import control

        return control.decide(self.state, self.settings, None, None, clock.seconds())[0][3] & 1


def _trials(starts):
    """Let one commander close DO1 and the other open it, both ways round, from each start on; return how many trials."""
    time, b = Time(), Bridge()
    count = 0
    for start in starts:
        for spacing in SPACINGS_MS:
            for first, second in ((b.broker, b.master), (b.master, b.broker)):
                for closed in (True, False):
                    time.to(max(start, time.now + 5000))
                    first(not closed)
                    assert b.driven() == (not closed)
                    time.to(time.now + spacing)
                    second(closed)
                    seen = [b.driven()]
                    for later_ms in (1, 50, 949, 1000, 3000):
                        time.to(time.now + later_ms)
                        seen.append(b.driven())
                    assert seen == [closed] * 6, (start, spacing, first, closed, seen)
                    count += 1
    return count


def test_the_later_of_two_commanders_counts_however_close_they_are():
    """Proves: COM-1, COM-2"""
    assert _trials([1000000 + 137 * k for k in range(5)]) == 420


def test_the_later_one_counts_around_a_wrap_of_the_ticks():
    """Each trial straddles a wrap of its own: the first command before it, the second behind it or just before.

    Proves: COM-1, COM-2
    """
    time, b = Time(), Bridge()
    wraps = 0
    for spacing in SPACINGS_MS:
        for first, second in ((b.broker, b.master), (b.master, b.broker)):
            for before in {1, spacing // 2, spacing - 1, spacing, spacing + 1}:
                wraps += 1
                time.to(wraps * _WRAP_MS - before)
                first(False)
                time.to(time.now + spacing)
                second(True)
                assert b.driven() == 1, (spacing, first, before)
                time.to(time.now + 2500)
                assert b.driven() == 1, (spacing, first, before)


def test_a_command_of_half_a_period_of_the_ticks_ago_is_still_the_earlier_one():
    """Proves: COM-1, COM-2"""
    for days in (6, 7, 12, 13, 18, 25):
        for close_first in (True, False):
            time, b = Time(), Bridge()
            b.broker(close_first)
            time.to(days * 24 * _HOUR_MS)
            b.master(not close_first)
            assert b.driven() == (not close_first), days
            time.to(time.now + 40)
            b.broker(close_first)
            assert b.driven() == close_first, days
