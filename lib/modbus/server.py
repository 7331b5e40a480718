"""Answers Modbus RTU requests, sans-IO: a request frame in, the reply's length out. Functions 3, 4, 6 and 16.

A bank holds the registers: `bank.read(function, address, count, out, at)` puts 2 * count bytes into out from position
`at`; `bank.write(address, buffer, at, count)` takes 2 * count bytes. Both return 0 or an exception code (2, 3 or 4).
Checks are made in the specification's order: function (1), quantity (3), address (2), execution (4).
"""

from micropython import const
from modbus import rtu

_MOST_READ = const(125)
_MOST_WRITTEN = const(123)


def answer(request, count, unit, bank, out):
    """Put the reply to the first `count` bytes of request into out and return its length; 0 = say nothing.

    Nothing is said to a frame that is short, has a bad CRC or is for another unit; a broadcast is executed, not answered.
    """
    if count < 4 or rtu.crc16(request, 0, count - 2) != request[count - 1] << 8 | request[count - 2]:
        return 0
    if request[0] not in (unit, 0):
        return 0
    out[0] = request[0]
    out[1] = request[1]
    length = _execute(request, count, bank, out)
    if request[0] == 0:
        return 0
    if length < 0:
        out[1] = request[1] | 0x80
        out[2] = -length
        length = 3
    return rtu.seal(out, length)


def _execute(request, count, bank, out):
    """Return the reply's length without CRC, or an exception code, negative."""
    function = request[1]
    if function not in (rtu.READ_HOLDING, rtu.READ_INPUT, rtu.WRITE_ONE, rtu.WRITE_MANY):
        return -1
    if count < 8:
        return -3
    address = request[2] << 8 | request[3]
    value = request[4] << 8 | request[5]
    if function == rtu.WRITE_ONE:
        return _done(bank.write(address, request, 4, 1), request, out)
    if function == rtu.WRITE_MANY:
        if not 1 <= value <= _MOST_WRITTEN or request[6] != 2 * value or count != 9 + 2 * value:
            return -3
        if address + value > 0x10000:
            return -2
        return _done(bank.write(address, request, 7, value), request, out)
    if not 1 <= value <= _MOST_READ or count != 8:
        return -3
    if address + value > 0x10000:
        return -2
    code = bank.read(function, address, value, out, 3)
    if code:
        return -code
    out[2] = 2 * value
    return 3 + 2 * value


def _done(code, request, out):
    """Return the length of a write's reply, which repeats the request's first six bytes."""
    if code:
        return -code
    for i in range(2, 6):
        out[i] = request[i]
    return 6
