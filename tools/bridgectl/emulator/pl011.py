"""A model of the PL011 UART as the RP2040 has it, put in place of the emulator's own.

The stock model has no baud timing, no BUSY, no receive time-out and asserts its transmit interrupt at every
check, so MicroPython's driver loops in its handler and sends nothing. Here: FIFOs of 32 with trigger levels, a
shifter that takes a character's time, the interrupt rules, receive time-out after 32 bit times, overrun and error bits.

Not modelled: DMA, IrDA, modem lines, loopback, the line's level while the guest sends a break.
Source: ARM DDI 0183G (PrimeCell UART PL011), chapters 2.4, 2.8 and 3.3; RP2040 data sheet 4.2.
"""

import collections

from rp2040py.peripherals.peripheral import BasePeripheral

# fmt: off
_DR, _RSR, _FR, _IBRD, _FBRD, _LCR_H, _CR = 0x00, 0x04, 0x18, 0x24, 0x28, 0x2C, 0x30
_IFLS, _IMSC, _RIS, _MIS, _ICR, _DMACR    = 0x34, 0x38, 0x3C, 0x40, 0x44, 0x48
_IDENTITY = {0xFE0: 0x11, 0xFE4: 0x10, 0xFE8: 0x34, 0xFEC: 0x00, 0xFF0: 0x0D, 0xFF4: 0xF0, 0xFF8: 0x05, 0xFFC: 0xB1}

_FR_TXFE, _FR_RXFF, _FR_TXFF, _FR_RXFE, _FR_BUSY = 1 << 7, 1 << 6, 1 << 5, 1 << 4, 1 << 3
_LCR_FEN, _LCR_STP2, _LCR_EPS, _LCR_PEN = 1 << 4, 1 << 3, 1 << 2, 1 << 1
_CR_RXE, _CR_TXE, _CR_UARTEN            = 1 << 9, 1 << 8, 1 << 0
_INT_OE, _INT_RT, _INT_TX, _INT_RX      = 1 << 10, 1 << 6, 1 << 5, 1 << 4
# fmt: on

# Bits of the data register above the byte; the same error's interrupt is one bit lower.
FRAMING_ERROR, PARITY_ERROR, BREAK, _OVERRUN = 1 << 8, 1 << 9, 1 << 10, 1 << 11

_FIFO_DEPTH = 32
_TRIGGER_LEVELS = (4, 8, 16, 24, 28)  # eighths of the FIFO: 1/8, 1/4, 1/2, 3/4, 7/8
_TIMEOUT_BITS = 32
_ALL_INTERRUPTS = 0x7FF


class Pl011(BasePeripheral):
    """One UART. `on_sent(byte, end_ns)` is called at the end of each stop bit; `arrive` puts bytes on the RX pin."""

    def __init__(self, stock):
        """Take the place of `stock`, the emulator's model: its name, interrupt number and chip."""
        super().__init__(stock.rp2040, stock.name)
        self.on_sent = None
        self.overruns = 0
        self._irq = stock.irq
        self._clock = self.rp2040.clock
        self._shift_end = self._clock.create_alarm(self._on_shift_end)
        self._receive_timeout = self._clock.create_alarm(self._on_receive_timeout)
        self._arrival = self._clock.create_alarm(self._on_arrival)
        self._arriving = collections.deque()
        self._tx = collections.deque()
        self._rx = collections.deque()
        self._clear()

    def reset(self):
        """Put the registers back to power-on; bytes on their way to the RX pin still arrive."""
        self._shift_end.cancel()
        self._receive_timeout.cancel()
        self._clear()
        self._update()

    def _clear(self):
        self._tx.clear()
        self._rx.clear()
        self._shifting = None
        self._overrun_pending = False
        self._line_errors = self._integer = self._fraction = self._line_control = 0
        self._mask = self._raw = self._dma = 0
        self._control = _CR_RXE | _CR_TXE
        self._levels = 0x12

    # -- the wire ------------------------------------------------------------

    @property
    def baud(self):
        """Bits per second as the guest has set them, 0 before it did."""
        divisor = self._integer * 64 + self._fraction
        return self.rp2040.clk_peri * 4 / divisor if divisor else 0

    @property
    def parity(self):
        """'N', 'E' or 'O'."""
        if not self._line_control & _LCR_PEN:
            return "N"
        return "E" if self._line_control & _LCR_EPS else "O"

    @property
    def bit_ns(self):
        """Nanoseconds per bit."""
        return 1e9 / self.baud

    @property
    def character_bits(self):
        """Bits per character, start, parity and stop bits included."""
        data_bits = 5 + (self._line_control >> 5 & 3)
        return 2 + data_bits + bool(self._line_control & _LCR_PEN) + bool(self._line_control & _LCR_STP2)

    @property
    def busy(self):
        """True from the first byte written to the end of the last stop bit."""
        return self._shifting is not None or bool(self._tx)

    def arrive(self, byte, at_ns, errors=0):
        """Let `byte` arrive: `at_ns` is the end of its stop bit. Calls must be in the order of time.

        errors: FRAMING_ERROR, PARITY_ERROR, BREAK, or-ed together.
        """
        self._arriving.append((at_ns, byte | errors))
        if len(self._arriving) == 1:
            self._arrival.schedule(max(0, at_ns - self._clock.nanos))

    def _on_arrival(self):
        _, entry = self._arriving.popleft()
        if self._arriving:
            self._arrival.schedule(max(0, self._arriving[0][0] - self._clock.nanos))
        if self._control & (_CR_UARTEN | _CR_RXE) == _CR_UARTEN | _CR_RXE and self.baud:
            self._receive(entry)

    def _receive(self, entry):
        if len(self._rx) >= self._depth:
            self.overruns += 1
            self._overrun_pending = True  # told with the next byte that gets in
            self._raw |= _INT_OE
        else:
            if self._overrun_pending:
                entry |= _OVERRUN
                self._overrun_pending = False
            self._rx.append(entry)
            self._raw |= entry >> 1 & 0x380  # framing, parity, break
            if len(self._rx) >= self._rx_trigger:
                self._raw |= _INT_RX
        if self._fifos:
            self._receive_timeout.schedule(_TIMEOUT_BITS * self.bit_ns)
        self._update()

    def _on_receive_timeout(self):
        if self._rx:
            self._raw |= _INT_RT
            self._update()

    def _start_shift(self):
        enabled = self._control & (_CR_UARTEN | _CR_TXE) == _CR_UARTEN | _CR_TXE
        if self._shifting is None and self._tx and enabled and self.baud:
            before = len(self._tx)
            self._shifting = self._tx.popleft()
            self._shift_end.schedule(self.character_bits * self.bit_ns)
            # the interrupt belongs to the passing of the level, not to the level
            if before > self._tx_trigger >= len(self._tx):
                self._raw |= _INT_TX

    def _on_shift_end(self):
        byte, self._shifting = self._shifting, None
        self._start_shift()
        self._update()
        if self.on_sent:
            self.on_sent(byte, self._clock.nanos)

    # -- the registers -------------------------------------------------------

    @property
    def _fifos(self):
        return bool(self._line_control & _LCR_FEN)

    @property
    def _depth(self):
        return _FIFO_DEPTH if self._fifos else 1

    @property
    def _tx_trigger(self):
        return _TRIGGER_LEVELS[min(self._levels & 7, 4)] if self._fifos else 0

    @property
    def _rx_trigger(self):
        return _TRIGGER_LEVELS[min(self._levels >> 3 & 7, 4)] if self._fifos else 1

    def _flags(self):
        flags = 0 if self._tx else _FR_TXFE
        if len(self._tx) >= self._depth:
            flags |= _FR_TXFF
        if not self._rx:
            flags |= _FR_RXFE
        if len(self._rx) >= self._depth:
            flags |= _FR_RXFF
        return flags | (_FR_BUSY if self.busy else 0)

    def _update(self):
        self.rp2040.set_interrupt(self._irq, bool(self._raw & self._mask))

    def read_uint32(self, offset):
        """Return a register's value. Reading the data register takes a byte out of the FIFO."""
        if offset == _DR:
            return self._read_data()
        if offset == _FR:
            return self._flags()
        if offset in _IDENTITY:
            return _IDENTITY[offset]
        values = {
            _RSR: self._line_errors,
            _IBRD: self._integer,
            _FBRD: self._fraction,
            _LCR_H: self._line_control,
            _CR: self._control,
            _IFLS: self._levels,
            _IMSC: self._mask,
            _RIS: self._raw,
            _MIS: self._raw & self._mask,
            _ICR: 0,
            _DMACR: self._dma,
        }
        return values[offset] if offset in values else super().read_uint32(offset)

    def _read_data(self):
        if not self._rx:
            return 0
        entry = self._rx.popleft()
        self._line_errors = entry >> 8
        if len(self._rx) < self._rx_trigger:
            self._raw &= ~_INT_RX
        if not self._rx:
            self._raw &= ~_INT_RT
            self._receive_timeout.cancel()
        self._update()
        return entry

    def write_uint32(self, offset, value):
        """Set a register. Writing the data register queues a byte; a full FIFO loses it."""
        if offset == _DR:
            if len(self._tx) < self._depth:
                self._tx.append(value & 0xFF)
            if len(self._tx) > self._tx_trigger:
                self._raw &= ~_INT_TX
        elif offset == _RSR:
            self._line_errors = 0
        elif offset == _IBRD:
            self._integer = value & 0xFFFF
        elif offset == _FBRD:
            self._fraction = value & 0x3F
        elif offset == _LCR_H:
            self._line_control = value & 0xFF
        elif offset == _CR:
            self._control = value & 0xFFFF
        elif offset == _IFLS:
            self._levels = value & 0x3F
        elif offset == _IMSC:
            self._mask = value & _ALL_INTERRUPTS
        elif offset == _ICR:
            self._raw &= ~self.raw_write_value
        elif offset == _DMACR:
            self._dma = value & 7
        else:
            super().write_uint32(offset, value)
        self._start_shift()
        self._update()


def install(mcu):
    """Replace both UARTs of `mcu` and give them the port's 48 MHz clock; return them as a list."""
    mcu.clk_peri = 48_000_000  # the rp2 port clocks them from the USB PLL; the emulator says 125 MHz
    for number, address in enumerate((0x40034, 0x40038)):
        mcu.uart[number] = mcu.peripherals[address] = Pl011(mcu.uart[number])
    return list(mcu.uart)
