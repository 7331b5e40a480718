"""A thin master with a queue for what a gateway forwards, on a real line: what the gateway wants of a port, and nothing else.

It also makes one read of its own every poll_ms, which goes first, so that a test sees if clients hold it up.
"""

import asyncio

from clock import ticks_add, ticks_diff, ticks_ms
from modbus.wire import crc, rtu

_QUEUE = 4


class ForwardingBus:
    def __init__(self, line, baud, parity, reply_ms=300, poll_ms=0, poll=(1, 4, 0, 2)):
        """poll: unit, function, address, quantity of the read of its own."""
        self.line = line
        self.character_us = rtu.character_us(baud, parity)
        self.silence_ms = rtu.silence_us(baud, parity) // 1000 + 2
        self.reply_ms = reply_ms
        self.poll_ms = poll_ms
        self.poll = poll
        self.queue = []
        self.asked_at = 0
        self.polls = self.poll_failures = self.longest_gap_ms = 0
        self.sent = bytearray(rtu.LONGEST)
        self.frame = bytearray(rtu.LONGEST + 32)
        self.tap = None

    def forward(self, unit, pdu, count, done):
        if len(self.queue) >= _QUEUE:
            return False
        self.queue.append((unit, bytes(memoryview(pdu)[:count]), done))
        return True

    def withdraw(self, done):
        for row in self.queue:
            if row[2] is done:
                self.queue.remove(row)
                return True
        return False

    async def run(self):
        due_at = polled_at = ticks_ms()
        unit, function, address, quantity = self.poll
        while True:
            now = ticks_ms()
            if self.poll_ms and ticks_diff(now, due_at) >= 0:
                due_at = ticks_add(due_at, self.poll_ms)
                pdu = bytes((function, address >> 8, address & 255, quantity >> 8, quantity & 255))
                status, count = await self.exchange(unit, pdu)
                self.polls += status == rtu.OK
                self.poll_failures += status != rtu.OK
                if self.polls > 5:
                    self.longest_gap_ms = max(self.longest_gap_ms, ticks_diff(now, polled_at))
                polled_at = now
                if self.tap:
                    self.tap(unit, function, address, quantity, status, self.frame, 3, self.asked_at)
            elif self.queue:
                unit_, pdu, done = self.queue.pop(0)
                status, count = await self.exchange(unit_, pdu)
                done(status, self.frame, 1, count)
            else:
                await asyncio.sleep_ms(1)

    async def exchange(self, unit, pdu):
        """Return (status, bytes of the reply's PDU, which lies at frame[1])."""
        await asyncio.sleep_ms(self.silence_ms)
        while self.line.any():
            self.line.readinto(self.frame, len(self.frame))
        self.sent[0] = unit
        self.sent[1 : 1 + len(pdu)] = pdu
        self.line.send(self.sent, crc.seal(self.sent, 1 + len(pdu)))
        self.asked_at = at = ticks_ms()
        if unit == 0:
            await asyncio.sleep_ms(100)
            return rtu.OK, 0
        have = 0
        quiet_at = at
        piece = bytearray(64)
        while ticks_diff(ticks_ms(), quiet_at) <= self.reply_ms:
            got = self.line.readinto(piece, min(64, len(self.frame) - have))
            self.frame[have : have + got] = memoryview(piece)[:got]
            have += got
            if got:
                quiet_at = ticks_ms()
            if have >= 5 and crc.intact(self.frame, 0, have):
                break
            await asyncio.sleep_ms(2)
        if not have:
            return rtu.SILENT, 0
        if have < 5 or not crc.intact(self.frame, 0, have):
            return rtu.BAD_CRC, 0
        if self.frame[0] != unit or self.frame[1] & 0x7F != pdu[0]:
            return rtu.WRONG_UNIT, 0
        return (self.frame[2] if self.frame[1] & 0x80 else rtu.OK), have - 3
