"""What ends a connection, and its words for people."""

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
NEWER = "the broker wants MQTT 5, this client speaks 3.1.1; allow that version at the broker"
_NEWER_CODES = const(128)  # reason codes of MQTT 5 begin here


class ProtocolError(Exception):
    """The broker sent what MQTT 3.1.1 does not allow, or what was never asked for."""


class MQTTException(Exception):
    """The broker refused the login: code (1..5, others are not of the standard) and the reason in words."""

    def __init__(self, code):
        reason = _REFUSALS[code] if code < len(_REFUSALS) else "code %d" % code
        super().__init__("login refused: " + (NEWER if code >= _NEWER_CODES else reason))
        self.code = code


def words(error):
    """Return what an exception means, without secrets: its text, or the name of its number."""
    if isinstance(error, OSError):
        if len(error.args) > 1:
            return error.args[1]
        return errno.errorcode.get(error.errno, "error %s" % error.errno)
    return str(error)
