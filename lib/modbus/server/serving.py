"""Drives a slave on a line (the board's rs485 object): waits for whole frames, answers after a think time.

A frame ends by the silence after it (t3.5), and is taken for one only if its length and CRC say so: adapters deliver in
bursts, so a gap inside a frame is bridged, and frames closer than t3.5 that arrive as one piece are parted again. What
makes no frame is dropped after a while. Only a request that ends the traffic is answered: whoever is late stays silent.

A slave is sans-IO: `slave.unit`, and `slave.answer(request, count, out)` -> length of the reply in out, 0 = say
nothing; count 0 tells it that a frame was damaged. modbus.server.server.Server is one. A steady exchange allocates nothing.
"""

import asyncio

import clock
from micropython import const
from modbus.wire import crc, pdu, rtu

_DIAGNOSE = const(8)
_QUIET_POLL_MS = const(4)  # while nothing comes; a request takes at least 8 ms
_POLL_MS = const(2)
_PATIENCE_MS = const(40)  # longest gap inside a frame: USB adapters hold bytes back for 16 ms
_LATE_MS = const(250)  # bytes may be so old if nobody looked; the master has given up, and may be talking
_ECHO_MS = const(100)  # of a reply that nobody else can have sent
_GLITCHES = const(3)  # 0x00 or 0xFF around a frame, which drivers make when they switch
_SILENT_S = const(60)  # nobody asked for so long
_NOISY = const(5)  # damaged frames in a row

# Places in Serving.counts.
ASKED, ANSWERED, FOREIGN, DAMAGED, LATE, BROKEN_OFF, ECHOES, GLITCHES = 0, 1, 2, 3, 4, 5, 6, 7
COUNT_NAMES = ("asked", "answered", "foreign", "damaged", "late", "broken_off", "echo", "glitch")

_UNKNOWN, _ECHOING, _CLEAN = 0, 1, 2


class Serving:
    """Answers on a line for a slave; `think_ms` from the end of a request to the start of its answer, at least t3.5."""

    count_names = COUNT_NAMES

    def __init__(self, line, baud, parity, slave, think_ms=0):
        self._line = line
        # A long answer need not hold up everything else, if the line can send beside.
        self._say = getattr(line, "begin", line.send)
        self._sending = getattr(line, "sending", _never)
        # An echo is there when the sending ends, or so much later; the same request again takes its time on the wire.
        self._echo_ms = getattr(line, "late_ms", 0)
        self._character_us = rtu.character_us(baud, parity)
        self.slave = slave
        self.think_ms = think_ms
        # One tick more than t3.5, because a tick may have begun just before it was read.
        self._silence_ms = rtu.silence_us(baud, parity) // 1000 + 2
        self._frame = bytearray(2 * rtu.LONGEST)
        self._piece = bytearray(rtu.LONGEST)
        self._out = bytearray(rtu.LONGEST)
        self._have = 0
        self._judged = 0  # so many bytes were found to be no frame yet
        self._late = False
        self._begin = 0  # where the frame begins that was found last
        self._is_request = False  # and what it looks like
        self._sent = 0  # length of the reply that may come back as our own echo
        self._sent_at = 0  # ticks when it was still being sent
        self._seen_at = self._unseen_at = 0  # ticks of the look that found the last bytes, and of the look before
        self._line_kind = _UNKNOWN
        self._damaged = 0  # in a row
        self._asked_s = None
        self.muted = False
        self.stopped = False  # set it, and run() ends
        self.status = rtu.OK  # as the master sees it: OK, SILENT (nobody asks) or BAD_CRC
        self.counts = [0] * len(COUNT_NAMES)

    def mute(self):
        """Say nothing any more, for good: the driver is off and requests are only counted."""
        self.muted = True
        self._line.transmit_off()

    def link(self):
        """Return "starting" (never asked), "ok", "silent" (nobody asked for a minute) or "noisy"."""
        if self._damaged >= _NOISY:
            self.status = rtu.BAD_CRC
            return "noisy"
        if self._asked_s is None:
            return "starting"
        quiet = clock.seconds() - self._asked_s >= _SILENT_S
        self.status = rtu.SILENT if quiet else rtu.OK
        return "silent" if quiet else "ok"

    async def run(self, beat):
        """Own the line until `stopped` is set. An OSError of the line (adapter pulled out) goes to the caller."""
        diff, ticks = clock.ticks_diff, clock.ticks_ms
        line = self._line
        looked_at = heard_at = ticks()
        while not self.stopped:
            beat()
            waiting = line.any()
            now = ticks()
            if waiting:
                self._late = self._late or diff(now, looked_at) > _LATE_MS
                self._take(waiting)
                self._unseen_at = looked_at
                looked_at = heard_at = self._seen_at = now
                await asyncio.sleep_ms(_POLL_MS)
                continue
            looked_at = now
            still_ms = diff(now, heard_at)
            if not self._have:
                await asyncio.sleep_ms(_QUIET_POLL_MS)
                continue
            if still_ms >= self._silence_ms and self._judged != self._have:
                count = self._next()
                if count:
                    # Written out here, because a coroutine of its own would be an object for each request.
                    think_ms = self.think_ms - diff(ticks(), heard_at)
                    if think_ms > 0 and self._frame[0]:
                        await asyncio.sleep_ms(think_ms)
                    if self._serve(count, think_ms > 0):
                        self._sent_at = ticks()
                        while self._sending():
                            beat()
                            self._sent_at = ticks()
                            await asyncio.sleep_ms(_POLL_MS)
                    looked_at = ticks()  # the wire was ours meanwhile
                    continue
            if still_ms >= _PATIENCE_MS and self._have:
                self._drop(self._have)
                self._damage()
            await asyncio.sleep_ms(_POLL_MS)

    def _serve(self, count, thought):
        """Answer the request at the front of the frame buffer, `count` bytes, and forget it; return True if it was."""
        if thought and self._line.any():
            # Somebody talks already: an answer would only garble it.
            self.counts[BROKEN_OFF] += 1
            self._drop(self._have)
            return False
        length = self.slave.answer(self._frame, count, self._out)
        self._drop(self._have)
        if not length or self.muted:
            return False
        self._say(self._out, length)
        self._sent = length
        self.counts[ANSWERED] += 1
        return True

    def _take(self, waiting):
        """Put the bytes that wait behind those in the frame buffer."""
        frame, piece, have = self._frame, self._piece, self._have
        if have + min(waiting, len(piece)) > len(frame):
            self._damage()  # more than any frame and what may stand before it
            have = 0
        count = self._line.readinto(piece, min(waiting, len(piece)))
        for i in range(count):
            frame[have + i] = piece[i]
        self._have = have + count
        self._judged = 0

    def _next(self):
        """Take the frames off the buffer; return the length of a request for us that now lies at its front, or 0.

        What is left then is no frame, or not yet.
        """
        start, have, count = 0, self._have, 0
        frame, slave, counts = self._frame, self.slave, self.counts
        while start < have:
            end = self._find(start, have)
            begin = self._begin
            if not end:
                begin = self._request_at_the_end(start, have)
                if not begin:
                    break
                self._damage()
                start = begin
                continue
            if begin > start:
                counts[GLITCHES] += 1
            start = end
            while start < have and have - start <= _GLITCHES and frame[start] in b"\x00\xff":
                start += 1
            self._damaged = 0
            size = end - begin
            if self._echoed(begin, size, start < have):
                counts[ECHOES] += 1
                continue
            ours = self._is_request and (frame[begin] == slave.unit or not frame[begin])
            if ours and (start < have or self._late):
                counts[LATE] += 1  # nobody waits for its answer any more
                continue
            if ours:
                counts[ASKED] += 1
                self._asked_s = clock.seconds()
                if self.muted:
                    continue
            if begin:
                for i in range(size):
                    frame[i] = frame[begin + i]
            if ours:
                count = size
                continue
            counts[FOREIGN] += 1
            if frame[0] != slave.unit:  # a reply in our own name is nobody's message
                slave.answer(frame, size, self._piece)
        if not count:
            self._drop(start)
            self._judged = self._have
        return count

    def _find(self, start, have):
        """Return the end of the frame at start, 0 = none; _begin is its begin, glitches before it left out."""
        frame = self._frame
        for begin in range(start, min(start + _GLITCHES + 1, have)):
            end = self._frame_end(begin, have)
            if end:
                self._begin = begin
                return end
            if frame[begin] not in b"\x00\xff":
                break
        return 0

    def _request_at_the_end(self, start, have):
        """Return where a request for us begins that is the last thing in the buffer, 0 = nowhere behind start."""
        frame, unit = self._frame, self.slave.unit
        for begin in range(start + 1, have - 3):
            if frame[begin] == unit or not frame[begin]:
                if begin + 3 + pdu.request_length(frame, begin + 1, have) == have and self._good(begin, have, have):
                    return begin
        return 0

    def _frame_end(self, start, have):
        """Return where the frame that begins at start ends, 0 = it is none; says in _is_request what it looks like."""
        frame = self._frame
        if have - start < 4:
            return 0
        asked = pdu.request_length(frame, start + 1, have)
        asked = start + 3 + asked if asked else 0
        self._is_request = True
        if asked and self._good(start, asked, have):
            return asked
        told = pdu.overheard_length(frame, start + 1, have)
        told = start + 3 + told if told else 0
        if told != asked and told and self._good(start, told, have):
            self._is_request = frame[start + 1] == _DIAGNOSE  # its replies look like requests
            return told
        # A function that nobody knows, or a length that does not fit: the silence is the end.
        return have if self._good(start, have, have) else 0

    def _good(self, start, end, have):
        return end <= have and end - start <= rtu.LONGEST and crc.intact(self._frame, start, end)

    def _echoed(self, begin, size, is_followed):
        """Return True if the frame is what we sent last.

        The answer to a write looks like the write itself. It is told by the time when it came; where the looks were too
        far apart for that, by what is known of the line.
        """
        sent, frame, out = self._sent, self._frame, self._out
        if not sent:
            return False
        self._sent = 0
        came_ms = clock.ticks_diff(self._seen_at, self._sent_at)
        same = size == sent and came_ms < _ECHO_MS
        for i in range(size if same else 0):
            if frame[begin + i] != out[i]:
                same = False
                break
        if not same:
            self._line_kind = _CLEAN
            return False
        if is_followed:
            return True  # nobody waits for an answer to it any more
        half_ms = size * self._character_us // 2000 + self._echo_ms
        if not self._is_request or came_ms <= half_ms:
            self._line_kind = _ECHOING
        elif clock.ticks_diff(self._unseen_at, self._sent_at) > half_ms:
            self._line_kind = _CLEAN
        return self._line_kind != _CLEAN

    def _drop(self, count):
        """Take `count` bytes off the front of the buffer."""
        frame = self._frame
        left = self._have - count
        if count:
            for i in range(left):
                frame[i] = frame[count + i]
        self._have = left
        self._judged = 0
        if not left:
            self._late = False

    def _damage(self):
        self.counts[DAMAGED] += 1
        self._damaged = min(self._damaged + 1, 99)
        self.slave.answer(self._frame, 0, self._out)


def _never():
    return False
