"""An RS485 bus in emulated time: the chip's UART and driver enable at one end, a slave at the other.

The slave is sans-IO: `answer(frame)` gets a request's bytes and returns the answer's bytes or None. A frame ends
after 3.5 idle characters; the answer starts after the slave's think time and goes at the wire's speed. The
transceiver's receiver is off while its driver is on, as on a board with DE and /RE tied together.
"""

import dataclasses

from .pl011 import FRAMING_ERROR

_NS_PER_S = 1e9
_NS_PER_MS = 1e6
_NS_PER_US = 1e3
_FRAME_END_CHARACTERS = 3.5
FAULTS = ("collisions", "cut_bytes", "unheard_bytes", "misheard")  # counters of a Wire that must stay 0
_BAUD_TOLERANCE = 0.03  # beyond it the last bits of a character are sampled wrongly


@dataclasses.dataclass
class Exchange:
    """One request, its answer if any, and their times (ns since power on)."""

    request: bytes
    start_ns: float
    end_ns: float  # last stop bit of the request
    answer: bytes | None = None
    answer_start_ns: float = 0
    answer_end_ns: float = 0


class Wire:
    """The bus. `exchanges` is the record; `releases` lists (ns, us): when the driver was released, how long after the
    last stop bit.

    collisions: answer bytes that ran into the chip's driver; cut_bytes: bytes that the driver let go of too early;
    unheard_bytes: bytes sent with the driver off; misheard: requests at another speed or parity than the slave's.
    """

    def __init__(self, chip, uart, driver_gpio, slave, *, baud=9600, parity="N", think_ms=20):
        """Connect `slave` to UART number `uart`; `driver_gpio` is the pin at DE and /RE.

        think_ms: from the end of the request to the start of the answer, at least 3.5 characters.
        """
        self.slave = slave
        self.baud = baud
        self.parity = parity
        self.think_ms = think_ms
        self.exchanges = []
        self.releases = []
        self.collisions = self.cut_bytes = self.unheard_bytes = self.misheard = 0
        self._chip = chip
        self._uart = chip.uarts[uart]
        self._uart.on_sent = self._on_sent
        self._frame = bytearray()
        self._spoilt = False
        self._frame_start_ns = self._last_stop_ns = 0
        self._driving = False
        self._driver_edge_ns = 0
        self._released = True
        self._frame_end = chip.mcu.clock.create_alarm(self._on_frame_end)
        self._answer_byte = chip.mcu.clock.create_alarm(self._on_answer_byte)
        self._answer = b""
        self._answered = 0
        chip.mcu.gpio[driver_gpio].add_listener(self._on_driver)

    @property
    def character_ns(self):
        """Time of a character: start, 8 data bits, parity if any, one stop bit."""
        return (10 if self.parity == "N" else 11) * _NS_PER_S / self.baud

    @property
    def release_us(self):
        """Microseconds from each request's last stop bit to the release of the driver."""
        return [us for _, us in self.releases]

    @property
    def t35_us(self):
        """Idle time that ends a frame, microseconds."""
        return _FRAME_END_CHARACTERS * self.character_ns / _NS_PER_US

    # -- the chip sends ------------------------------------------------------

    def _on_driver(self, new, _old):
        driving = new.name == "HIGH"
        if driving == self._driving:
            return
        now_ns = self._chip.now_ns
        if self._driving:
            if self._uart.busy:
                self.cut_bytes += 1
                self._spoilt = True
            elif not self._released:
                self.releases.append((now_ns, (now_ns - self._last_stop_ns) / _NS_PER_US))
                self._released = True
        self._driving = driving
        self._driver_edge_ns = now_ns

    def _on_sent(self, byte, end_ns):
        start_ns = end_ns - self._uart.character_bits * self._uart.bit_ns
        if not self._driving:
            if self._driver_edge_ns <= start_ns:
                self.unheard_bytes += 1
            return
        if self._driver_edge_ns > start_ns:
            self._spoilt = True
        if not self._frame:
            self._frame_start_ns = start_ns
        self._frame.append(byte)
        self._last_stop_ns = end_ns
        self._released = False
        self._frame_end.schedule(_FRAME_END_CHARACTERS * self.character_ns)

    def _on_frame_end(self):
        if not self._frame:
            return
        frame, self._frame = bytes(self._frame), bytearray()
        spoilt, self._spoilt = self._spoilt, False
        if spoilt or not self._understood():
            self.misheard += 1
            return
        exchange = Exchange(frame, self._frame_start_ns, self._last_stop_ns)
        self.exchanges.append(exchange)
        answer = self.slave.answer(frame)
        if not answer:
            return
        exchange.answer = bytes(answer)
        exchange.answer_start_ns = max(self._chip.now_ns, self._last_stop_ns + self.think_ms * _NS_PER_MS)
        exchange.answer_end_ns = exchange.answer_start_ns + len(answer) * self.character_ns
        self._answer, self._answered = exchange.answer, 0
        self._answer_byte.schedule(exchange.answer_start_ns + self.character_ns - self._chip.now_ns)

    def _understood(self):
        return abs(self._uart.baud - self.baud) <= _BAUD_TOLERANCE * self.baud and self._uart.parity == self.parity

    # -- the slave answers ---------------------------------------------------

    def _on_answer_byte(self):
        byte = self._answer[self._answered]
        self._answered += 1
        if self._answered < len(self._answer):
            self._answer_byte.schedule(self.character_ns)
        now_ns = self._chip.now_ns
        if self._driving:
            self.collisions += 1  # and the receiver is off: nothing arrives
        elif self._driver_edge_ns > now_ns - self.character_ns:
            self.collisions += 1
            self._uart.arrive(byte ^ 0xFF, now_ns, FRAMING_ERROR)
        else:
            self._uart.arrive(byte, now_ns)
