"""What the boards with an ESP32 share: memory, radio, watchdog, reset cause. Their pins differ."""

import gc
import sys

import esp32
import log
import machine
import room
import vfs
from carrier import Carrier
from micropython import const

# Kept in the RTC's memory: it outlives every reset but the loss of power, where nothing else tells a restart that was
# meant from a panic.
_MEANT = b"bridge: meant"
_MEANT_FOR_RADIO = b"bridge: meant, the radio did not start"

_GARBAGE_BYTES = const(32_000)  # as Carrier's
_GARBAGE_BYTES_PSRAM = const(256_000)  # a heap of megabytes is slow to search and has room


class EspChip(Carrier):
    """The Board interface but for name and pins."""

    _tick_ms = 10  # FreeRTOS at 100 Hz, as every stock image has it

    def __init__(self, *pins):
        Carrier.__init__(self, *pins)
        if hasattr(esp32.RMT, "bitstream_rmt"):
            esp32.RMT.bitstream_rmt(False)  # the strip by hand: RMT takes memory of the system at each write
        memory = machine.RTC()
        self._mark = memory.memory()
        memory.memory(b"")
        regions = _regions()
        psram = room.has_psram(regions)
        self.gc_threshold = _GARBAGE_BYTES_PSRAM if psram else _GARBAGE_BYTES
        self.radio_text = room.fits_radio(_python(), regions, _in_place())
        if not psram and not self.radio_text:
            # Before the application: what the radio needs is taken, then Python's heap gets its share in one piece.
            self.wlan()
            self._held = _grow_heap(room.to_take(self.system_heap()[1]))

    def watchdog(self, ms):
        """Start the watchdog and return it: it has feed(). It cannot be stopped again."""
        return machine.WDT(timeout=ms)

    def reset_cause(self):
        """Return "power", "watchdog", "restart", "restart or panic" or "unknown".

        The chip calls a panic a reset like any other; only a restart of ours leaves a mark.
        """
        cause = machine.reset_cause()
        if cause == machine.PWRON_RESET:
            return "power"
        if cause == machine.WDT_RESET:
            return "watchdog"
        if cause in (machine.HARD_RESET, machine.SOFT_RESET):
            return "restart" if self._mark.startswith(_MEANT) else "restart or panic"
        return "unknown"

    def system_heap(self):
        """Return (bytes free, largest piece) of the memory that radio and drivers take; Python's heap is another."""
        return room.system_heap(_regions())

    def restart(self):
        """Open the relays, release the buses and reset the chip; does not return."""
        self._restart(_MEANT)

    def _restart(self, mark):
        machine.RTC().memory(mark)
        Carrier.restart(self)

    def _make_radio(self):
        """Return the radio, or None with the reason in radio_text.

        A driver that found no memory finds none until the next reset: there is one restart for it, and no second.
        """
        if self.radio_text:
            return None
        from radio import Radio  # only here: what needs no radio needs no memory for it

        try:
            return Radio()
        except OSError as e:
            reason = "%s" % e
        if self._mark != _MEANT_FOR_RADIO:
            log.error("board", "the radio does not start: %s; the chip restarts, once" % reason)
            self._restart(_MEANT_FOR_RADIO)
        self.radio_text = "the radio does not start, not after a restart either: " + reason
        return None


def _regions():
    return esp32.idf_heap_info(esp32.HEAP_DATA)


def _python():
    """Return how many bytes Python's heap can have: mem_free() counts what it could still take from the system."""
    return gc.mem_alloc() + gc.mem_free()


def _in_place():
    """Return True if the slot that runs is a ROMFS image in flash; its mount is the first that imports look at."""
    rom = getattr(vfs, "VfsRom", None)
    for system, path in vfs.mount():
        if rom and path == sys.path[0] and isinstance(system, rom):
            return True
    return False


def _grow_heap(count):
    """Let Python's heap take count bytes from the system at once, and return what keeps them there.

    A list that fits nowhere makes the heap larger by just its size; emptied, it shrinks to its first bytes, and a part
    of the heap that is in use is not given back. None if the system has no such piece: then it grows when it has to.
    """
    try:
        held = [None] * (count // 4)
    except MemoryError:
        return None
    held.clear()
    return held
