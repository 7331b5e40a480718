"""A job of any function of pdu.py (1-6, 8, 15, 16, 22, 23, 43/14), from a request PDU that is ready."""

import clock
from micropython import const
from modbus.master.job import Job
from modbus.wire import crc, pdu, rtu

_READ_INPUT = const(4)
_WRITE_COIL = const(5)
_WRITE_REGISTER = const(6)
_DIAGNOSE = const(8)
_MASK_REGISTER = const(22)
_READ_WRITE = const(23)
_SAME = (_WRITE_COIL, _WRITE_REGISTER, _DIAGNOSE, _MASK_REGISTER)


class Request(Job):
    """Asks once, as soon as the line is free."""

    def __init__(self, slave, sent, count, done, urgent=False):
        """sent: its first `count` bytes are the request PDU, 1..253. slave of unit 0: a broadcast."""
        Job.__init__(self, slave, done, 0, urgent)
        self.frame = frame = bytearray(count + 3)
        frame[0] = slave.unit
        for i in range(count):
            frame[1 + i] = sent[i]
        self.length = crc.seal(frame, count + 1)
        self.function = frame[1]
        if self.is_read():
            self.address, self.quantity = pdu.word(frame, 2), pdu.word(frame, 4)
        self.ask(clock.ticks_ms())

    def is_read(self):
        return self.function <= _READ_INPUT or self.function == _READ_WRITE

    def answered(self):
        return self.slave.unit != 0 and pdu.answered(self.frame, 1)

    def reply_size(self, frame, start, end):
        return 3 + pdu.reply_length(frame, start + 1, end - 2, self.frame, 1, self.length - 2)

    def repeats_request(self):
        return self.function in _SAME

    def check(self, frame, start, end):
        if end - start < 5:
            return rtu.SHORT if end > start else rtu.SILENT
        if not crc.intact(frame, start, end):
            return rtu.BAD_CRC
        if frame[start] != self.slave.unit:
            return rtu.WRONG_UNIT
        return pdu.check(frame, start + 1, end - 2, self.frame, 1, self.length - 2)
