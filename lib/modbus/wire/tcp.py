"""Modbus TCP framing, sans-IO: a stream of bytes is cut into requests, replies get their header.

Header (MBAP): transaction, protocol (0), length of what follows (unit and PDU), 2 bytes each, big-endian; unit, 1 byte.
Nothing here allocates after start, and nothing grows: whatever comes, a stream holds one request of at most 260 bytes.
Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b.
"""

from micropython import const

HEADER = 7  # bytes before the PDU
LONGEST = 260  # bytes of header and PDU

_USUAL = const(12)  # bytes of a request to read
_LEAST = const(2)  # unit and function
_MOST = const(254)  # unit and a PDU of 253 bytes
_AT_PDU = const(7)
_AT_UNIT = const(6)
_EXCEPTION = const(0x80)


class Stream:
    """What one connection sends, request by request.

    Feed it with take() until `ready` or `broken` is True. When ready, `transaction` and `unit` are those of the request
    and its PDU is `buffer[HEADER:HEADER + count]`, until the next take(). A broken stream is out of step: close it.
    """

    def __init__(self):
        self.buffer = bytearray(LONGEST)
        self.ready = False
        self.broken = False
        self.transaction = 0
        self.unit = 0
        self.count = 0  # bytes of the PDU
        self._have = 0  # bytes of the request that is coming
        self._skip = 0  # bytes to come of a frame of another protocol

    def begun(self):
        """Return True if a part of a request has come, and not yet all of it."""
        return self._have > 0 or self._skip > 0

    def wanted(self):
        """Return how many bytes to read next: at most one request is complete with them, as a rule exactly one."""
        if self._skip:
            return min(self._skip, LONGEST)
        if self._have < _AT_UNIT:
            return _USUAL - self._have
        return _AT_UNIT + (self.buffer[4] << 8 | self.buffer[5]) - self._have

    def take(self, received, start, end):
        """Take bytes of received[start:end] up to the end of one request; return where the next one begins."""
        buffer = self.buffer
        self.ready = False
        have = self._have
        while start < end and not self.broken:
            if self._skip:
                passed = min(self._skip, end - start)
                self._skip -= passed
                start += passed
                continue
            buffer[have] = received[start]
            have += 1
            start += 1
            if have < _AT_UNIT:
                continue
            length = buffer[4] << 8 | buffer[5]
            if have == _AT_UNIT:
                if not _LEAST <= length <= _MOST:
                    self.broken = True
                elif buffer[2] or buffer[3]:
                    # Another protocol: passed over in silence, as the guide wants it.
                    self._skip = length
                    have = 0
            elif have == _AT_UNIT + length:
                self.transaction = buffer[0] << 8 | buffer[1]
                self.unit = buffer[_AT_UNIT]
                self.count = length - 1
                self.ready = True
                have = 0
                break
        self._have = have
        return start


def head(out, transaction, unit, count):
    """Put the header of a PDU of count bytes into the front of out and return the length of both."""
    out[0] = transaction >> 8
    out[1] = transaction & 0xFF
    out[2] = out[3] = 0
    out[4] = (count + 1) >> 8
    out[5] = (count + 1) & 0xFF
    out[6] = unit
    return _AT_PDU + count


def exception(out, at, function, code):
    """Put the PDU of an exception into out from position at and return its length, 2."""
    out[at] = function | _EXCEPTION
    out[at + 1] = code
    return 2
