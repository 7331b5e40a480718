"""UART of both ports with the time of each byte, and the two-wire bus behind it; a name of the machine mock.

A byte takes its bit times on the virtual clock. What is sent while the driver enable is low reaches nobody; what
arrives while it is high is lost, because the receiver is off. flush() and a read that waits move the clock: they block.
"""

import io
import time

import chip
from machine_pad import on_release, pad

_FIRST_PARTY_GAP = 3.5  # characters of silence that end a frame
_RP2_MAX_BUFFER = 32766


class Link:
    """The far end of an RS485 port: a slave with `answer(frame: bytes) -> bytes or None`, and its faults."""

    def __init__(self, slave, think_ms):
        self.slave = slave
        self.think_ms = think_ms
        self.silent = False  # hears, says nothing
        self.late_ms = 0  # on top of think_ms
        self.bad_crc = False
        self.stray = False  # a 0x00 is received when the driver switches off
        self.echo = False  # a transceiver whose receiver is never off
        self.pause_ms = 0  # in the middle of a reply
        self.none_reads = 0  # so many reads return None although poll said ready
        self.heard = []  # the last 16 frames (us of their last stop bit, bytes)


class UART(io.IOBase):
    IRQ_RX = 1
    IRQ_RXIDLE = 64
    IRQ_TXIDLE = 32

    _links = {}
    _open = {}

    def __init__(
        self,
        id,
        baudrate=115200,
        bits=8,
        parity=None,
        stop=1,
        *,
        tx,
        rx,
        txbuf=256,
        rxbuf=256,
        timeout=0,
        timeout_char=0,
    ):
        _check_pins(id, tx, rx)
        if chip.family == "rp2" and max(txbuf, rxbuf) > _RP2_MAX_BUFFER:
            raise ValueError("txbuf or rxbuf too large")
        self.baudrate = baudrate
        self.parity = parity
        self.char_us = (1 + bits + (parity is not None) + stop) * 1000000 // baudrate
        self.overruns = 0
        self._txbuf = max(txbuf, 32)
        self._rxbuf = max(rxbuf, 32)
        self._timeout_char_us = max(timeout_char, 13000 // baudrate + 1) * 1000
        self._received = bytearray()
        self._coming = []  # (us of the end of its first byte, bytes, whether the receiver hears it with the driver on)
        self._sent = []  # (us of its start, bytes) of the running frame
        self._tx_end_us = 0
        self._last_us = 0
        self._callback = None
        self._link = None
        self._driver = None
        for number, (uart, de) in chip.PORTS[chip.port].items():
            if uart == id:
                self._link = UART._links.get(number)
                self._driver = de
        UART._open[id] = self

    @staticmethod
    def connect(port, slave, think_ms=20):
        """Connect a slave to RS485 port 1 or 2, before or after the port is opened; return the Link."""
        link = Link(slave, think_ms)
        UART._links[port] = link
        uart = UART._open.get(chip.PORTS[chip.port][port][0])
        if uart:
            uart._link = link
        return link

    @staticmethod
    def of(port):
        """Return the open UART of RS485 port 1 or 2."""
        return UART._open[chip.PORTS[chip.port][port][0]]

    @staticmethod
    def released(gpio):
        """A pin went low: if it is a driver's, a stray byte may follow."""
        for uart in UART._open.values():
            if uart._driver == gpio and uart._link and uart._link.stray:
                uart._expect(chip.now_us() + uart.char_us, b"\x00", False)

    def talk(self, sent, after_ms=0):
        """Let somebody else send on this bus: noise, or another master."""
        self._expect(chip.now_us() + after_ms * 1000 + self.char_us, sent, False)

    def write(self, buf, *window):
        """Take what fits: the rp2 port writes short, the esp32 port waits until there is room."""
        at = window[0] if len(window) == 2 else 0
        left = memoryview(buf)[at:]
        if window:
            left = left[: window[-1]]
        count = min(len(left), self._room())
        if chip.family == "esp32" and count < len(left):
            time.pass_us((len(left) - count) * self.char_us)
            count = min(len(left), self._room())
        if not count:
            return None
        start_us = max(chip.now_us(), self._tx_end_us)
        part = bytes(left[:count])
        self._sent.append((start_us, part))
        self._tx_end_us = start_us + count * self.char_us
        if self._link and self._link.echo:
            self._expect(start_us + self.char_us, part, True)
        chip.at(self._tx_end_us + self._gap_us(), self._frame_ended, chip.never)
        return count

    def flush(self):
        time.pass_us(max(self._tx_end_us - chip.now_us(), 0))

    def txdone(self):
        time.pass_us(2)  # whoever asks again and again waits
        return chip.now_us() >= self._tx_end_us

    def any(self):
        self._arrive()
        return len(self._received)

    def readinto(self, buf, count=None):
        wanted = len(buf) if count is None else min(count, len(buf))
        got = self._take(wanted)
        if not got:
            return None
        buf[: len(got)] = got
        return len(got)

    def read(self, count=None):
        got = self._take(self.any() if count is None else count)
        return got or None

    def irq(self, handler=None, trigger=0, hard=False):
        if hard and chip.family == "esp32":
            raise ValueError("hard IRQ is not implemented")
        self._callback = handler if trigger & self.IRQ_RXIDLE else None

    def deinit(self):
        self._callback = None

    def ioctl(self, request, flags):
        if request != 3:  # MP_STREAM_POLL
            return -1
        return (flags & 1 if self.any() else 0) | flags & 4

    def _gap_us(self):
        return int(self.char_us * _FIRST_PARTY_GAP)

    def _room(self):
        waiting = -(-max(self._tx_end_us - chip.now_us(), 0) // self.char_us)
        return max(self._txbuf - waiting, 0)

    def _take(self, wanted):
        self._arrive()
        if self._link and self._link.none_reads:
            self._link.none_reads -= 1
            return b""
        while 0 < len(self._received) < wanted and chip.family == "rp2":
            before = len(self._received)
            time.pass_us(self._timeout_char_us)  # it waits for the next character, and all else waits for it
            self._arrive()
            if len(self._received) == before:
                break
        got = bytes(self._received[:wanted])
        self._received = self._received[len(got) :]
        return got

    def _expect(self, first_us, part, deaf_proof):
        self._coming.append((first_us, part, deaf_proof))
        self._last_us = max(self._last_us, first_us + (len(part) - 1) * self.char_us)
        idle_us = 32 * 1000000 // self.baudrate if chip.family == "rp2" else max(3 * self.char_us, 500)
        chip.at(self._last_us + idle_us + chip.idle_late_ms * 1000, self._fell_idle, self._interrupts)

    def _interrupts(self):
        return self._callback is not None

    def _fell_idle(self):
        self._arrive()
        if self._callback and chip.now_us() > self._last_us and self._received:
            self._callback(self)

    def _arrive(self):
        """Move what has come by now into the receive buffer."""
        now = chip.now_us()
        coming = []
        for first_us, part, deaf_proof in self._coming:
            count = min((now - first_us) // self.char_us + 1, len(part)) if now >= first_us else 0
            for i in range(count):
                end_us = first_us + i * self.char_us
                if deaf_proof or self._listened(end_us - self.char_us, end_us):
                    if len(self._received) < self._rxbuf:
                        self._received.append(part[i])
                    else:
                        self.overruns += 1
            if count < len(part):
                coming.append((first_us + count * self.char_us, part[count:], deaf_proof))
        self._coming = coming

    def _listened(self, start_us, end_us):

        return pad(self._driver).steady(0, start_us, end_us)

    def _frame_ended(self):

        if chip.now_us() < self._tx_end_us + self._gap_us() or not self._sent:
            return
        frame = bytearray()
        for start_us, part in self._sent:
            for i in range(len(part)):
                at_us = start_us + i * self.char_us
                if pad(self._driver).steady(1, at_us, at_us + self.char_us):
                    frame.append(part[i])
        self._sent = []
        if frame and self._link:
            self._ask(bytes(frame))

    def _ask(self, frame):
        link = self._link
        link.heard.append((self._tx_end_us, frame))
        del link.heard[:-16]
        reply = link.slave.answer(frame) if link.slave and not link.silent else None
        if not reply:
            return
        if link.bad_crc:
            reply = reply[:-1] + bytes((reply[-1] ^ 0x55,))
        first_us = self._tx_end_us + max(link.think_ms * 1000, self._gap_us()) + link.late_ms * 1000 + self.char_us
        half = len(reply) // 2 if link.pause_ms else len(reply)
        self._expect(first_us, reply[:half], False)
        if link.pause_ms:
            self._expect(first_us + half * self.char_us + link.pause_ms * 1000, reply[half:], False)


def _check_pins(id, tx, rx):
    if chip.family == "esp32":
        if id not in (1, 2):
            raise ValueError("UART(%d) is the console's" % id)
        if tx in chip.INPUT_ONLY.get(chip.port, ()) or tx in chip.TAKEN[chip.port] or rx in chip.TAKEN[chip.port]:
            raise ValueError("bad UART pin")
    elif id not in (0, 1) or tx & 3 or rx & 3 != 1 or ((tx + 4) & 8) >> 3 != id or ((rx + 4) & 8) >> 3 != id:
        raise ValueError("bad UART pin")


def _forget():
    UART._open.clear()


chip.on_reset(_forget)


on_release(UART.released)
