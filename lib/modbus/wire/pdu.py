"""Modbus PDUs of functions 1-6, 8, 15, 16, 22, 23 and 43/14, sans-IO: how long they are, and whether a reply is one.

A PDU lies in a buffer from position `at` (1 in an RTU frame, 7 in a Modbus TCP one); the functions return the position
behind it. Nothing here allocates. A master's requests are made by request_pdu. Source: Modbus Application Protocol V1.1b3.
"""

from micropython import const
from modbus.wire import rtu

LONGEST = 253  # bytes of a PDU

_READ_DISCRETE = const(2)
_DIAGNOSE = const(8)
_IDENTIFY = const(43)
_EXCEPTION = const(0x80)
_MEI_DEVICE = const(14)
_LISTEN_ONLY = const(4)
_SHORTEST_OBJECTS = const(7)  # bytes before the first object of an identification

# Bytes of a request by its function, of many-writes without what follows the byte count; 0 = its length tells nobody.
_REQUESTS = b"\x00\x05\x05\x05\x05\x05\x05\x00\x05\x00\x00\x00\x00\x00\x00\x06\x06\x00\x00\x00\x00\x00\x07\x0a"
# Bytes of a good reply; 2 = and what its byte count says.
_REPLIES = b"\x00\x02\x02\x02\x02\x05\x05\x00\x05\x00\x00\x00\x00\x00\x00\x05\x05\x00\x00\x00\x00\x00\x07\x02"


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
