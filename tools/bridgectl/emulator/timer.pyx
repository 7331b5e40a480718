# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The chip's timer with its count typed: MicroPython looks at it a hundred thousand times a second while it waits.

What else there is, alarms, interrupts and the latched count, stays with the wheel's own block, `rest`.
"""

from rp2040py.native._simulation_clock cimport SimulationClock

cdef enum:
    HIGH = 0x24
    LOW = 0x28
    PLACE = 0x40054


cdef class Timer:
    """Stands where the wheel's block stood."""

    cdef readonly object rest
    cdef SimulationClock clock

    def __init__(self, mcu):
        """mcu: the chip whose block this becomes."""
        self.rest = mcu.timer
        self.clock = mcu.clock
        mcu.peripherals[PLACE] = self

    def __getattr__(self, name):
        return getattr(self.rest, name)

    def read_uint32(self, long long offset):
        """Return what the processor reads there."""
        cdef unsigned long long micros
        if offset == LOW or offset == HIGH:
            micros = <unsigned long long>((self.clock._nanos_counter - <double>self.rest._epoch_nanos) / 1000)
            return micros & 0xFFFFFFFF if offset == LOW else micros >> 32
        return self.rest.read_uint32(offset)
