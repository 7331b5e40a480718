"""What a master knows of one slave: its pace, whether it lives, and which of its answers may still be on their way."""

import clock
from micropython import const
from modbus.master.job import Job
from modbus.wire import rtu

_READ_HOLDING = const(3)
_READ_INPUT = const(4)
_SILENT_AFTER = const(3)  # failures in a row that make a slave silent
_PROBE_FIRST_MS = const(500)
_PROBE_LAST_MS = const(10000)
_DEAD_SHARE = const(30)  # a silent slave is left alone for so many times what a request in vain costs
_LONG_MS = const(500000)
_LONG_US = const(500000000)  # as good as for ever, and still a small integer on the chips
_MISSES = const(4)  # answers that may still come
_LATE_MS = const(2000)  # an answer may come so long after its request was given up
_COPY_US = const(
    1000000
)  # a slave that says its answers twice gets so long for it, and twice that where it is not enough,
_COPY_MOST_US = const(4000000)  # up to this
_COPIES_MOST = const(8)
_SHAPES = const(4)  # of answers that may be said again
_WARY = const(200)  # exchanges since an answer of another shape came in place of the right one


class Slave:
    """One slave of a master."""

    def __init__(self, unit, pace):
        """unit: 1..247, 0 = all slaves (nobody answers). pace: its pacing.Pacing."""
        self.unit = unit
        self.pace = pace
        self.failures = 0  # in a row
        self.answered = False  # ever
        self.status = rtu.OK  # of the last exchange
        self.asked = False
        self.asked_at = 0  # ticks when the last request had left
        self.vain_ms = 0  # what the last request in vain took of the bus
        self._quiet_at = 0  # last character from or to it, in both clocks: one is fine, the other one long
        self._quiet_us = 0
        self._misses = bytearray(2 * _MISSES)  # function and bytes of values
        self._missed = 0  # rows of them in use
        self._missed_at = 0
        self._place = 0  # where the next one goes
        self._good_function = self._good_address = self._good_bytes = 0  # the last read that was answered
        self._doubted = False
        self._copies = 0  # > 0: it says its answers twice; so many exchanges without a copy until that is over
        self._copy_us = _COPY_US
        self._shapes = bytearray(2 * _SHAPES)  # function and bytes of values of the last reads that were answered
        self._shape = 0  # where the next one goes
        self._neighbour = 0  # bytes of values of the exchange just before, 0 = none
        self._wary = 0  # > 0: exchanges in which no two neighbours have one shape

    def silent(self):
        """Return True after three failures in a row."""
        return self.failures >= _SILENT_AFTER

    def link(self):
        """Return "starting", "ok", "silent" or "noisy"."""
        if self.failures < _SILENT_AFTER:
            return "ok" if self.answered else "starting"
        return "silent" if self.status == rtu.SILENT else "noisy"

    def rested_us(self, now, now_us):
        """Return for how long nothing was said to it or by it, in us; half a thousand seconds at most."""
        if not self.asked or clock.ticks_diff(now, self._quiet_at) >= _LONG_MS:
            return _LONG_US
        return max(0, clock.ticks_diff(now_us, self._quiet_us))

    def quiet(self, now, now_us):
        """Take note of the last character from or to it."""
        self._quiet_at = now
        self._quiet_us = now_us

    def probe_ms(self, is_alone):
        """Return the pause before it may be asked again because of its failures.

        is_alone: no other slave of the line wants the time; otherwise a slave that does not answer takes a thirtieth of it.
        """
        if not self.failures or (self.answered and self.failures < _SILENT_AFTER):
            return 0
        pause_ms = 0
        if self.failures >= _SILENT_AFTER:
            pause_ms = min(_PROBE_FIRST_MS << min(self.failures - _SILENT_AFTER, 8), _PROBE_LAST_MS)
        return pause_ms if is_alone else max(pause_ms, _DEAD_SHARE * self.vain_ms)

    def ended(self, status, job, began_at, now):
        """Take the status of an exchange that began at began_at."""
        self.status = status
        self._neighbour = 0
        if self._wary:
            self._wary -= 1
        if self._copies and status >= 0:
            self._copies -= 1
            if not self._copies:
                self._copy_us = _COPY_US
        elif self._copies and status != rtu.SILENT:
            self._copy_us = min(2 * self._copy_us, _COPY_MOST_US)  # the copy may have come into the answer
        if status >= 0:
            self.failures = 0
            self.answered = True
            if status == rtu.OK:
                self._missed = self._place = 0  # see before()
                if job.is_read():
                    self._note(job)
            return
        self.failures = min(self.failures + 1, 99)
        self.vain_ms = clock.ticks_diff(now, began_at)
        if status == rtu.WRONG_FUNCTION and not self._doubted:
            # Another answer, and not the right one behind it: that was no copy, and none is waited for.
            self._wary, self._copies = _WARY, 0
        if job.is_read():
            # What did not come yet may come later, and nothing in it says which registers it holds.
            at, misses = self._place, self._misses
            misses[at] = job.function
            misses[at + 1] = rtu.value_bytes(job.function, job.quantity)
            self._place = (at + 2) % (2 * _MISSES)
            self._missed = min(self._missed + 1, _MISSES)
            if not self._doubted:
                self._missed_at = now
        self._doubted = False

    def before(self, job, now):
        """Return the job to send: this one, or a small read that goes before it.

        A slave answers in the order of asking. So when something of another shape was answered, all that was asked
        before has been answered too, or never will be; until then a late answer could be taken for the job's. And a slave
        that was heard to answer what it was asked before is asked for no two things of one shape in turn.
        """
        if not (self._missed or self._wary) or not job.is_read():
            return job
        if self._missed and clock.ticks_diff(now, self._missed_at) > _LATE_MS:
            self._missed = self._place = 0
        if not self._doubtful(job.function, rtu.value_bytes(job.function, job.quantity)):
            return job
        function = job.function if job.function <= _READ_INPUT else _READ_HOLDING
        address = job.address
        if self._good_bytes and function >= _READ_HOLDING:
            function, address = self._good_function, self._good_address  # it need not have what the job asks for
        quantity = step = 2 if function >= _READ_HOLDING else 16
        while self._doubtful(function, rtu.value_bytes(function, quantity)):
            quantity += step
        return Job(self, _ignore).read(function, address, quantity)

    def doubts(self, job, now):
        """Return True if an exception to a job may be the late one to an earlier request: nothing in it tells."""
        if self._missed and not job.of_client and clock.ticks_diff(now, self._missed_at) <= _LATE_MS:
            for at in range(0, 2 * self._missed, 2):
                if self._misses[at] == job.function:
                    self._doubted = True
                    return True
        return False

    def stray(self, function, size):
        """Take note of a frame of the slave that nobody asked for, with so many bytes of values."""
        if not size:
            return
        shapes = self._shapes
        for at in range(0, 2 * _SHAPES, 2):
            if shapes[at] == function and shapes[at + 1] == size:
                if self._copies:
                    self._copy_us = min(2 * self._copy_us, _COPY_MOST_US)  # it was waited for, and came later
                self._copies = min(self._copies + 2, _COPIES_MOST)
                return

    def may_repeat(self, rested_us, waiting):
        """Return True if a copy of its last answer is still to come; waiting: bytes that the line has.

        A copy looks like the answer to the next read of the same shape, so a slave that was seen to say its answers
        twice is asked again when it has done so.
        """
        return self._copies and rested_us < self._copy_us and waiting < 5 + self._good_bytes

    def _note(self, job):
        """Keep the shape of a read that was answered, and where the guard of `before` may read."""
        size = rtu.value_bytes(job.function, job.quantity)
        shapes, at = self._shapes, self._shape
        self._neighbour, shapes[at], shapes[at + 1] = size, job.function, size
        self._shape = (at + 2) % (2 * _SHAPES)
        if job.function >= _READ_HOLDING and job.quantity > 1:
            self._good_function, self._good_address, self._good_bytes = job.function, job.address, size

    def _doubtful(self, function, size):
        """Return True if what comes as the answer to a read of that shape may be another's."""
        return (self._wary and size == self._neighbour) or self.expects(function, size)

    def expects(self, function, size):
        """Return True if a frame of that function and so many bytes of values may be a late answer."""
        misses = self._misses
        for at in range(0, 2 * self._missed, 2):
            if misses[at] == function and misses[at + 1] == size:
                return True
        return False


def _ignore(job, status, frame, at, count):
    """It is enough that it was answered."""
