"""One port of which the setting is not known yet: exchanges, the requests of a sweep, and what else is heard there.

Used by `finder`. Echoes of our own requests and the 0x00 or 0xFF that drivers make when they switch are set aside; a
request that is not ours gives another master away.
"""

import asyncio

import clock
from micropython import const
from modbus.find import order as plan
from modbus.listen import frames
from modbus.wire import crc, rtu

_READ_INPUT = const(4)
_ROOM = const(320)
_LOOK_MS = const(2)
_SETTLE_MS = const(10)
_GLITCHES = const(3)  # leading 0x00 or 0xFF that drivers make when they switch
_COMPANY_MS = const(150)  # so much slower may a second device with the same address be
_COMPANY_TRIES = const(2)
_QUIET_MOST_MS = const(2000)  # longest wait for silence
_SLOW_ADDRESS = const(30051)  # of the slow unit: its running state
_LEVELS = b"\x00\xff"


class Port:
    """open_line(baud, parity) returns a line as board.rs485 does. evidence: faults.Evidence."""

    def __init__(self, open_line, evidence):
        self.setting = 0, "N"  # baud, parity of the open line; 0 = none is open
        self.evidence = evidence
        self.frame = bytearray(_ROOM)  # what came last
        self.have = 0  # bytes of it
        self._open = open_line
        self._line = None
        self._sent = bytearray(8)
        self._start = 0  # of a good answer in frame
        self._slow_at = None  # when the slow unit was asked last, at _slow_setting
        self._slow_setting = None
        self._slow = True  # until it has answered like a quick one
        self._sweeping = False

    async def tune(self, baud, parity):
        """Open the line with another setting."""
        if self.setting != (baud, parity):
            self._line = None
            self._line = self._open(baud, parity)
            self.setting = baud, parity
        await asyncio.sleep_ms(_SETTLE_MS)
        self._drain()

    def listen(self):
        """Return how many bytes are in `frame` that waited."""
        self.have = self._line.readinto(self.frame, _ROOM)
        return self.have

    async def ask_first(self, unit, slow):
        """Return rtu's status of the read that nearly everybody answers; slow: of the one that the slow unit knows."""
        if slow:
            return await self.ask(unit, _READ_INPUT, _SLOW_ADDRESS, 1)
        return await self.ask(unit, _READ_INPUT, 0, plan.ASKED)

    def answer(self):
        """Return (buffer, position of the first register's byte) of the last good answer."""
        return self.frame, self._start + 3

    async def ask(self, unit, function, address, count):
        """Return rtu's status of one read; the slow unit is not asked again too soon."""
        if unit == plan.SLOW_UNIT:
            await self._rest()
        self._send(unit, function, address, count)
        self._sweeping = False
        expected = rtu.reply_length(function, count)
        wait_ms = plan.wait_ms(*self.setting, plan.SLOW if unit == plan.SLOW_UNIT else plan.ASK)
        status = await self._hear(unit, function, count, expected, wait_ms)
        if unit == plan.SLOW_UNIT and status == rtu.OK and address < _SLOW_ADDRESS:
            self._slow = False  # it has a meter's registers
        return status

    async def sweep(self, unit, last):
        """Ask a unit and do not wait for it, unless it is the last; return True if anything was heard."""
        self._sweeping = True
        self._send(unit, _READ_INPUT, 0, plan.SWEPT)
        gap_ms = plan.gap_ms(*self.setting)
        if self.evidence.echo or self.evidence.levels:
            # A driver that hands bytes over after silence would hold back ours and the answer until the sweep's end.
            gap_ms += plan.echo_ms(*self.setting)
        await asyncio.sleep_ms(gap_ms)
        return await self._alarm(last)

    async def company(self, unit, slow):
        """Return True if more than one device answers at a unit that has answered: more comes behind the answer."""
        for _ in range(_COMPANY_TRIES):
            if await self.ask_first(unit, slow) == rtu.SILENT:
                continue
            since = clock.ticks_ms()
            have = 0
            while clock.ticks_diff(clock.ticks_ms(), since) < _COMPANY_MS:
                if self._line.any():
                    have = self._append(have % (_ROOM - 8))
                await asyncio.sleep_ms(_LOOK_MS)
            if self._own(have) < have:
                return True
        return False

    async def quiet(self):
        """Wait until nothing has come for a while."""
        still_ms = plan.still_ms(*self.setting)
        since = byte_at = clock.ticks_ms()
        have = self.have
        while clock.ticks_diff(clock.ticks_ms(), byte_at) < still_ms:
            if clock.ticks_diff(clock.ticks_ms(), since) > _QUIET_MOST_MS:
                break
            if self._line.any():
                if have >= _ROOM - 8:
                    have = 0
                have = self._append(have)
                byte_at = clock.ticks_ms()
            await asyncio.sleep_ms(_LOOK_MS)
        self._note_stranger(have)

    def _send(self, unit, function, address, count):
        have = self._drain()
        if have and self._own(have) < have:
            self.evidence.strays += not self._sweeping  # else it may be an answer to the sweep
            self._note_stranger(have)
            if self.evidence.talkers:
                return  # nothing is sent beside another master
        self._line.send(self._sent, rtu.request(self._sent, unit, function, address, count))
        self.evidence.requests += 1
        if unit == plan.SLOW_UNIT:
            self._slow_at = clock.ticks_ms()
            self._slow_setting = self.setting

    async def _rest(self):
        """Wait until the slow unit may be asked again; at another setting it has not even understood us."""
        if self._slow and self._slow_setting == self.setting:
            rest_ms = plan.SLOW_PACE_MS - clock.ticks_diff(clock.ticks_ms(), self._slow_at)
            if rest_ms > 0:
                await asyncio.sleep_ms(rest_ms)

    async def _hear(self, unit, function, count, expected, wait_ms):
        """Return the status of what comes within wait_ms; what has begun is heard to its end."""
        still_ms = plan.still_ms(*self.setting)
        since = byte_at = clock.ticks_ms()
        have = 0
        while True:
            now = clock.ticks_ms()
            if self._line.any() and have < _ROOM:
                have = self._append(have)
                byte_at = now
                self.have = have
                status = self._judge(unit, function, count, expected, have)
                if status >= 0:
                    await asyncio.sleep_ms(plan.gap_ms(*self.setting))
                    return status
            silent = self._own(have) == have
            if clock.ticks_diff(now, since) > wait_ms and (silent or clock.ticks_diff(now, byte_at) > still_ms):
                break
            if clock.ticks_diff(now, since) > wait_ms + _QUIET_MOST_MS:
                break
            await asyncio.sleep_ms(_LOOK_MS)
        if silent:
            self.evidence.levels += have & 7 > 0  # more than echoes of eight bytes
            return rtu.SILENT
        self._note_stranger(have)
        return rtu.BAD_CRC

    def _append(self, have):
        """Read behind the first `have` bytes; return the new count."""
        piece = bytearray(_ROOM - have)
        count = self._line.readinto(piece, len(piece))
        self.frame[have : have + count] = piece[:count]
        return have + count

    def _judge(self, unit, function, count, expected, have):
        """Return rtu's status: a good answer may lie behind an echo or glitches, a request of ours is none."""
        frame = self.frame
        for start in range(have - 4):
            if frame[start] != unit or frame[start + 1] & 0x7F != function:
                continue
            end = min(have, start + rtu.frame_length(frame, start, have, expected))
            status = rtu.check(frame, start, end, unit, function, count)
            if status >= 0:
                self._start = start
                return status
        return rtu.BAD_CRC

    def _own(self, have):
        """Return how many bytes at the front are glitches and echoes of our requests."""
        frame = self.frame
        start = glitches = 0
        while start < have:
            if self._ours(start, have):
                start += 8
                glitches = 0
                self.evidence.echo = True
            elif frame[start] in _LEVELS and glitches < _GLITCHES:
                start += 1
                glitches += 1
            else:
                break
        return start

    def _ours(self, start, have):
        """Return True if our request lies at `start`; drivers may hand over those of a sweep several at once."""
        frame, sent = self.frame, self._sent
        if have - start < 8 or frame[start + 1 : start + 6] != sent[1:6]:
            return False
        return frame[start] == sent[0] or self._sweeping

    def _note_stranger(self, have):
        """Note if a whole request came that is not ours: then another master is at work."""
        frame = self.frame
        start = 0
        while start < have - 4:
            length = frames.request_length(frame, start, have - start)
            if self._ours(start, have):
                start += 8
            elif length <= have - start and crc.intact(frame, start, start + length):
                self.evidence.talk(self.setting, ((frame[start], frame[start + 1]),))
                return
            else:
                start += 1

    async def _alarm(self, last):
        """Return True if more than our echo and glitches came since the request; after the last one wait for it."""
        wait_ms = plan.wait_ms(*self.setting, plan.SWEEP) if last else 0
        since = clock.ticks_ms()
        while True:
            if self._line.any():
                self.have = self._line.readinto(self.frame, _ROOM)
                if self._own(self.have) < self.have:
                    return True
                self.evidence.levels += self.have & 7 > 0
            if clock.ticks_diff(clock.ticks_ms(), since) >= wait_ms:
                return False
            await asyncio.sleep_ms(_LOOK_MS)

    def _drain(self):
        """Throw away what waits; return how many bytes of it are in `frame`."""
        have = 0
        while self._line.any():
            count = self._line.readinto(self.frame, _ROOM)
            if not count:
                break
            have = count
        return have
