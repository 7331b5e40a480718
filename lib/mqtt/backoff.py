"""How long to wait before the next attempt to connect: growing, and jittered so that not all devices return at once."""

from micropython import const

_FIRST_MS = const(1000)
_LAST_MS = const(60_000)
_DOUBLINGS = const(6)
_CHANCES = const(1023)


def pause_ms(failures, chance):
    """Return the pause after this many failures in a row (0 = the first): half of 1, 2, 4 ... 60 s up to all of it.

    chance: random number of 10 bits, 0..1023.
    """
    longest_ms = min(_FIRST_MS << min(failures, _DOUBLINGS), _LAST_MS)
    return longest_ms // 2 + longest_ms // 2 * chance // _CHANCES
