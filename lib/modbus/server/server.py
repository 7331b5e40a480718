"""The slave side of Modbus, sans-IO: a request in, the reply's length out.

`answer` serves registers and nothing else; `Server` is a whole slave on a serial line with counters, diagnostics,
listen-only mode and identification. Checks are made in the specification's order: function (1), quantity and value (3),
address (2), execution (4); function 22 looks at the address first.

A bank holds the values. `bank.read(function, address, count, out, at)` puts 2 * count bytes, or for functions 1 and 2
the packed bits, into out from position `at`. `bank.write(address, buffer, at, count)` takes 2 * count bytes,
`bank.write_bits(address, buffer, at, count)` packed bits, either all of them or none. All return 0 or an exception
code (2, 3, 4 or 6). `bank.functions` are the codes that the bank knows, as bytes; methods of others are not needed.
"""

from micropython import const
from modbus.server import diagnostics as server_diagnostics
from modbus.server import identity as server_identity
from modbus.wire import crc, pdu, rtu

REGISTERS = b"\x03\x04\x06\x10"

_READ_HOLDING = const(3)
_READ_DISCRETE = const(2)
_READ_INPUT = const(4)
_WRITE_COIL = const(5)
_WRITE_REGISTER = const(6)
_DIAGNOSE = const(8)
_WRITE_COILS = const(15)
_WRITE_REGISTERS = const(16)
_MASK_REGISTER = const(22)
_READ_WRITE = const(23)
_IDENTIFY = const(43)
_BROADCASTS = b"\x05\x06\x0f\x10\x16"  # writes; what reads makes no sense to all at once

_MOST_BITS = const(2000)
_MOST_BITS_WRITTEN = const(1968)
_MOST_WORDS = const(125)
_MOST_WORDS_WRITTEN = const(123)
_MOST_WORDS_EXCHANGED = const(121)  # function 23
_ON = const(0xFF00)  # of function 5; off is 0
_END = const(0x10000)  # behind the last address
_BUSY = const(6)


def answer(request, count, unit, bank, out, functions=REGISTERS):
    """Put the reply to the first `count` bytes of request into out and return its length; 0 = say nothing.

    Nothing is said to a frame that is short, has a bad CRC or is for another unit; a broadcast is only executed.
    """
    if not intact(request, count) or (request[0] and request[0] != unit):
        return 0
    if not request[0]:
        if request[1] in _BROADCASTS:
            execute(request, 1, count - 2, bank, functions, out, 1)
        return 0
    end = execute(request, 1, count - 2, bank, functions, out, 1)
    return sealed(out, unit, request[1], end)


def intact(request, count):
    """Return True if the first `count` bytes are a frame with a good CRC."""
    return count <= rtu.LONGEST and crc.intact(request, 0, count)


def sealed(out, unit, function, end):
    """Make a frame of the reply PDU in out[1:end]; end negative = exception code. Return its length."""
    out[0] = unit
    if end < 0:
        out[1] = function | 0x80
        out[2] = -end
        end = 3
    return crc.seal(out, end)


class Server:
    """A slave on a serial line: registers and coils of a bank, diagnostics (8), identification (43/14).

    objects: the identification, (number, bytes) in rising order, at least 0 vendor, 1 product code, 2 revision;
    () = function 43 is unknown. A subclass may set `unit` at any time.
    """

    def __init__(self, unit, bank, objects=()):
        self.unit = unit
        self.bank = bank
        self.objects = objects
        self.diagnostics = server_diagnostics.Diagnostics()

    def answer(self, request, count, out):
        """Put the reply to the first `count` bytes of request into out and return its length; 0 = say nothing.

        count 0 says that there was a frame that could not be received.
        """
        books = self.diagnostics
        if not intact(request, count):
            books.add(server_diagnostics.ERRORS)
            return 0
        books.add(server_diagnostics.MESSAGES)
        unit = request[0]
        if unit and unit != self.unit:
            return 0
        books.add(server_diagnostics.ADDRESSED)
        function = request[1]
        if books.listen_only:
            if unit and function == _DIAGNOSE and books.leave(request, 1, count - 2):
                return 0
            end = 0
        elif unit or function in _BROADCASTS:
            end = self.reply(request, 1, count - 2, out, 1)
        else:
            end = 0
        if end < 0:
            books.add(server_diagnostics.EXCEPTIONS)
            if end == -_BUSY:
                books.add(server_diagnostics.BUSY)
        if not end or not unit:
            books.add(server_diagnostics.UNANSWERED)
            return 0
        length = sealed(out, unit, function, end)
        if books.restarting:
            books.restart()
        return length

    def reply(self, request, at, end, out, to):
        """Answer the request PDU in request[at:end]: put the reply PDU at out[to] and return the position behind it,
        0 = say nothing, or an exception code, negative."""
        function = request[at]
        if function == _DIAGNOSE:
            return self.diagnostics.reply(request, at, end, out, to)
        if function == _IDENTIFY and self.objects:
            return server_identity.reply(request, at, end, self.objects, out, to)
        return execute(request, at, end, self.bank, self.bank.functions, out, to)


def execute(request, at, end, bank, functions, out, to):
    """Do what the request PDU in request[at:end] asks of a bank: functions 1-6, 15, 16, 22, 23.

    Put the reply PDU at out[to] and return the position behind it, or an exception code, negative.
    """
    function = request[at]
    if function not in functions:
        return -1
    size = end - at
    if function == _MASK_REGISTER:
        return _mask(request, at, size, bank, out, to)
    if size < 5:
        return -3
    address = pdu.word(request, at + 1)
    value = pdu.word(request, at + 3)
    if function <= _READ_INPUT:
        if not 1 <= value <= (_MOST_BITS if function <= _READ_DISCRETE else _MOST_WORDS) or size != 5:
            return -3
        return _read(function, address, value, bank, out, to)
    if function == _WRITE_REGISTER:
        if size != 5:
            return -3
        return _done(bank.write(address, request, at + 3, 1), request, at, out, to, 5)
    if function == _WRITE_COIL:
        if (value and value != _ON) or size != 5:
            return -3
        # The high byte is the coil as a packed bit: 0xFF or 0x00.
        return _done(bank.write_bits(address, request, at + 3, 1), request, at, out, to, 5)
    if size < 6:
        return -3
    if function == _READ_WRITE:
        return _read_write(request, at, size, bank, out, to)
    if function == _WRITE_COILS:
        most, wanted = _MOST_BITS_WRITTEN, (value + 7) >> 3
    else:
        most, wanted = _MOST_WORDS_WRITTEN, 2 * value
    if not 1 <= value <= most or request[at + 5] != wanted or size != 6 + wanted:
        return -3
    if address + value > _END:
        return -2
    write = bank.write_bits if function == _WRITE_COILS else bank.write
    return _done(write(address, request, at + 6, value), request, at, out, to, 5)


def _read(function, address, count, bank, out, to):
    if address + count > _END:
        return -2
    code = bank.read(function if function != _READ_WRITE else _READ_HOLDING, address, count, out, to + 2)
    if code:
        return -code
    size = 2 * count if function > _READ_DISCRETE else (count + 7) >> 3
    out[to] = function
    out[to + 1] = size
    end = to + 2 + size
    if function <= _READ_DISCRETE and count & 7:
        out[end - 1] &= (1 << (count & 7)) - 1  # the bits behind the last one are zero
    return end


def _read_write(request, at, size, bank, out, to):
    """Write, then read (function 23); nothing is written if the read would be refused."""
    if size < 10:
        return -3
    address, count = pdu.word(request, at + 1), pdu.word(request, at + 3)
    write_address, written = pdu.word(request, at + 5), pdu.word(request, at + 7)
    if not 1 <= count <= _MOST_WORDS or not 1 <= written <= _MOST_WORDS_EXCHANGED:
        return -3
    if request[at + 9] != 2 * written or size != 10 + 2 * written:
        return -3
    if write_address + written > _END:
        return -2
    tried = _read(_READ_WRITE, address, count, bank, out, to)
    if tried < 0:
        return tried
    code = bank.write(write_address, request, at + 10, written)
    if code:
        return -code
    return _read(_READ_WRITE, address, count, bank, out, to)


def _mask(request, at, size, bank, out, to):
    """Change the bits of one register: current AND and_mask OR (or_mask AND NOT and_mask)."""
    if size < 3:
        return -3
    address = pdu.word(request, at + 1)
    code = bank.read(_READ_HOLDING, address, 1, out, to)
    if code:
        return -code
    if size != 7:
        return -3
    for i in range(2):
        mask = request[at + 3 + i]
        out[to + i] = out[to + i] & mask | request[at + 5 + i] & ~mask & 0xFF
    return _done(bank.write(address, out, to, 1), request, at, out, to, 7)


def _done(code, request, at, out, to, size):
    """Return the end of a write's reply, which repeats the first `size` bytes of the request."""
    if code:
        return -code
    for i in range(size):
        out[to + i] = request[at + i]
    return to + size
