"""What the end of a connection means for people, and what they can do."""

import errno

from micropython import const

_REFUSALS = (  # CONNACK codes [3.2.2.3]
    "",
    "the broker does not take MQTT 3.1.1; allow that version there",
    "client id not allowed",
    "the broker is not available; it says so itself",
    "wrong user or password",
    "not authorised; allow this user at the broker",
)
_WANTS_NEWER = "the broker wants MQTT 5, this client speaks 3.1.1; allow that version at the broker"
_NEWER_CODES = const(128)  # reason codes of MQTT 5 begin here

# What a ProtocolError says by a number: errors.NEWER, or the first byte of something that is no broker.
_NUMBERS = {
    0: _WANTS_NEWER,
    0x15: "this port speaks TLS; name the broker's port without it",
    0x16: "this port speaks TLS; name the broker's port without it",
    0x48: "this is a web server, not a broker; name the broker's port",  # H of HTTP
    0x53: "this is an SSH server, not a broker; name the broker's port",
}

_NO_WAY = "there is no way to this address: is it in the same network?"
_ERRORS = {
    errno.ECONNREFUSED: "nobody listens there: is the broker running, and is its port right?",
    errno.EHOSTUNREACH: _NO_WAY,
    101: _NO_WAY,  # ENETUNREACH, which not every port names
    errno.ETIMEDOUT: "the broker does not answer",
    errno.ECONNRESET: "the broker ended the connection",
    errno.ECONNABORTED: "the broker ended the connection",
}


def words(error, code):
    """Return what an exception of the client means, without secrets; code: of a refused login, None of any other."""
    if isinstance(error, OSError):
        if len(error.args) > 1:
            return error.args[1]
        return _ERRORS.get(error.errno) or errno.errorcode.get(error.errno, "error %s" % error.errno)
    if code is not None:
        reason = _REFUSALS[code] if code < len(_REFUSALS) else "code %d" % code
        return "login refused: " + (_WANTS_NEWER if code >= _NEWER_CODES else reason)
    return _NUMBERS.get(error.args[0], str(error))
