"""Finds the reply to a job in what comes off the line, and says what else came; sans-IO.

    00 ff | our own request | a whole frame of others, or too late | 01 04 04 .. crc
    glitch       echo                 wrong, late                     the reply

Nothing here allocates. What is told apart is counted once per exchange or frame.
"""

from micropython import const
from modbus.wire import crc, rtu

_GLITCHES = const(3)  # 0x00 or 0xFF that drivers make when they switch; other noise may stand there as well
_EXCEPTION = const(0x80)
_READ_INPUT = const(4)
_READ_WRITE = const(23)
_ROOM = const(32)  # for an echo, and what stands before the reply

# Places in Reply.counts; the first seven say how exchanges ended, the others what was seen meanwhile.
GOOD, EXCEPTIONS, TIMEOUTS, SHORTS, CRC_ERRORS = 0, 1, 2, 3, 4
WRONG_UNIT, WRONG_REPLY, LATE, ECHOES, GLITCHES, SPLIT, STRAY = 5, 6, 7, 8, 9, 10, 11
COUNT_NAMES = (
    "good", "exception", "silent", "short", "bad_crc",
    "wrong_unit", "wrong_reply", "late", "echo", "glitch", "split", "stray",
)  # fmt: skip
_ENDS = (GOOD, TIMEOUTS, SHORTS, CRC_ERRORS)  # by status; written in place it would be made at each use


class Reply:
    """The bytes since the last request."""

    def __init__(self):
        self.frame = bytearray(2 * rtu.LONGEST + _ROOM)
        self.counts = [0] * len(COUNT_NAMES)
        self.have = 0
        self.need = 0  # bytes that must be there before it is worth to look again
        self.start = 0  # of the reply
        self.end = 0
        self.status = rtu.SILENT
        self._passed = 0  # bytes in front that are told and counted
        self._claimed = 0  # where a frame that is not ours ends, as its byte count says
        self._echoes = False  # the line gives back what we send

    def begin(self, job):
        """Forget what was, and wait for the reply to a job."""
        self.have = self._passed = self.start = self.end = 0
        self.status = rtu.SILENT
        self.need = 5
        self.need = self._size(job, 0)

    def recognise(self, job):
        """Look at the first `have` bytes: return True if the reply is there (see status, start, end)."""
        frame, have = self.frame, self.have
        while True:
            start = self._skip_glitches(job, self._passed)
            if self._is_echo(job, start):
                self.counts[ECHOES] += 1
                self._passed = start + job.length
                self.status = rtu.SILENT
                continue
            end = start + self._size(job, start)
            is_whole = end <= have
            status = job.check(frame, start, end) if is_whole else rtu.SHORT
            if status >= 0:
                if start > self._passed:
                    self.counts[GLITCHES] += 1
                return self._found(status, start, end)
            told = self._told(start)
            if not told:
                if have > start:
                    self.status = status
                self.need = max(have + 1, self._claimed) if is_whole else end
                return False
            self._count_other(job, start)
            self._passed = told

    def search(self, job):
        """Look for a reply behind noise, once nothing comes any more: it ends where the bytes end."""
        frame, have = self.frame, self.have
        for start in range(self._passed + 1, have - 4):
            if frame[start] == job.slave.unit and frame[start + 1] & 0x7F == job.function:
                if start + self._size(job, start) == have:
                    status = job.check(frame, start, have)
                    if status >= 0:
                        self.counts[GLITCHES] += 1
                        return self._found(status, start, have)
        return False

    def count(self):
        """Count how the exchange ended."""
        status = self.status
        if status > 0:
            place = EXCEPTIONS
        elif status >= rtu.BAD_CRC:
            place = _ENDS[-status]
        else:
            return  # it was counted when it was seen
        self.counts[place] += 1

    def doubt(self):
        """Take the exception that was found for one to an earlier request; return the status of that."""
        self.counts[LATE] += 1
        self.status = rtu.WRONG_FUNCTION
        return rtu.WRONG_FUNCTION

    def append(self, piece, count):
        """Put the first `count` bytes of piece behind those in frame; what has no room is lost."""
        frame, have = self.frame, self.have
        count = min(count, len(frame) - have)
        for i in range(count):
            frame[have + i] = piece[i]
        self.have = have + count

    def strays(self, slave):
        """Take what came between two exchanges and lies in frame. slave: who was asked last, or None."""
        told = self._told(0)
        late = told and slave and self.frame[0] == slave.unit and slave.expects(self.frame[1], self.frame[2])
        self.counts[LATE if late else STRAY] += 1
        if told and slave and not late and self.frame[0] == slave.unit:
            slave.stray(self.frame[1], self.frame[2])

    def _found(self, status, start, end):
        self.status, self.start, self.end = status, start, end
        return True

    def _size(self, job, start):
        """Return the bytes of the reply that begins at start, as far as they tell; else the least it can have."""
        if self.have - start >= 2 and self.frame[start + 1] & _EXCEPTION:
            return 5
        return job.reply_size(self.frame, start, self.have)

    def _skip_glitches(self, job, start):
        frame, unit = self.frame, job.slave.unit
        end = min(self.have, start + _GLITCHES)
        while start < end and frame[start] in b"\x00\xff" and frame[start] != unit:
            start += 1
        return start

    def _is_echo(self, job, start):
        """Return True if our own request lies at start; where a reply looks the same, the line must be known for it."""
        frame, sent, length = self.frame, job.frame, job.length
        if self._passed or start + length > self.have or frame[start] != sent[0]:
            return False
        same = True
        for i in range(1, length):
            if frame[start + i] != sent[i]:
                same = False
                break
        if not job.repeats_request():
            self._echoes = same
        return same and self._echoes

    def _told(self, start):
        """Return the end of a whole frame of whatever kind at start, 0 = there is none, or not yet (see _claimed)."""
        frame = self.frame
        self._claimed = 0
        if self.have - start < 5:
            return 0
        function = frame[start + 1]
        if function & _EXCEPTION:
            end = start + 5
        elif function <= _READ_INPUT or function == _READ_WRITE:
            end = self._claimed = start + 5 + frame[start + 2]
            if not self._is_good(start, end):
                end = start + 8  # it may be the request of another master
        else:
            end = start + 8
        return end if self._is_good(start, end) else 0

    def _is_good(self, start, end):
        return end <= self.have and crc.intact(self.frame, start, end)

    def _count_other(self, job, start):
        frame = self.frame
        if frame[start] != job.slave.unit:
            place = WRONG_UNIT
        elif job.slave.expects(frame[start + 1], frame[start + 2]):
            place = LATE
        else:
            place = WRONG_REPLY
            job.slave.stray(frame[start + 1], frame[start + 2])
        self.counts[place] += 1
        self.status = rtu.WRONG_UNIT if place == WRONG_UNIT else rtu.WRONG_FUNCTION
