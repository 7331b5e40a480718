"""A Modbus TCP server as a line of a master: requests leave as TCP frames, and what answers them comes in as RTU frames.

    master ── unit PDU crc ──► Line ── transaction 0 length unit PDU ──► server
           ◄─ unit PDU crc ──      ◄─ the same transaction ─────────────

So pace, turns, guards and faults are those of a wire, and a server that is not there is a slave that is silent. What
carries another transaction is an answer that came too late: it is dropped here, and proves that somebody lives there.
Nothing waits. An address is needed, not a name: to ask for one blocks.
"""

import errno
import select
import socket

import clock
from micropython import const
from modbus.wire import crc, tcp

_LONGEST = const(256)  # bytes of an RTU frame
_CONNECT_MS = const(5000)  # an attempt that takes longer is begun anew
_DEAF = const(3)  # requests in a row that brought nothing at all: the connection is only half there
_LOOK_US = const(900)  # the stack is not asked more often
_UNIT_AT = const(6)  # in a TCP frame
_UNDER_WAY = (115, 119)  # EINPROGRESS: unix and RP2040, ESP32


class Line:
    """The interface of a board's rs485(), to one server; where it is; why it does not answer, in words, "" = not known."""

    def __init__(self, address, port, network):
        """address: "a.b.c.d"; network(): True while there is one."""
        self.why = ""
        self.where = "%s:%d" % (address, port)
        self._place = (address, port)
        self._network = network
        self._socket = self._poller = None  # the poller: while the connection is not there yet
        self._since = 0  # ticks of the attempt
        self._transaction = 0
        self._deaf = 0  # requests since anything came
        self._stream = tcp.Stream()
        self._chunk = bytearray(tcp.LONGEST)
        self._out = bytearray(tcp.LONGEST)
        self._left = self._end = 0  # of what is to leave, in _out
        self._frame = bytearray(_LONGEST)
        self._at = self._have = 0  # of what came, in _frame
        self._looked_us = clock.ticks_us()

    def send(self, buffer, count):
        """Send the request frame buffer[:count]; without a connection it leaves as soon as there is one, or never."""
        self._at = self._have = 0
        if self._deaf >= _DEAF:
            self._lose("accepts a connection and answers nothing")
        elif 0 < self._left < self._end:
            self._lose("takes no requests")  # half of one is on its way, and another must not stand behind it
        elif self._poller and clock.ticks_diff(clock.ticks_ms(), self._since) > _CONNECT_MS:
            self._lose("is not reached")
        self._transaction = self._transaction + 1 & 0xFFFF
        self._left, self._end = 0, tcp.head(self._out, self._transaction, buffer[0], count - 3)
        for i in range(count - 3):
            self._out[tcp.HEADER + i] = buffer[1 + i]
        if not self._socket:
            self._open()
        self._deaf += self._socket is not None and not self._poller
        self._push()

    def any(self):
        """Return how many bytes of an answer wait."""
        if self._have == self._at and clock.ticks_diff(clock.ticks_us(), self._looked_us) >= _LOOK_US:
            self._looked_us = clock.ticks_us()
            self._push()
            self._receive()
        return self._have - self._at

    def readinto(self, buffer, count):
        """Move bytes of the answer into the front of buffer; return how many."""
        count = min(count, self.any())
        for i in range(count):
            buffer[i] = self._frame[self._at + i]
        self._at += count
        return count

    def on_idle(self, callback):
        """Nobody is called: frames come whole."""

    def close(self):
        """End the connection."""
        self._lose("")

    def _open(self):
        if not self._network():
            self._lose("is not reached: there is no network")
            return
        self._stream = tcp.Stream()
        self._deaf = 0
        self._since = clock.ticks_ms()
        self._socket = sock = socket.socket()
        sock.setblocking(False)
        try:
            sock.connect(socket.getaddrinfo(self._place[0], self._place[1])[0][-1])
        except OSError as e:
            if e.errno not in _UNDER_WAY:
                self._lose(_words(e))
                return
        self._poller = select.poll()
        self._poller.register(sock, select.POLLOUT)

    def _push(self):
        """Send what is left of the request, once there is a connection."""
        if self._left == self._end or not self._socket:
            return
        if self._poller:
            for _ in self._poller.ipoll(0):
                self._poller = None
            if self._poller:
                return
        try:
            # A view, for a write takes what it is given whole.
            self._left += self._socket.write(memoryview(self._out)[self._left : self._end]) or 0
        except OSError as e:
            self._lose(_words(e))

    def _receive(self):
        """Take what came, up to the end of the answer that is waited for."""
        stream = self._stream
        while self._socket and not self._poller and self._have == self._at:
            try:
                count = self._socket.readinto(self._chunk, stream.wanted())
            except OSError as e:
                self._lose(_words(e))
                return
            if count is None:
                return
            if not count:
                self._lose("closed the connection")
                return
            self._deaf = 0
            stream.take(self._chunk, 0, count)
            if stream.broken:
                self._lose("speaks no Modbus TCP")
            elif stream.ready and stream.transaction == self._transaction:
                self.why = ""
                self._take(stream)

    def _take(self, stream):
        """Make an RTU frame of what came."""
        count = 1 + stream.count
        for i in range(count):
            self._frame[i] = stream.buffer[_UNIT_AT + i]
        self._at, self._have = 0, crc.seal(self._frame, count)
        self._transaction = self._transaction + 1 & 0xFFFF  # said twice, the second is no answer

    def _lose(self, why):
        if self._socket:
            self._socket.close()
        self._socket = self._poller = None
        self._deaf = 0
        self.why = why and "%s %s" % (self.where, why)


def _words(e):
    """Return what an OSError says of the server."""
    return "refuses the connection" if e.errno == errno.ECONNREFUSED else "is not reached, error %s" % e.errno
