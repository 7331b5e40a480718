"""One RS485 port: a UART and the pin that switches its transceiver to sending.

The driver is on only inside send(): enabled, written, flushed to the last stop bit, released, also after an exception.
A slave may answer 3.5 characters after the request, so nothing may happen between the last stop bit and the release.
"""

from machine import UART
from micropython import const

# A frame is 256 bytes at most. The rp2 port writes only what fits into its ring, so a frame must fit; on the receiving
# side a whole reply and the noise before it must fit while another task holds the processor.
_TXBUF = const(288)
_RXBUF = const(640)
_EPERM = const(1)
_EIO = const(5)

_MAX_BAUD = const(9600)  # com.MAX_BAUD; a test keeps them equal, the table of the terminal stays out of the RAM
_BAUDS = const((1200, 2400, 4800, 9600))
_PARITIES = const((("N", None), ("E", 0), ("O", 1)))


def _checked_parity(parity):
    for name, bits in _PARITIES:
        if name == parity:
            return bits
    raise ValueError("parity %r: must be N, E or O" % (parity,))


def _checked_baud(baud):
    if baud > _MAX_BAUD:
        raise ValueError("baud %d: RS485 never above %d bps (COM-7)" % (baud, _MAX_BAUD))
    if baud not in _BAUDS:
        raise ValueError("baud %d: must be 1200, 2400, 4800 or 9600" % baud)
    return baud


class Line:
    """A half-duplex line, 8 data bits, 1 stop bit. Steady-state use allocates nothing."""

    tick_ms = 1  # a sleep may end so much later than asked; who needs it finer keeps the processor

    def __init__(self, uart_id, tx, rx, de, baud, parity):
        """Open the line. tx, rx: GPIO numbers; de: the Pin of the driver enable, 1 = sending.

        Raises ValueError for a baud rate above 9600 or unknown, and for an unknown parity.
        """
        de(0)
        bits = _checked_parity(parity)
        baud = _checked_baud(baud)
        self._de = de
        self._silent = False
        self._callback = None
        self._uart = UART(
            uart_id, baudrate=baud, bits=8, parity=bits, stop=1, tx=tx, rx=rx, txbuf=_TXBUF, rxbuf=_RXBUF, timeout=0
        )

    def send(self, buffer, count):
        """Send the first count bytes of buffer; return when the last stop bit has left and the driver is off.

        Blocks for the whole frame: 8.3 ms for 8 bytes at 9600 bps, 33 ms at 2400, 267 ms for 256 bytes at 9600.
        Raises OSError: EPERM after transmit_off(), EIO if the UART takes no more bytes.
        """
        if self._silent:
            raise OSError(_EPERM)
        self._de(1)
        try:
            self._write(buffer, count)
            self._uart.flush()
        finally:
            self._de(0)

    def begin(self, buffer, count):
        """Send as send() does; where the chip can release the driver by itself it returns at once, see sending()."""
        self.send(buffer, count)

    def sending(self):
        """Return True while what begin() took is still leaving."""
        return False

    def any(self):
        """Return how many received bytes wait."""
        return self._uart.any()

    def readinto(self, buffer, count):
        """Read at most count waiting bytes into the front of buffer; return how many, never None. Does not wait."""
        waiting = self._uart.any()
        # Asked for more than is there, the rp2 port waits for the next character of a running frame.
        count = min(count, waiting)
        if not count:
            return 0
        return self._uart.readinto(buffer, count) or 0

    def on_idle(self, callback):
        """Call callback(line) soon after the line fell idle, from the scheduler: it may run at any point of a task.

        Comes after 32 bit times on RP2040, after 2 to 4 characters on ESP32, later while something blocks.
        None = no more calls.
        """
        self._callback = callback
        trigger = getattr(UART, "IRQ_RXIDLE", 0)  # in the ports since 1.24
        if trigger:
            self._uart.irq(self._idle if callback else None, trigger if callback else 0)

    def transmit_off(self):
        """Keep the driver off for good: the line only listens from now on, and send() raises OSError."""
        self._silent = True
        self._de(0)

    def _write(self, buffer, count):
        """Hand bytes to the UART. Raises OSError (EIO) if it takes no more."""
        uart = self._uart
        sent = 0
        while sent < count:
            took = uart.write(buffer, sent, count - sent)
            if not took:  # None or 0: the ring is full, and after a flush it must have room
                uart.flush()
                took = uart.write(buffer, sent, count - sent)
                if not took:
                    raise OSError(_EIO)
            sent += took

    def _idle(self, _uart):
        if self._callback:  # one may be on its way while it is taken back
            self._callback(self)
