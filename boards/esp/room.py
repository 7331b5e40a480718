"""Decides whether an ESP32 has memory for its radio. Pure: it is told what was found.

Python's heap and the system's (ESP-IDF) share the chip's RAM. Python's grows when it is full: it doubles once, then takes
the largest piece there is, the system's last one too, and the radio dies of it. So the question is asked before the
application is loaded, while the answer still can be no. Figures: MicroPython 1.27, measured, in bytes.
"""

from micropython import const

_RADIO = const(46_000)  # station, access point and sockets; the first WLAN() takes 36,600 of it
_RESERVE = const(12_000)  # stays with the system: what comes and goes while it works
_IN_RAM = const(136_000)  # what the bridge uses of Python's heap with its code in RAM
_IN_PLACE = const(76_000)  # the same with bytecode and texts in flash, 60,000 less
_PSRAM = const(1_000_000)  # a region of that size is no part of the chip's own 520 kB


def fits_radio(python, regions, in_place):
    """Return why the radio has to stay off, as a text for people, or "" if it has room.

    python: bytes that Python's heap can have, with all that it could still take; regions: rows of
    esp32.idf_heap_info(HEAP_DATA), (size, free, largest free piece, least ever); in_place: the code runs in flash.
    """
    free, _largest = system_heap(regions)
    if free < _RADIO + _RESERVE:
        return "no room for the radio: it needs %d kB, the chip has %d" % ((_RADIO + _RESERVE) // 1000, free // 1000)
    needed = _IN_PLACE if in_place else _IN_RAM
    left = python - _RADIO - _RESERVE
    if not has_psram(regions) and left < needed:
        return "no room for the radio without PSRAM: the bridge needs %d kB beside it, there are %d" % (
            needed // 1000,
            left // 1000,
        )
    return ""


def has_psram(regions):
    """Return True if there is memory beside the chip's own: Python's heap grows there and leaves the system's alone."""
    return any(region[0] >= _PSRAM for region in regions)


def system_heap(regions):
    """Return (bytes free, largest piece) of the memory that the system's drivers need: the chip's own."""
    free = largest = 0
    for size, region_free, region_largest, _least in regions:
        if size < _PSRAM:
            free += region_free
            largest = max(largest, region_largest)
    return free, largest


def to_take(largest):
    """Return how much Python's heap may take at once when the radio runs, from the system's largest piece."""
    return max(largest - _RESERVE - (_RADIO - 36_600), 0)
