"""Modbus RTU frames, sans-IO: requests into a buffer, replies out of one.

Nothing here allocates: buffers and positions come from the caller, results are small integers.
Source: Modbus over Serial Line V1.02, Modbus Application Protocol V1.1b3.
"""

from micropython import const
from modbus.wire import crc

# What `check` says of a frame. 0 is good; the positive ones below 64 are exception codes of the slave itself.
OK = 0
SILENT = -1
SHORT = -2
BAD_CRC = -3
WRONG_UNIT = -4
WRONG_FUNCTION = -5
WRONG_COUNT = -6

LONGEST = 256  # bytes of a frame with address and CRC

_READ_HOLDING = const(3)
_READ_INPUT = const(4)
_WRITE_REGISTERS = const(16)
_EXCEPTION = const(0x80)
_READS = (_READ_HOLDING, _READ_INPUT)  # by name, because a tuple that is written in place is made at each use


def request(out, unit, function, address, value):
    """Put a request of functions 1-6 into out (value: quantity, or the word to write) and return its length, 8."""
    out[0] = unit
    out[1] = function
    out[2] = address >> 8
    out[3] = address & 0xFF
    out[4] = value >> 8
    out[5] = value & 0xFF
    return crc.seal(out, 6)


def write_many(out, unit, address, words):
    """Put a write of registers (function 16; words: 1..123 integers of 16 bits) into out and return its length."""
    count = len(words)
    if not 1 <= count <= 123:
        raise ValueError("a write takes 1 to 123 registers, not %d" % count)
    request(out, unit, _WRITE_REGISTERS, address, count)
    out[6] = 2 * count
    at = 7
    for word in words:
        out[at] = word >> 8
        out[at + 1] = word & 0xFF
        at += 2
    return crc.seal(out, at)


def reply_length(function, count):
    """Return the bytes of a good reply to a request of `count` registers (functions 3, 4, 6, 16)."""
    return 5 + 2 * count if function in _READS else 8


def frame_length(buffer, start, end, expected):
    """Return how long the frame at `start` will be, as far as its first bytes tell; `expected` until they do."""
    if end - start >= 2 and buffer[start + 1] & _EXCEPTION:
        return 5
    return expected


def value_bytes(function, quantity):
    """Return the bytes of values in the reply to a read: bits of functions 1 and 2, else registers."""
    return (quantity + 7) >> 3 if function < _READ_HOLDING else 2 * quantity


def check(buffer, start, end, unit, function, count):
    """Return OK, a slave's exception code (1..63) or what is wrong with the reply buffer[start:end] (negative)."""
    length = end - start
    if length == 0:
        return SILENT
    if length < 5:
        return SHORT
    if not crc.intact(buffer, start, end):
        return BAD_CRC
    if buffer[start] != unit:
        return WRONG_UNIT
    if buffer[start + 1] == function | _EXCEPTION and length == 5:
        return buffer[start + 2] & 0x3F or 4
    if buffer[start + 1] != function:
        return WRONG_FUNCTION
    if length != reply_length(function, count):
        return WRONG_COUNT
    if function in _READS and buffer[start + 2] != 2 * count:
        return WRONG_COUNT
    return OK


def describe(status):
    """Return what a status of `check` means, in words; those of faults come into memory with the first one, and stay."""
    if not status:
        return "ok"
    from modbus.wire import statuses

    return statuses.words(status)


def character_us(baud, parity):
    """Return the time of one character in us: start, 8 data, parity if any, 1 stop bit."""
    return (10 if parity == "N" else 11) * 1000000 // baud


def silence_us(baud, parity):
    """Return t3.5, the silence that ends a frame, in us: 3.5 characters, 1750 us above 19200 baud."""
    return 1750 if baud > 19200 else (7 * character_us(baud, parity) + 1) // 2
