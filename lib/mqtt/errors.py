"""What ends a connection, and its words for people."""

import errno

_REFUSALS = (  # CONNACK codes [3.2.2.3]
    "",
    "protocol version not supported",
    "client id not allowed",
    "broker not available",
    "wrong user or password",
    "not authorised",
)


class ProtocolError(Exception):
    """The broker sent what MQTT 3.1.1 does not allow, or what was never asked for."""


class MQTTException(Exception):
    """The broker refused the login: code (1..5, others are not of the standard) and the reason in words."""

    def __init__(self, code):
        reason = _REFUSALS[code] if code < len(_REFUSALS) else "code %d" % code
        super().__init__("login refused: " + reason)
        self.code = code


def words(error):
    """Return what an exception means, without secrets: its text, or the name of its number."""
    if isinstance(error, OSError):
        if len(error.args) > 1:
            return error.args[1]
        return errno.errorcode.get(error.errno, "error %s" % error.errno)
    return str(error)
