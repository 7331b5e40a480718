"""Understands a Modbus RTU line that others talk on, sans-IO: bytes in, pairs of request and answer out.

    request   request   answer      rubbish   request  (no answer)  request   answer
    01 04 ..  02 03 ..  02 03 ..    xx xx xx  01 04 ..              01 04 ..  01 04 ..
    └ waits ───────────────────── dropped ┘   └ waits ... silent ┘  └────────────┘ sink.heard(...)

Bytes come as the driver hands them over, in chunks of any size: silence between frames cannot be seen reliably, so
lengths by function and the CRC cut the stream. An answer is paired with the one request that it fits (unit, function,
size or echoed address) and that is young enough for this slave's learned pace. A read whose answer another request could
have is held back until nothing else fits it (held.py). What could belong to two requests, comes after damaged bytes or
comes without a request is counted and not reported: a value that is lost is heard again, a wrong one is believed. Nothing
is allocated after the constructor.
"""

import array

import clock
from micropython import const
from modbus.listen import frames
from modbus.listen.held import Held, shape
from modbus.listen.polls import Polls
from modbus.listen.waiting import NOBODY, SEVERAL, Waiting, quantity
from modbus.wire import crc, rtu

# Places in Listener.counts.
PAIRS, EXCEPTIONS, UNANSWERED, ORPHANS, UNSURE, LATE, BROKEN, RUBBISH, BROADCASTS = 0, 1, 2, 3, 4, 5, 6, 7, 8
COUNT_NAMES = ("pairs", "exceptions", "unanswered", "orphans", "unsure", "late", "broken", "rubbish", "broadcasts")

_ROOM = const(384)  # bytes kept; the longest frame has 256
_ROWS = const(24)  # different requests that are told apart
_STALL_CHARACTERS = const(140)  # a driver may hold back 120 characters; after more silence nothing is on its way
_YOUNG_MS = const(500)
_GLITCHES = const(3)  # leading 0x00 or 0xFF that drivers make when they switch: they damage nothing
_EXCEPTION = const(0x80)
_IDENTIFY = const(43)
_READ_INPUT = const(4)
_READ_WRITE = const(23)


class Listener:
    """sink.heard(unit, function, address, count, status, buffer, at, when) is called for each request that was settled.

    count: registers or coils. status: rtu.OK, the exception code, or rtu.SILENT. After a good read (functions 1-4, 23)
    what was read starts at buffer[at]; buffer is only valid during the call. when: ticks of the answer's first byte.
    """

    def __init__(self, baud, parity, sink, rows=_ROWS):
        """rows: how many different requests `polls` tells apart."""
        self.polls = Polls(rows)
        self.counts = [0] * len(COUNT_NAMES)
        self._sink = sink  # an object, for calling a stored method with so many arguments would allocate
        self._stall_ms = _STALL_CHARACTERS * rtu.character_us(baud, parity) // 1000 + 10
        self._buffer = bytearray(_ROOM)
        self._stamps = array.array("H", bytes(2 * _ROOM))  # low 16 bits of the ticks at which each byte was handed over
        self._gaps_ms = bytearray(_ROOM)  # and how long nobody had looked by then: it may have come so much earlier
        self._start = self._end = 0
        self._now = self._byte_at = clock.ticks_ms()  # of the last look, and of the last byte
        self._skipped = 0  # bytes since the last frame that belong to none
        self._damaged = False  # and they may have been one
        self._waiting = Waiting()
        self._held = Held(sink)

    def feed(self, buffer, count, now):
        """Take the first `count` bytes of buffer, handed over at ticks `now`; 0 = the line was looked at and empty.

        To be called at least every 30 s, and at most some tens of ms apart for stamps worth learning from.
        """
        gap_ms = min(max(clock.ticks_diff(now, self._now), 0), 255)
        self._now = now
        taken = 0
        while taken < count:
            end = self._end
            part = min(count - taken, _ROOM - end)
            for i in range(part):
                self._buffer[end + i] = buffer[taken + i]
                self._stamps[end + i] = now & 0xFFFF
                self._gaps_ms[end + i] = gap_ms
            self._end = end + part
            taken += part
            self._byte_at = now
            self._cut(False)
        if not count:
            if self._end and clock.ticks_diff(now, self._byte_at) > self._stall_ms:
                self._cut(True)
            if not self._end:
                self._expire(now)
                self._held.settle(self._waiting, now)

    def _cut(self, stalled):
        """Take frames and rubbish off the front until more bytes are needed (never when stalled), then close up."""
        while self._start < self._end and self._step(stalled):
            pass
        start, count = self._start, self._end - self._start
        if start:
            buffer, stamps, gaps_ms = self._buffer, self._stamps, self._gaps_ms
            for i in range(count):
                buffer[i] = buffer[start + i]
                stamps[i] = stamps[start + i]
                gaps_ms[i] = gaps_ms[start + i]
            self._start = 0
            self._end = count

    def _step(self, stalled):
        """Take one frame or one byte of rubbish; return False if only more bytes can tell."""
        buffer, start = self._buffer, self._start
        have = self._end - start
        if have < 3:
            if stalled:
                self._skip(1)
            return stalled
        count = frames.hopeless(buffer, start, self._end)
        if count:
            self._skip(count)
            return True
        first = frames.request_length(buffer, start, have)
        second = frames.reply_length(buffer, start, have)
        # An answer that is waited for goes before a request, for its first bytes may look like one.
        awaited = second != frames.NONE and self._waiting.answered_by(buffer, start, have) != NOBODY
        if awaited:
            first, second = second, first
        if self._sealed(first, have):
            self._take(first, awaited, have)
            return True
        if first > have and not stalled:
            return False
        if self._sealed(second, have):
            self._take(second, not awaited, have)
            return True
        if second > have and not stalled:
            return False
        self._skip(1)
        return True

    def _sealed(self, length, have):
        """Return True if a frame of that length lies at the front."""
        return length <= have and crc.intact(self._buffer, self._start, self._start + length)

    def _skip(self, count):
        """Count bytes at the front as rubbish."""
        buffer = self._buffer
        for at in range(self._start, self._start + count):
            if 0 < buffer[at] < 0xFF:
                self._damaged = True
                break
        self._start += count
        self._skipped += count
        self.counts[RUBBISH] += count
        if self._skipped > _GLITCHES:
            self._damaged = True

    def _take(self, length, is_reply, have):
        """Take the frame at the front."""
        start, waiting = self._start, self._waiting
        if self._damaged:
            # The damaged bytes may have been any answer, and any request whose answer comes now.
            for slot in range(waiting.size):
                if waiting.function[slot]:
                    self.counts[BROKEN] += 1
                    waiting.function[slot] = 0
        self._skipped = 0
        self._damaged = False
        if is_reply:
            self._reply(start, have)
        else:
            self._request(start, self._ticks(start + length - 1))
        self._start = start + length

    def _request(self, start, at):
        buffer, waiting = self._buffer, self._waiting
        unit, function = buffer[start], buffer[start + 1]
        if unit == 0:
            self.counts[BROADCASTS] += 1
            return
        address = buffer[start + 2] << 8 | buffer[start + 3]
        count = buffer[start + 4] << 8 | (0 if function == _IDENTIFY else buffer[start + 5])
        self._expire(at)
        slot = waiting.find(unit, function, address, count)
        if slot == NOBODY:
            slot = waiting.oldest(at)
        if waiting.function[slot]:
            self._give_up(slot)
        row = self.polls.asked(unit, function, address, quantity(function, count), at)
        window_ms = self.polls.window_ms(row, _YOUNG_MS + self._stall_ms)
        waiting.put(slot, unit, function, address, count, at, window_ms)

    def _reply(self, start, have):
        buffer, waiting, polls = self._buffer, self._waiting, self.polls
        slot = waiting.answered_by(buffer, start, have)
        held, at = self._held, self._ticks(start)
        kind = shape(buffer[start], buffer[start + 1], buffer[start + 2])  # if it is a read
        if slot == NOBODY:
            self.counts[ORPHANS] += 1
            held.surplus(kind, at)
            return
        if slot == SEVERAL:
            # It answers one of them, nobody knows which; the others may still be answered.
            waiting.function[waiting.newest(buffer, start, have)] = 0
            self.counts[UNSURE] += 1
            held.surplus(kind, at)
            return
        unit, function = waiting.unit[slot], waiting.function[slot]
        address, count = waiting.address[slot], quantity(waiting.function[slot], waiting.count[slot])
        waiting.function[slot] = 0
        think_ms = clock.ticks_diff(at, waiting.at[slot]) - self._gaps_ms[start]
        row = polls.find(unit, function, address, count)
        if think_ms > waiting.window_ms[slot]:
            self.counts[LATE] += 1
            if row >= 0:
                polls.late(row, think_ms)
            return
        if row >= 0:
            polls.answered(row, think_ms)
        status = rtu.OK
        if buffer[start + 1] & _EXCEPTION:
            status = buffer[start + 2]
            self.counts[EXCEPTIONS] += 1
        if status == rtu.OK and (function <= _READ_INPUT or function == _READ_WRITE):
            if row < 0 or not polls.alone(row):
                due = clock.ticks_add(waiting.at[slot], waiting.window_ms[slot])
                known = held.put(kind, address, count, buffer, start + 3, at, due)
                self.counts[PAIRS if known else UNSURE] += 1
                return
            held.passed(kind, at)
        self.counts[PAIRS] += 1
        self._sink.heard(unit, function, address, count, status, buffer, start + 3, at)

    def _expire(self, now):
        """Give up requests that can have no answer any more."""
        waiting = self._waiting
        for slot in range(waiting.size):
            if waiting.gone(slot, now):
                self._give_up(slot)

    def _give_up(self, slot):
        waiting = self._waiting
        unit, function = waiting.unit[slot], waiting.function[slot]
        address, count = waiting.address[slot], quantity(function, waiting.count[slot])
        at, kind = waiting.at[slot], waiting.shape(slot)
        waiting.function[slot] = 0
        self.counts[UNANSWERED] += 1
        self._held.unanswered(kind, at)
        self._sink.heard(unit, function, address, count, rtu.SILENT, self._buffer, 0, at)

    def _ticks(self, position):
        """Return the ticks at which a byte of the buffer was handed over."""
        now = self._now
        return clock.ticks_add(now, -((now - self._stamps[position]) & 0xFFFF))
