"""Modbus RTU frames, sans-IO: requests into a buffer, replies out of one, CRC-16.

Nothing here allocates: buffers and positions come from the caller, results are small integers.
Source: Modbus over Serial Line V1.02, Modbus Application Protocol V1.1b3.
"""

from micropython import const

# What `check` says of a frame. 0 is good; the positive ones below 64 are exception codes of the slave itself.
OK = 0
SILENT = -1
SHORT = -2
BAD_CRC = -3
WRONG_UNIT = -4
WRONG_FUNCTION = -5
WRONG_COUNT = -6

LONGEST = 256  # bytes of a frame with address and CRC

READ_HOLDING = 3
READ_INPUT = 4
WRITE_ONE = 6
WRITE_MANY = 16

_EXCEPTION = const(0x80)
_READS = (READ_HOLDING, READ_INPUT)  # by name, because a tuple that is written in place is made at each use
_NAMES = ("ok", "silent", "short", "bad CRC", "wrong unit", "wrong function", "wrong count")
_EXCEPTIONS = (
    (1, "illegal function"),
    (2, "illegal data address"),
    (3, "illegal data value"),
    (4, "device failure"),
    (5, "acknowledge"),
    (6, "device busy"),
    (8, "memory parity error"),
    (10, "gateway path unavailable"),
    (11, "gateway target failed to respond"),
)


# CRC of each byte value, low and high half apart, so that integers never leave 16 bits.
# fmt: off
_CRC_LOW = (
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40"
)
# fmt: on
# fmt: off
_CRC_HIGH = (
    b"\x00\xc0\xc1\x01\xc3\x03\x02\xc2\xc6\x06\x07\xc7\x05\xc5\xc4\x04\xcc\x0c\x0d\xcd\x0f\xcf\xce\x0e"
    b"\x0a\xca\xcb\x0b\xc9\x09\x08\xc8\xd8\x18\x19\xd9\x1b\xdb\xda\x1a\x1e\xde\xdf\x1f\xdd\x1d\x1c\xdc"
    b"\x14\xd4\xd5\x15\xd7\x17\x16\xd6\xd2\x12\x13\xd3\x11\xd1\xd0\x10\xf0\x30\x31\xf1\x33\xf3\xf2\x32"
    b"\x36\xf6\xf7\x37\xf5\x35\x34\xf4\x3c\xfc\xfd\x3d\xff\x3f\x3e\xfe\xfa\x3a\x3b\xfb\x39\xf9\xf8\x38"
    b"\x28\xe8\xe9\x29\xeb\x2b\x2a\xea\xee\x2e\x2f\xef\x2d\xed\xec\x2c\xe4\x24\x25\xe5\x27\xe7\xe6\x26"
    b"\x22\xe2\xe3\x23\xe1\x21\x20\xe0\xa0\x60\x61\xa1\x63\xa3\xa2\x62\x66\xa6\xa7\x67\xa5\x65\x64\xa4"
    b"\x6c\xac\xad\x6d\xaf\x6f\x6e\xae\xaa\x6a\x6b\xab\x69\xa9\xa8\x68\x78\xb8\xb9\x79\xbb\x7b\x7a\xba"
    b"\xbe\x7e\x7f\xbf\x7d\xbd\xbc\x7c\xb4\x74\x75\xb5\x77\xb7\xb6\x76\x72\xb2\xb3\x73\xb1\x71\x70\xb0"
    b"\x50\x90\x91\x51\x93\x53\x52\x92\x96\x56\x57\x97\x55\x95\x94\x54\x9c\x5c\x5d\x9d\x5f\x9f\x9e\x5e"
    b"\x5a\x9a\x9b\x5b\x99\x59\x58\x98\x88\x48\x49\x89\x4b\x8b\x8a\x4a\x4e\x8e\x8f\x4f\x8d\x4d\x4c\x8c"
    b"\x44\x84\x85\x45\x87\x47\x46\x86\x82\x42\x43\x83\x41\x81\x80\x40"
)
# fmt: on


def crc16(buffer, start, end):
    """Return the CRC-16 of buffer[start:end]; on the wire its low byte comes first."""
    table_low, table_high = _CRC_LOW, _CRC_HIGH
    low = high = 0xFF
    for i in range(start, end):
        k = low ^ buffer[i]
        low = high ^ table_low[k]
        high = table_high[k]
    return high << 8 | low


def seal(buffer, count):
    """Append the CRC to the first `count` bytes of buffer and return the new count."""
    crc = crc16(buffer, 0, count)
    buffer[count] = crc & 0xFF
    buffer[count + 1] = crc >> 8
    return count + 2


def request(out, unit, function, address, value):
    """Put a request of functions 1-6 into out (value: quantity, or the word to write) and return its length, 8."""
    out[0] = unit
    out[1] = function
    out[2] = address >> 8
    out[3] = address & 0xFF
    out[4] = value >> 8
    out[5] = value & 0xFF
    return seal(out, 6)


def write_many(out, unit, address, words):
    """Put a write of registers (function 16; words: 1..123 integers of 16 bits) into out and return its length."""
    count = len(words)
    if not 1 <= count <= 123:
        raise ValueError("a write takes 1 to 123 registers, not %d" % count)
    request(out, unit, WRITE_MANY, address, count)
    out[6] = 2 * count
    at = 7
    for word in words:
        out[at] = word >> 8
        out[at + 1] = word & 0xFF
        at += 2
    return seal(out, at)


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
    return (quantity + 7) >> 3 if function < READ_HOLDING else 2 * quantity


def check(buffer, start, end, unit, function, count):
    """Return OK, a slave's exception code (1..63) or what is wrong with the reply buffer[start:end] (negative)."""
    length = end - start
    if length == 0:
        return SILENT
    if length < 5:
        return SHORT
    if crc16(buffer, start, end - 2) != buffer[end - 1] << 8 | buffer[end - 2]:
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
    """Return what a status of `check` means, in words."""
    if status <= 0:
        return _NAMES[-status]
    for code, text in _EXCEPTIONS:
        if code == status:
            return "exception %d, %s" % (code, text)
    return "exception %d" % status


def character_us(baud, parity):
    """Return the time of one character in us: start, 8 data, parity if any, 1 stop bit."""
    return (10 if parity == "N" else 11) * 1000000 // baud


def silence_us(baud, parity):
    """Return t3.5, the silence that ends a frame, in us: 3.5 characters, 1750 us above 19200 baud."""
    return 1750 if baud > 19200 else (7 * character_us(baud, parity) + 1) // 2
