"""Modbus PDUs of functions 1-6, 8, 15, 16, 22, 23 and 43/14, sans-IO: a master's requests and what came back.

A PDU lies in a buffer from position `at` (1 in an RTU frame, 7 in a Modbus TCP one); the functions return the position
behind it. Nothing here allocates but `objects`. Source: Modbus Application Protocol V1.1b3.
"""

from micropython import const
from modbus.wire import rtu

LONGEST = 253  # bytes of a PDU

_READ_DISCRETE = const(2)
_DIAGNOSE = const(8)
_WRITE_COILS = const(15)
_WRITE_REGISTERS = const(16)
_MASK_REGISTER = const(22)
_READ_WRITE = const(23)
_IDENTIFY = const(43)
_EXCEPTION = const(0x80)
_ON = const(0xFF)
_MEI_DEVICE = const(14)
_LISTEN_ONLY = const(4)
_SHORTEST_OBJECTS = const(7)  # bytes before the first object of an identification

# Bytes of a request by its function, of many-writes without what follows the byte count; 0 = its length tells nobody.
_REQUESTS = b"\x00\x05\x05\x05\x05\x05\x05\x00\x05\x00\x00\x00\x00\x00\x00\x06\x06\x00\x00\x00\x00\x00\x07\x0a"
# Bytes of a good reply; 2 = and what its byte count says.
_REPLIES = b"\x00\x02\x02\x02\x02\x05\x05\x00\x05\x00\x00\x00\x00\x00\x00\x05\x05\x00\x00\x00\x00\x00\x07\x02"


# -- requests ------------------------------------------------------------------


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


# -- replies -------------------------------------------------------------------


def answered(sent, at):
    """Return False if the request PDU at sent[at] gets no answer even from its own unit."""
    return sent[at] != _DIAGNOSE or word(sent, at + 1) != _LISTEN_ONLY


def reply_length(buffer, start, end, sent, at, sent_end):
    """Return the bytes of the reply PDU in buffer[start:end] to the request PDU sent[at:sent_end].

    While fewer bytes are there than tell it, this is the least that it can be: wait for so many and ask again.
    """
    if end > start and buffer[start] & _EXCEPTION:
        return 2
    function = sent[at]
    if function == _DIAGNOSE:
        return sent_end - at
    if function == _IDENTIFY:
        return _objects_length(buffer, start, end)
    length = _REPLIES[function]
    return length if length != 2 else 2 + _asked_bytes(sent, at)


def check(buffer, start, end, sent, at, sent_end):
    """Return rtu.OK, an exception code or a negative result of rtu for the reply PDU buffer[start:end].

    rtu.WRONG_COUNT also says that a write's reply repeats something else than was sent.
    """
    length = end - start
    if length < 2:
        return rtu.SHORT
    function = sent[at]
    if buffer[start] == function | _EXCEPTION and length == 2:
        return buffer[start + 1] & 0x3F or 4
    if buffer[start] != function:
        return rtu.WRONG_FUNCTION
    if length != reply_length(buffer, start, end, sent, at, sent_end):
        return rtu.WRONG_COUNT
    if function == _IDENTIFY:
        return rtu.OK if buffer[start + 1] == _MEI_DEVICE else rtu.WRONG_FUNCTION
    if function == _DIAGNOSE:
        # Sub-function 0 comes back whole; the others answer with a value, or repeat what was sent.
        same = length if word(sent, at + 1) in (0, 1, 10, 20) else 3
    elif _REPLIES[function] == 2:
        return rtu.OK if buffer[start + 1] == length - 2 else rtu.WRONG_COUNT
    else:
        same = length
    for i in range(1, same):
        if buffer[start + i] != sent[at + i]:
            return rtu.WRONG_COUNT
    return rtu.OK


def word(buffer, at):
    """Return the 16 bits at buffer[at], high byte first."""
    return buffer[at] << 8 | buffer[at + 1]


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


# -- frames of others, or of nobody knows whom ---------------------------------


def request_length(buffer, start, end):
    """Return the bytes of a request PDU that begins at start, as far as they are there; 0 = unknown function, or one
    whose length only the silence after it tells (8/0)."""
    function = buffer[start]
    if function == _IDENTIFY:
        return 4
    length = _REQUESTS[function] if function < len(_REQUESTS) else 0
    if function == _DIAGNOSE:
        return 0 if end - start > 2 and not word(buffer, start + 1) else length
    if length in b"\x06\x0a" and end - start >= length:
        length += buffer[start + length - 1]
    return length


def overheard_length(buffer, start, end):
    """Return the bytes of a reply PDU that begins at start, without knowing its request; 0 = cannot be told."""
    function = buffer[start]
    if function & _EXCEPTION:
        return 2
    if function == _IDENTIFY:
        return _objects_length(buffer, start, end)
    length = _REPLIES[function] if function < len(_REPLIES) else 0
    if length == 2 and end - start >= 2:
        length += buffer[start + 1]
    return length


# -- parts ---------------------------------------------------------------------


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


def _asked_bytes(sent, at):
    """Return how many bytes of values a read asked for."""
    count = word(sent, at + 3)
    return (count + 7) >> 3 if sent[at] <= _READ_DISCRETE else 2 * count


def _objects_length(buffer, start, end):
    """Return the length of an identification reply, or the least that it can be."""
    if end - start < _SHORTEST_OBJECTS:
        return _SHORTEST_OBJECTS
    at = start + _SHORTEST_OBJECTS
    for _ in range(buffer[start + 6]):
        if at + 2 > end:
            return at + 2 - start
        at += 2 + buffer[at + 1]
    return at - start
