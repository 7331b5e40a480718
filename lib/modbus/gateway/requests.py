"""What a gateway lets through to its bus: each function's request checked before it costs time on the line.

Checks in the order of the specification: function (1), quantity, byte count and value (3), addresses (2); function 22
has nothing to check but its length. Source: Modbus Application Protocol V1.1b3, state diagrams.
"""

from micropython import const
from modbus.wire.pdu import word

REFUSED_FUNCTION = 1
REFUSED_ADDRESS = 2
REFUSED_VALUE = 3

_WRITE_COIL = const(5)
_DIAGNOSE = const(8)
_WRITE_REGISTERS = const(16)
_READ_WRITE = const(23)
_IDENTIFY = const(43)

# function, bytes of the request or 0 = with a byte count, highest quantity, writes
# fmt: off
_FUNCTIONS = (
    (1,  5, 2000, False),
    (2,  5, 2000, False),
    (3,  5, 125,  False),
    (4,  5, 125,  False),
    (5,  5, 0,    True),
    (6,  5, 0,    True),
    (15, 0, 1968, True),
    (16, 0, 123,  True),
    (22, 7, 0,    True),
    (23, 0, 125,  True),
)
# fmt: on
_BYTES_FIRST = const(5)  # functions 15 and 16: position of the byte count
_BYTES_BOTH = const(9)  # function 23
_MOST_WRITTEN_BOTH = const(121)
_ONE_REGISTER = (6, 22)
_COIL_VALUES = (0, 0xFF00)
_MEI_DEVICE = const(14)
# Diagnostics that change nothing in the slave: echo, diagnostic register, counters.
_HARMLESS = (0, 2, 11, 12, 13, 14, 15, 16, 17, 18)
_CHANGING = (1, 3, 4, 10, 20)


def check(buffer, at, count):
    """Return 0 if the PDU buffer[at:at + count] is a request that a slave may get, else an exception code."""
    function = buffer[at]
    if function == _DIAGNOSE:
        return _check_diagnostics(buffer, at, count)
    if function == _IDENTIFY:
        if count < 2 or buffer[at + 1] != _MEI_DEVICE:
            return REFUSED_FUNCTION
        return 0 if count == 4 and 1 <= buffer[at + 2] <= 4 else REFUSED_VALUE
    for known, length, most, _ in _FUNCTIONS:
        if known == function:
            return _check_registers(buffer, at, count, length, most)
    return REFUSED_FUNCTION


def writes(buffer, at, count):
    """Return True if a request that `check` passed changes something in the slave."""
    function = buffer[at]
    if function == _DIAGNOSE:
        return word(buffer, at + 1) in _CHANGING
    for known, _, _, changing in _FUNCTIONS:
        if known == function:
            return changing
    return False


def touches(buffer, at, first, last):
    """Return True if a write of registers (6, 16, 22, 23) that `check` passed meets the addresses first..last."""
    function = buffer[at]
    if function in _ONE_REGISTER:
        return first <= word(buffer, at + 1) <= last
    if function == _WRITE_REGISTERS:
        at -= 4
    elif function != _READ_WRITE:
        return False
    address = word(buffer, at + 5)
    return address <= last and address + word(buffer, at + 7) > first


def _check_registers(buffer, at, count, length, most):
    if count < 5 or (length and count != length):
        return REFUSED_VALUE
    function = buffer[at]
    address, value = word(buffer, at + 1), word(buffer, at + 3)
    if function == _WRITE_COIL and value not in _COIL_VALUES:
        return REFUSED_VALUE
    if not most:
        return 0
    if not 1 <= value <= most:
        return REFUSED_VALUE
    if not length:
        refused = _check_written(buffer, at, count, function, value)
        if refused:
            return refused
    return REFUSED_ADDRESS if address + value > 0x10000 else 0


def _check_written(buffer, at, count, function, value):
    """Check the byte count, and of function 23 the part that writes."""
    if function == _READ_WRITE:
        if count <= _BYTES_BOTH:
            return REFUSED_VALUE
        address, value = word(buffer, at + 5), word(buffer, at + 7)
        if not 1 <= value <= _MOST_WRITTEN_BOTH:
            return REFUSED_VALUE
        size, head = 2 * value, _BYTES_BOTH
    else:
        address, head = 0, _BYTES_FIRST
        size = 2 * value if function == _WRITE_REGISTERS else (value + 7) // 8
    if count != head + 1 + size or buffer[at + head] != size:
        return REFUSED_VALUE
    return REFUSED_ADDRESS if address + value > 0x10000 else 0


def _check_diagnostics(buffer, at, count):
    if count < 3:
        return REFUSED_VALUE
    sub = word(buffer, at + 1)
    if sub == 0:
        return 0
    if sub not in _HARMLESS and sub not in _CHANGING:
        return REFUSED_FUNCTION
    return 0 if count == 5 else REFUSED_VALUE
