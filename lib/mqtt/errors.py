"""What ends a connection, and when the next is tried. What it means for people says words.py, in memory only for that."""

from micropython import const
from parts import Part

_FIRST_PAUSE_MS = const(1000)
_LAST_PAUSE_MS = const(60_000)
_DOUBLINGS = const(6)
_CHANCES = const(1023)

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
    if isinstance(error, MemoryError):
        return "found no memory"
    try:
        with Part("mqtt.words") as words:
            return words.words(error, error.code if isinstance(error, MQTTException) else None)
    except MemoryError:
        return str(error)


def pause_ms(failures, chance):
    """Return the pause after this many failures in a row (0 = the first): half of 1, 2, 4 ... 60 s up to all of it.

    chance: random number of 10 bits, 0..1023.
    """
    longest_ms = min(_FIRST_PAUSE_MS << min(failures, _DOUBLINGS), _LAST_PAUSE_MS)
    return longest_ms // 2 + longest_ms // 2 * chance // _CHANCES
