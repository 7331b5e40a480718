"""A gateway between clients that keep their replies and a bus that the test moves by hand."""

import time

import clock
from modbus.gateway.gateway import Gateway
from modbus.wire import rtu

UNIT = 5


def hexadecimal(text):
    return bytes.fromhex(text.replace(" ", ""))


class Client:
    """Keeps its replies: (transaction, unit, PDU in hexadecimal)."""

    def __init__(self, may_write=False):
        self.may_write = may_write
        self.turn = None
        self.open = 0
        self.replies = []

    def answer(self, transaction, unit, buffer, at, count):
        self.replies.append((transaction, unit, bytes(buffer[at : at + count]).hex()))


class Bus:
    """Foreign requests in their order; run() carries out the next one."""

    def __init__(self, places=4):
        self.places = places
        self.waiting = []
        self.log = []  # (unit, PDU) that went over the wire
        self.asked_at = 0
        self.registers = {}  # address: value; others read their own address
        self.left_alone = ()  # units that are not asked now

    def forward(self, unit, pdu, count, done):
        if len(self.waiting) >= self.places:
            return False
        assert count == len(pdu)
        self.waiting.append((unit, bytes(pdu), done))
        return True

    def withdraw(self, done):
        for row in self.waiting:
            if row[2] is done:
                self.waiting.remove(row)
                return True
        return False

    def take(self):
        """Put the next request on the wire and return it."""
        row = [row for row in self.waiting if row[0] not in self.left_alone][0]
        self.waiting.remove(row)
        unit, pdu, done = row
        self.log.append((unit, pdu.hex()))
        self.asked_at = clock.ticks_ms()
        return unit, pdu, done

    def run(self, status=rtu.OK, took_ms=50, reply=None):
        """Carry out the next request: a read brings registers, whatever else is repeated."""
        unit, pdu, done = self.take()
        self.end(unit, pdu, done, status, took_ms, reply)

    def end(self, unit, pdu, done, status=rtu.OK, took_ms=50, reply=None):
        if took_ms:
            time.pass_ms(took_ms)
        if reply is None:
            reply = self.reply(pdu)
        frame = b"\xee" + reply + b"\xee\xee"  # as in the master's buffer: something before and behind
        done(status, frame, 1, len(reply))

    def reply(self, pdu):
        if len(pdu) < 5:
            return pdu
        address, quantity = pdu[1] << 8 | pdu[2], pdu[3] << 8 | pdu[4]
        if pdu[0] == 6:
            self.registers[address] = quantity
        if pdu[0] in (1, 2):
            return bytes([pdu[0], (quantity + 7) // 8]) + bytes((quantity + 7) // 8)
        if pdu[0] not in (3, 4):
            return pdu[:5]
        values = [self.registers.get(a, a) for a in range(address, address + quantity)]
        return bytes([pdu[0], 2 * quantity]) + b"".join([bytes((v >> 8, v & 255)) for v in values])


class Rig:
    def __init__(self, freshness_ms=500, deadline_ms=1500, guarded=(), places=4):
        self.bus = Bus(places)
        self.master = self.bus
        self.gateway = Gateway(lambda: self.master, freshness_ms, deadline_ms, guarded)
        self.transaction = 0

    def ask(self, client, pdu, unit=UNIT):
        """Hand in a PDU (hexadecimal digits or bytes) and return its transaction number."""
        if isinstance(pdu, str):
            pdu = hexadecimal(pdu)
        self.transaction += 1
        # Where a stream holds it: behind the header, in a buffer that is used again at once.
        buffer = bytearray(7) + pdu + bytearray(3)
        self.gateway.submit(client, self.transaction, unit, buffer, 7, len(pdu))
        for i in range(len(buffer)):
            buffer[i] = 0xAA
        return self.transaction

    def pass_ms(self, ms):
        """Let time go by, with steps as the server makes them."""
        for _ in range(ms // 10):
            time.pass_ms(10)
            self.gateway.step()

    def run_all(self):
        """Let the bus do all that waits and return how many requests it sent."""
        count = 0
        while self.bus.waiting:
            self.bus.run()
            self.gateway.step()
            count += 1
        return count
