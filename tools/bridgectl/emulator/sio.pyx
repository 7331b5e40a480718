# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The chip's SIO block with its divider, its locks and the number of its core typed: MicroPython divides and locks a
million times a second, and the wheel answers each of the four accesses that a division takes in Python.

What is neither, the pins and the interpolators, stays with the wheel's own block, `rest`. As there, a division is done when
it is asked for and takes eight cycles.
"""

from rp2040py.native._cortex_m0_core cimport CortexM0Core

cdef enum:
    CORE = 0x00
    LOCKS = 0x5C
    UNSIGNED_DIVIDEND = 0x60
    UNSIGNED_DIVISOR = 0x64
    SIGNED_DIVIDEND = 0x68
    SIGNED_DIVISOR = 0x6C
    QUOTIENT = 0x70
    REMAINDER = 0x74
    STATUS = 0x78
    FIRST_LOCK = 0x100
    LAST_LOCK = 0x17C
    CYCLES = 8
    READY_AND_DIRTY = 0b11
    DIRTY = 0b10


cdef class Sio:
    """Stands where the wheel's block stood."""

    cdef readonly object rest
    cdef CortexM0Core core
    cdef long long dividend, divisor, quotient, remainder
    cdef unsigned int status, locks

    def __init__(self, mcu):
        """mcu: the chip whose block this becomes."""
        self.rest = mcu.sio
        self.core = mcu.core
        self._clear()
        mcu.sio = self

    cdef _clear(self):
        self.dividend, self.divisor, self.quotient, self.remainder, self.status, self.locks = 0, 1, 0, 0, 0, 0

    def reset(self):
        """Go back to how it is at power on."""
        self.rest.reset()
        self._clear()

    @property
    def gpio_value(self):
        """Levels that are set at the pins, a bit each."""
        return self.rest.gpio_value

    @property
    def gpio_output_enable(self):
        """Which pins are driven, a bit each."""
        return self.rest.gpio_output_enable

    def read_uint32(self, long long offset):
        """Return what the processor reads there."""
        cdef unsigned int bit
        if offset == CORE:  # asked for before each lock; there is one
            return 0
        if offset == QUOTIENT:
            self.status &= ~DIRTY
            return self.quotient & 0xFFFFFFFF
        if offset == REMAINDER:
            return self.remainder & 0xFFFFFFFF
        if offset == STATUS:
            return self.status
        if FIRST_LOCK <= offset <= LAST_LOCK:
            bit = 1u << ((offset - FIRST_LOCK) // 4)
            if self.locks & bit:
                return 0
            self.locks |= bit
            return bit
        if offset == UNSIGNED_DIVIDEND or offset == SIGNED_DIVIDEND:
            return self.dividend
        if offset == UNSIGNED_DIVISOR or offset == SIGNED_DIVISOR:
            return self.divisor
        if offset == LOCKS:
            return self.locks
        return self.rest.read_uint32(offset)

    def write_uint32(self, long long offset, long long value):
        """Take what the processor writes there."""
        if offset == UNSIGNED_DIVIDEND or offset == SIGNED_DIVIDEND:
            self.dividend = value
            self._divide(offset == SIGNED_DIVIDEND)
        elif offset == UNSIGNED_DIVISOR or offset == SIGNED_DIVISOR:
            self.divisor = value
            self._divide(offset == SIGNED_DIVISOR)
        elif FIRST_LOCK <= offset <= LAST_LOCK:
            self.locks &= ~(1u << ((offset - FIRST_LOCK) // 4))
        elif offset == QUOTIENT:
            self.quotient = value
            self.status = READY_AND_DIRTY
        elif offset == REMAINDER:
            self.remainder = value
            self.status = READY_AND_DIRTY
        else:
            self.rest.write_uint32(offset, value)

    cdef _divide(self, bint signed):
        cdef long long dividend, divisor
        if self.divisor == 0:
            self.quotient = -1 if self.dividend > 0 else 1
            self.remainder = self.dividend
        else:
            if signed:
                dividend, divisor = <int>self.dividend, <int>self.divisor
            else:
                dividend, divisor = <unsigned int>self.dividend, <unsigned int>self.divisor
            self.quotient = dividend // divisor  # as in C: towards zero
            self.remainder = dividend % divisor
        self.status = READY_AND_DIRTY
        self.core.cycles += CYCLES
