"""Name server of a captive portal, sans-IO: every name is at one address, whatever it is.

`answer(query, address)` takes a datagram and returns the reply or None; the caller owns the socket.
Sources: RFC 1035 (format), RFC 9619 (one question a query), RFC 6891 (EDNS).
"""

from micropython import const

LONGEST_QUERY = 512  # bytes, RFC 1035 2.3.4: what a query over UDP needs at most

_HEAD = const(12)
_LONGEST_LABEL = const(63)
_LONGEST_NAME = const(255)
_SECONDS_TO_LIVE = const(10)  # short: in the next network the phone asks the real name server again

_QR_AA_RA = const(0x8480)  # reply, authoritative, recursion available
_RD = const(0x0100)
_OPCODE = const(0x7800)
_QR = const(0x8000)
_FORMAT_ERROR = const(1)
_NOT_IMPLEMENTED = const(4)

_TYPE_A = const(1)
_TYPE_OPT = const(41)
_TYPE_ANY = const(255)
_CLASS_IN = const(1)
_CLASS_ANY = const(255)
_OPT = b"\0\0\x29\x02\0"  # root, type OPT, 512 bytes of UDP; version and flags follow


def answer(query, address):
    """Return the reply to a query, as bytes, or None if it deserves none (no query, or malformed).

    query: one datagram; address: "a.b.c.d", what every name of type A resolves to. Other types exist but are empty
    (NOERROR without data): a phone that asks for AAAA or HTTPS records too must not wait for them.
    """
    if not _HEAD <= len(query) <= LONGEST_QUERY:
        return None
    flags = query[2] << 8 | query[3]
    if flags & _QR:
        return None  # a reply; answering it could start a ring
    if flags & _OPCODE:
        return _head(query, flags, _NOT_IMPLEMENTED, 0, 0, 0)
    questions = query[4] << 8 | query[5]
    if questions == 0:
        return None
    if questions > 1:
        return _head(query, flags, _FORMAT_ERROR, 0, 0, 0)  # RFC 9619, section 4
    end = _question_end(query)
    if end is None:
        return None
    wanted = query[end - 4] << 8 | query[end - 3]
    group = query[end - 2] << 8 | query[end - 1]
    found = wanted in (_TYPE_A, _TYPE_ANY) and group in (_CLASS_IN, _CLASS_ANY)
    version = _edns_version(query, end)
    reply = _head(query, flags, 0, 1, found and not version, version is not None) + query[_HEAD:end]
    if found and not version:
        # the name is the one of the question: a pointer to byte 12
        reply += bytes((0xC0, _HEAD, 0, _TYPE_A, 0, _CLASS_IN, 0, 0, 0, _SECONDS_TO_LIVE, 0, 4))
        reply += bytes([int(part) for part in address.split(".")])
    if version is not None:
        # a version above 0 is answered with BADVERS: extended code 1, and 0 as the version we know
        reply += _OPT + bytes((1 if version else 0, 0, 0, 0, 0, 0))
    return reply


def _head(query, flags, code, questions, answers, additional):
    flags = _QR_AA_RA | flags & (_RD | _OPCODE) | code
    counts = bytes((0, questions, 0, answers, 0, 0, 0, additional))
    return bytes(query[:2]) + bytes((flags >> 8, flags & 0xFF)) + counts


def _question_end(query):
    """Return the position behind the first question, or None if it is malformed.

    A compression pointer cannot be right here: there is no name before the first one that it could point to.
    """
    at = _HEAD
    while at < len(query) and query[at]:
        if query[at] > _LONGEST_LABEL:
            return None
        at += 1 + query[at]
    end = at + 1 + 4
    return end if end <= len(query) and at + 1 - _HEAD <= _LONGEST_NAME else None


def _edns_version(query, at):
    """Return the EDNS version that the query speaks, or None without EDNS."""
    if query[6:10] != b"\0\0\0\0" or query[10:12] == b"\0\0" or len(query) < at + 11:
        return None
    if query[at] or query[at + 1] << 8 | query[at + 2] != _TYPE_OPT:
        return None
    return query[at + 6]
