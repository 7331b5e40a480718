"""The reference board with a Raspberry Pi Pico W (RP2040)."""

from micropython import const
from pico import Pico

_REASON = const(0x40058008)  # RP2040 data sheet 4.7.6


class Board(Pico):
    name = "rp2040"
    _reason = _REASON
