"""What ends a connection. What it means for people says words.py, which comes into memory only for that."""

from parts import Part

NEWER = 0  # a broker that wants MQTT 5


class ProtocolError(Exception):
    """The broker sent what MQTT 3.1.1 does not allow, or what was never asked for.

    Its argument: a text; or a number: the first byte of something that is no broker, or NEWER.
    """


class MQTTException(Exception):
    """The broker refused the login: code (1..5, others are not of the standard)."""

    def __init__(self, code):
        super().__init__("login refused: code %d" % code)
        self.code = code


def in_words(error):
    """Return what an exception of the client means, without secrets; the words come into memory for that."""
    with Part("mqtt.words") as words:
        return words.words(error, error.code if isinstance(error, MQTTException) else None)
