"""A two-wire line in virtual time, bit by bit: whoever listens at another speed, parity or polarity gets real rubbish.

The bridge hears nothing while it sends (its receiver is off then), unless the line echoes. A slave does not understand
what is sent while anybody else talks. Two who talk at once: a 0 wins over a 1.
"""

import time

from modbus.wire import rtu


def now_us():
    return time._passed_us  # without wrap, unlike ticks_us


class Talk:
    """Bytes that somebody sends from `start_us` on."""

    def __init__(self, start_us, baud, parity, data, inverted=False):
        self.start_us = start_us
        self.baud = baud
        bits = []
        for byte in data:
            eight = [byte >> i & 1 for i in range(8)]
            bits.append(0)
            bits += eight
            if parity != "N":
                bits.append(sum(eight) & 1 ^ (parity == "O"))
            bits.append(1)
        self.bits = [bit ^ 1 for bit in bits] if inverted else bits
        self.end_us = self.edge_us(len(self.bits))

    def edge_us(self, n):
        return self.start_us - (-n * 1000000 // self.baud)

    def level(self, us):
        """Return the level at a time, None if this one is silent then."""
        if not self.start_us <= us < self.end_us:
            return None
        return self.bits[min((us - self.start_us) * self.baud // 1000000, len(self.bits) - 1)]


class Wire:
    """The line; `rest`: its level when nobody talks. opened: settings in the order in which the bridge tried them."""

    def __init__(self, far_ends=(), rest=1, echo=False, glitch=False, held=False):
        self.far_ends = far_ends
        self.rest = rest
        self.echo = echo
        self.glitch = glitch  # a 0x00 is heard when the driver is switched off
        self.held = held  # the driver hands bytes over after 4 characters of silence only, as one chip does
        self.talks = []
        self.sent = []  # (us, baud, parity, frame)
        self.collisions = 0
        self.opened = []

    def open(self, baud, parity):
        self.opened.append((baud, parity))
        return Line(self, baud, parity)

    def busy(self, start_us, end_us):
        return any([t.start_us < end_us and t.end_us > start_us for t in self.talks])

    def level(self, us):
        found = None
        for talk in self.talks:
            level = talk.level(us)
            if level is not None:
                found = level if found is None else found & level
        return self.rest if found is None else found

    def say(self, start_us, baud, parity, data, inverted=False):
        talk = Talk(start_us, baud, parity, data, inverted)
        self.talks.append(talk)
        return talk

    def forget(self, before_us):
        if self.talks and self.talks[0].end_us < before_us:
            self.talks = [t for t in self.talks if t.end_us >= before_us]


class Line:
    """The bridge's port at one setting: the interface of board.rs485()."""

    def __init__(self, wire, baud, parity):
        self.wire = wire
        self.baud = baud
        self.parity = parity
        self._bits = 8 + (parity != "N")
        self._looked_us = now_us()
        self._was = 1
        self._own = []  # (start, end) while our driver was on
        self._got = []  # (us, byte)
        self._silent = False

    def transmit_off(self):
        self._silent = True

    def send(self, buffer, count):
        if self._silent:
            raise OSError(1)
        wire = self.wire
        frame = bytes(buffer[:count])
        self._receive(now_us())
        start_us = now_us()
        time.pass_us(count * rtu.character_us(self.baud, self.parity))
        end_us = now_us()
        wire.sent.append((end_us, self.baud, self.parity, frame))
        collided = wire.busy(start_us, end_us)
        wire.collisions += collided
        self._own = self._own[-2:] + [(start_us, end_us)]
        if wire.echo:
            wire.say(start_us, self.baud, self.parity, frame)
        if wire.glitch:
            wire.say(end_us + 50, self.baud, self.parity, b"\x00")
        if not collided:
            for far_end in wire.far_ends:
                far_end.hear(wire, end_us, self.baud, self.parity, frame)

    def any(self):
        now = now_us()
        self._receive(now)
        got = self._got
        if self.wire.held and got:
            idle_us = 4 * rtu.character_us(self.baud, self.parity)
            waiting = 0
            for i, (at, _) in enumerate(got):
                if (got[i + 1][0] if i + 1 < len(got) else now) - at >= idle_us:
                    waiting = i + 1
            return waiting
        return len(got)

    def readinto(self, buffer, count):
        n = min(count, self.any())
        for i in range(n):
            buffer[i] = self._got[i][1]
        self._got = self._got[n:]
        return n

    def _level(self, us):
        if not self.wire.echo:
            for start, end in self._own:
                if start <= us < end:
                    return 1
        return self.wire.level(us)

    def _receive(self, now):
        """Turn the levels up to now into bytes; a character under way waits for its end."""
        wire = self.wire
        bit_us = 1000000 // self.baud
        length_us = (self._bits + 2) * bit_us
        while True:
            start = self._edge(now - length_us)
            if start is None:
                return
            middle = start + bit_us // 2
            if self._level(middle):
                self._looked_us = middle  # too short for a start bit
                self._was = 1
                continue
            byte = 0
            for i in range(8):
                byte |= self._level(middle + (i + 1) * bit_us) << i
            end = middle + (self._bits + 1) * bit_us
            self._got.append((end, byte))
            self._looked_us = end
            self._was = self._level(end)  # a missing stop bit: the next start bit needs a 1 before it
            wire.forget(end - 2000000)

    def _edge(self, until):
        """Return the next time at which the line falls, None if it does not before `until`."""
        times = []
        looked = self._looked_us
        for talk in self.wire.talks:
            if talk.end_us > looked and talk.start_us <= until:
                first = max(0, (looked - talk.start_us) * talk.baud // 1000000)
                for n in range(first, len(talk.bits) + 1):
                    at = talk.edge_us(n)
                    if at > until:
                        break
                    if at > looked:
                        times.append(at)
        for start, end in self._own:
            times += [at for at in (start, end) if looked < at <= until]
        for at in [looked] + sorted(times):
            if at > until:
                break
            level = self._level(at)
            self._looked_us = at
            if self._was and not level:
                return at
            self._was = level
        self._looked_us = max(self._looked_us, until)
        return None


class FarEnd:
    """A slave at its own setting. answer: function(frame) -> reply bytes or None; think_us counts behind t3.5."""

    def __init__(self, answer, baud, parity, think_us=20000, inverted=False, rest_us=0):
        self.answer = answer
        self.baud = baud
        self.parity = parity
        self.think_us = think_us
        self.inverted = inverted  # its A and B are swapped
        self.rest_us = rest_us  # it ignores requests that come sooner after the one before
        self.understood = 0
        self._busy_until_us = -10000000

    def hear(self, wire, end_us, baud, parity, frame):
        if baud != self.baud or self.inverted or not _readable(frame, parity, self.parity):
            return
        start_us = end_us - len(frame) * rtu.character_us(baud, parity)
        if start_us < self._busy_until_us:
            return
        reply = self.answer(frame)
        if reply:
            self.understood += 1
            at = end_us + rtu.silence_us(self.baud, self.parity) + self.think_us
            talk = wire.say(at, self.baud, self.parity, reply)
            self._busy_until_us = max(talk.end_us, end_us + self.rest_us)


def _readable(frame, sent, heard):
    """Return True if characters sent with one parity are good ones for a receiver of another."""
    if sent == heard:
        return True
    if heard != "N" or sent == "N":
        return False  # the stop bit stands where parity is expected, and the next start bit where the stop bit is
    for byte in frame:
        ones = sum([byte >> i & 1 for i in range(8)])
        if not ones & 1 ^ (sent == "O"):
            return False  # a parity bit 0 in the place of the stop bit
    return True
