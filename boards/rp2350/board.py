"""The reference board with a Raspberry Pi Pico 2 W (RP2350).

Erratum E9: an input's pull-down inside may hold it at 2 V, so the carrier pulls down outside, with 8.2 kΩ at most.
"""

from micropython import const
from pico import Pico

_REASON = const(0x400D8008)  # RP2350 data sheet 12.9


class Board(Pico):
    name = "rp2350"
    _reason = _REASON
