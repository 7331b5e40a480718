"""Function 43/14 of a slave, read device identification, sans-IO.

Objects are (number, bytes) in rising order: 0 vendor, 1 product code, 2 revision, 3 vendor URL, 4 product name,
5 model, 6 user application, from 0x80 on private ones. Source: Modbus Application Protocol V1.1b3, 6.21.
"""

from micropython import const
from modbus.wire import pdu

LONGEST_OBJECT = 244  # bytes; an object is never split, and a reply has room for so many

_MEI_DEVICE = const(14)
_HEADER = const(7)
_INDIVIDUAL = const(4)
_LAST_BASIC = const(2)
_LAST_REGULAR = const(0x7F)
_LAST_EXTENDED = const(0xFF)


def reply(request, at, end, objects, out, to):
    """Answer the request PDU in request[at:end] from objects; as Server.reply."""
    size = end - at
    if size < 2:
        return -3
    if request[at + 1] != _MEI_DEVICE:
        return -1
    if size != 4 or not 1 <= request[at + 2] <= _INDIVIDUAL:
        return -3
    level, first = request[at + 2], request[at + 3]
    supported = _level(objects)
    for i in range(4):
        out[to + i] = request[at + i]
    out[to + 3] = 0x80 | supported  # conformity: streams up to this level, and single objects
    out[to + 4] = out[to + 5] = out[to + 6] = 0
    start = to + _HEADER
    if level == _INDIVIDUAL:
        for number, content in objects:
            if number == first:
                out[to + 6] = 1
                return _put(out, start, number, content)
        return -2
    level = min(level, supported)  # a higher one is answered at our own
    last = (_LAST_BASIC, _LAST_REGULAR, _LAST_EXTENDED)[level - 1]
    return _stream(objects, first if _known(objects, first, last) else 0, last, out, to)


def _stream(objects, first, last, out, to):
    """Put the objects first..last into a reply, as many as it holds, and say which comes next."""
    at = to + _HEADER
    room = to + pdu.LONGEST
    for number, content in objects:
        if not first <= number <= last:
            continue
        if at + 2 + len(content) > room:
            out[to + 4] = 0xFF
            out[to + 5] = number
            break
        at = _put(out, at, number, content)
        out[to + 6] += 1
    return at


def _put(out, at, number, content):
    out[at] = number
    out[at + 1] = len(content)
    at += 2
    for byte in content:
        out[at] = byte
        at += 1
    return at


def _known(objects, wanted, last):
    """Return True if an object is there and belongs to the stream that ends with `last`."""
    if wanted > last:
        return False
    for number, _ in objects:
        if number == wanted:
            return True
    return False


def _level(objects):
    """Return 1 basic, 2 regular or 3 extended."""
    number, _ = objects[-1]
    return 1 if number <= _LAST_BASIC else 2 if number <= _LAST_REGULAR else 3
