"""A master's requests of functions 1-6, 8, 15, 16, 22, 23 and 43/14 as Modbus PDUs, and the values of their replies.

A PDU lies in a buffer from position `at` (1 in an RTU frame, 7 in a Modbus TCP one); the functions return the position
behind it. Only `objects` allocates. Source: Modbus Application Protocol V1.1b3.
"""

from micropython import const

_DIAGNOSE = const(8)
_WRITE_COILS = const(15)
_WRITE_REGISTERS = const(16)
_MASK_REGISTER = const(22)
_READ_WRITE = const(23)
_IDENTIFY = const(43)
_MEI_DEVICE = const(14)
_SHORTEST_OBJECTS = const(7)  # bytes before the first object of an identification


def two_words(out, at, function, first, second):
    """Put a request of functions 1-6 into out: address and quantity, or address and word; coil on = 0xFF00."""
    out[at] = function
    _put(out, at + 1, first)
    _put(out, at + 3, second)
    return at + 5


def write_coils(out, at, address, bits):
    """Put a write of coils (function 15; bits: 1..1968 truths) into out."""
    count = len(bits)
    if not 1 <= count <= 1968:
        raise ValueError("a write takes 1 to 1968 coils, not %d" % count)
    two_words(out, at, _WRITE_COILS, address, count)
    size = (count + 7) >> 3
    out[at + 5] = size
    at += 6
    for i in range(at, at + size):
        out[i] = 0
    for i in range(count):
        if bits[i]:
            out[at + (i >> 3)] |= 1 << (i & 7)
    return at + size


def write_registers(out, at, address, words):
    """Put a write of registers (function 16; words: 1..123 integers of 16 bits) into out."""
    count = len(words)
    if not 1 <= count <= 123:
        raise ValueError("a write takes 1 to 123 registers, not %d" % count)
    two_words(out, at, _WRITE_REGISTERS, address, count)
    return _put_words(out, at + 5, words)


def mask_register(out, at, address, and_mask, or_mask):
    """Put a masked write (function 22) into out: register = register AND and_mask OR (or_mask AND NOT and_mask)."""
    two_words(out, at, _MASK_REGISTER, address, and_mask)
    _put(out, at + 5, or_mask)
    return at + 7


def read_write(out, at, address, count, write_address, words):
    """Put a read and write (function 23; the write comes first; words: 1..121 integers of 16 bits) into out."""
    if not 1 <= len(words) <= 121:
        raise ValueError("a read and write takes 1 to 121 registers, not %d" % len(words))
    two_words(out, at, _READ_WRITE, address, count)
    _put(out, at + 5, write_address)
    _put(out, at + 7, len(words))
    return _put_words(out, at + 9, words)


def diagnose(out, at, sub_function, word=0):
    """Put a diagnosis (function 8) into out; sub_function 4, listen only, is never answered."""
    return two_words(out, at, _DIAGNOSE, sub_function, word)


def identify(out, at, level=1, first=0):
    """Put a read of device identification (43/14) into out; level 1..3 from object `first` on, 4 = that one alone."""
    out[at] = _IDENTIFY
    out[at + 1] = _MEI_DEVICE
    out[at + 2] = level
    out[at + 3] = first
    return at + 4


def bit(buffer, at, n):
    """Return bit n (0 = first coil) of a reply's bits that begin at buffer[at]."""
    return buffer[at + (n >> 3)] >> (n & 7) & 1


def objects(buffer, start, end):
    """Return (list of (number, bytes), number of the next object or None) of a good identification reply."""
    found = []
    at = start + _SHORTEST_OBJECTS
    while at + 2 <= end:
        size = buffer[at + 1]
        found.append((buffer[at], bytes(buffer[at + 2 : at + 2 + size])))
        at += 2 + size
    return found, buffer[start + 5] if buffer[start + 4] else None


def _put(out, at, value):
    out[at] = value >> 8
    out[at + 1] = value & 0xFF


def _put_words(out, at, words):
    """Put a byte count and words at out[at]; return the position behind them."""
    out[at] = 2 * len(words)
    at += 1
    for value in words:
        _put(out, at, value)
        at += 2
    return at
