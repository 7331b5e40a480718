"""How long the frame is that begins at a byte of an overheard stream, read as a request and read as a reply.

The lengths are those of modbus.wire.pdu; here what can be no frame of any device is ruled out at once, so that a byte of
noise does not hold up the frames behind it. Pure, allocates nothing.
"""

from micropython import const
from modbus.wire import pdu, rtu

NONE = 0  # no such frame begins here

_DIAGNOSE = const(8)
_WRITE_REGISTERS = const(16)
_READ_WRITE = const(23)
_IDENTIFY = const(43)
_AROUND = const(3)  # unit and CRC
_LAST_UNIT = const(247)
_EXCEPTION = const(0x80)
_LAST_CODE = const(11)  # of the exceptions
_READ_INPUT = const(4)
_MANY = b"\x0f\x10"
_ECHO = const(8)  # function 8 with one word, as everybody sends it
_KNOWN = b"\x01\x02\x03\x04\x05\x06\x08\x0f\x10\x16\x17\x2b"  # functions whose frames have a length


def hopeless(buffer, start, end):
    """Return how many bytes from start on can begin no frame; the last two of buffer[start:end] are not judged.

    Nine bytes of ten in noise are such, and each of them takes a chip a tenth of what the lengths take.
    """
    known = _KNOWN
    at = start
    while at + 2 < end:
        function = buffer[at + 1]
        if function in known:
            break
        if function > _EXCEPTION and 1 <= buffer[at + 2] <= _LAST_CODE:
            break
        at += 1
    return at - start


def request_length(buffer, start, have):
    """Return the bytes of the request at buffer[start], or NONE.

    While fewer than `have` (3 or more) bytes tell it, this is the least that it can be.
    """
    unit, function = buffer[start], buffer[start + 1]
    # Nobody reads from all at once, and units above 247 are nobody's.
    if unit > _LAST_UNIT or (function <= _READ_INPUT and not unit):
        return NONE
    if function == _DIAGNOSE:
        return _ECHO
    if function == _IDENTIFY and buffer[start + 2] != 14:
        return NONE
    length = pdu.request_length(buffer, start + 1, start + have)
    if not length or length + _AROUND > rtu.LONGEST:
        return NONE
    if function in _MANY:
        if have >= 7:
            count = buffer[start + 4] << 8 | buffer[start + 5]
            size = 2 * count if function == _WRITE_REGISTERS else (count + 7) >> 3
            if buffer[start + 6] != size or not 1 <= size <= 246:
                return NONE
    elif function == _READ_WRITE and have >= 11:
        if buffer[start + 10] != 2 * buffer[start + 9] or buffer[start + 8] or not buffer[start + 9]:
            return NONE
    return length + _AROUND


def reply_length(buffer, start, have):
    """Return the bytes of the reply at buffer[start], or NONE; as request_length."""
    unit, function = buffer[start], buffer[start + 1]
    if not 1 <= unit <= _LAST_UNIT:
        return NONE
    third = buffer[start + 2]
    if function & _EXCEPTION:
        return 5 if function & 0x7F and 1 <= third <= _LAST_CODE else NONE
    if function == _DIAGNOSE:
        return _ECHO
    if function == _IDENTIFY and third != 14:
        return NONE
    if function <= _READ_INPUT or function == _READ_WRITE:
        if not 1 <= third <= 250 or (third & 1 and function > 2):
            return NONE
    length = pdu.overheard_length(buffer, start + 1, start + have)
    return length + _AROUND if 0 < length <= pdu.LONGEST else NONE
