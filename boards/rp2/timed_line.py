"""An RS485 line that can send without holding up the event loop: a hard timer switches the driver off.

loop    begin()|________ free for other tasks _______|
wire            ############### frame ###############
driver  ________|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|____
timer                                           |~~~~| two to three ms: waits for the last stop bit, in the interrupt
"""

from clock import ticks_add, ticks_diff, ticks_us
from machine import Timer
from micropython import const
from rs485 import Line

_EARLY_MS = const(2)  # periods are whole ms; the rest is waited for
_SPIN_US = const(6000)  # the interrupt lasts no longer: what is late is left to sending()
_OVERDUE_US = const(20000)
_SHORT_MS = const(12)  # a frame as short as that is not worth a timer


class TimedLine(Line):
    """As rs485.Line, but begin() does not wait."""

    def __init__(self, uart_id, tx, rx, de, baud, parity):
        Line.__init__(self, uart_id, tx, rx, de, baud, parity)
        self._character_us = (10 if parity == "N" else 11) * 1000000 // baud
        self._timer = Timer(-1)
        self._released = self._release  # made once: an interrupt and a steady exchange allocate nothing
        self._is_sending = False
        self._end_us = 0

    def begin(self, buffer, count):
        """Send the first count bytes of buffer, which may change at once; sending() says how long it takes.

        The driver is released by an interrupt, whatever the tasks do meanwhile; only an erase of the flash, in which
        the chip serves no interrupts, makes it late. Raises OSError as send() does.
        """
        if self._is_sending:
            self._stop()
        left_ms = count * self._character_us // 1000 - _EARLY_MS
        if left_ms < _SHORT_MS or self._silent:
            self.send(buffer, count)
            return
        self._de(1)
        try:
            self._write(buffer, count)  # the ring holds a whole frame
        except OSError:
            self._stop()
            raise
        self._end_us = ticks_add(ticks_us(), count * self._character_us)
        self._is_sending = True
        self._timer.init(mode=Timer.ONE_SHOT, period=left_ms, callback=self._released, hard=True)

    def sending(self):
        """Return True until the last stop bit of what begin() took has left and the driver is off."""
        if self._is_sending and ticks_diff(ticks_us(), self._end_us) > _OVERDUE_US:
            self._stop()
        return self._is_sending

    def send(self, buffer, count):
        """As rs485.Line.send, after what is still leaving."""
        if self._is_sending:
            self._stop()
        Line.send(self, buffer, count)

    def transmit_off(self):
        """As rs485.Line.transmit_off; what is still leaving is cut."""
        self._is_sending = False
        Line.transmit_off(self)

    def _release(self, _timer):
        """The hard interrupt shortly before the end of the frame."""
        if not self._is_sending:
            return
        uart = self._uart
        limit_us = ticks_add(ticks_us(), _SPIN_US)
        while not uart.txdone():
            if ticks_diff(ticks_us(), limit_us) > 0:
                return
        self._de(0)
        self._is_sending = False

    def _stop(self):
        """Wait for the last stop bit here."""
        self._uart.flush()
        self._de(0)
        self._is_sending = False
