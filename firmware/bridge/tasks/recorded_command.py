"""Lets the flight recorder see each decision of the limit's command: what it knew, what it was told, what it said then.

In memory with the recorder. It stands between whoever tells the command something and the command, by attributes of that
one object, so where nothing is recorded it costs nothing. What changes nothing that is said is not written down.
"""

from binascii import crc32

import clock
from bridge.logic.grid.command import NONE, STATES
from micropython import const

WANT, TOUCH, DOUBT, AGE, WROTE, READ = 0, 1, 2, 3, 4, 5
_KIND = const(7)
_MOVING_S = const(60)
_CRC_MASK = const(0xFFFF)


class Watch:
    """One command, watched."""

    def __init__(self, order, state):
        """order: grid.command.LimitCommand."""
        self.order, self._state = order, state
        self._want, self._touch, self._doubt = order.want, order.touch, order.doubt
        self._age, self._wrote, self._read = order.age, order.wrote, order.read
        order.want, order.touch, order.doubt = self.want, self.touch, self.doubt
        order.age, order.wrote, order.read = self.age, self.wrote, self.read

    def end(self):
        """Let the command be as it was."""
        order = self.order
        del order.want, order.touch, order.doubt, order.age, order.wrote, order.read

    def want(self, raw, now):
        order = self.order
        if (raw is None) == order._ends and (raw == order.target or (raw is None and order.target in (None, NONE))):
            self._want(raw, now)  # as before: nothing is decided, and nothing made
        else:
            self._tell(WANT, (raw,), now, self._want, raw, now)

    def touch(self, silent, now):
        if silent == self.order._silent:
            self._touch(silent, now)
        else:
            self._tell(TOUCH, (int(silent),), now, self._touch, silent, now)

    def doubt(self):
        self._tell(DOUBT, (), clock.ticks_ms(), self._doubt)

    def age(self, now, most_ms):
        order = self.order
        if order.state != "held" or order.target == NONE or clock.ticks_diff(now, order._good_at) <= most_ms:
            self._age(now, most_ms)
        else:
            self._tell(AGE, (most_ms,), now, self._age, now, most_ms)

    def wrote(self, status, text, now):
        self._tell(WROTE, (status, text), now, self._wrote, status, text, now)

    def read(self, raw, refused, text, now):
        self._tell(READ, (raw, int(refused), text), now, self._read, raw, refused, text, now)

    def _tell(self, event, told, now, act, *arguments):
        order, recorder = self.order, self._state.recorder
        before = memory(order, now)
        said = order.state, order.text, order.target, order.owed, order.overruled
        act(*arguments)
        if not recorder or said == (order.state, order.text, order.target, order.owed, order.overruled):
            return
        text_sum = crc32(order.text.encode()) & _CRC_MASK
        values = ((event,) + told + (None, None, None))[:4] + before + (text_sum,) + decided(order, now)
        recorder.tell(_KIND, values, len(values) if self._state.export_cap_w is not None else 0, _MOVING_S)


def memory(order, now):
    """Return what a command knows, as numbers and None, in the order of the replay's COMMAND_MEMORY."""
    return (
        STATES.index(order.state), order.target, int(order.owed), order.rated_w, order.overruled,
        int(order.read_first), int(order._ends), order._holds, order._sent, int(order._kept),
        order._failed, order._unread, int(order._silent), int(order.acknowledged), order._shift_w,
        order._timer_ms, _until(order._next_at, now), _until(order._read_at, now),
        clock.ticks_diff(order.sent_at, now), clock.ticks_diff(order._good_at, now),
    )  # fmt: skip


def decided(order, now):
    """Return what of that a decision leaves behind, in the order of the replay's COMMAND_DECIDED."""
    return (
        STATES.index(order.state), order.target, int(order.owed), order.overruled, int(order._kept), order._failed,
        int(order.acknowledged), order._shift_w, order._timer_ms, _until(order._next_at, now),
    )  # fmt: skip


def _until(at, now):
    return None if at is None else clock.ticks_diff(at, now)
