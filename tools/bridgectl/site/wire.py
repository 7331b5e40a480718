"""A pseudo-terminal that behaves like an RS485 wire with one slave at its end; runs in a thread of its own.

A byte takes ten bit times (eleven with parity) in both directions, a frame ends after 3.5 idle characters, the slave
thinks, two talkers garble each other, and who opens the terminal at another speed hears and sends rubbish. The kernel
hides the parity of a pseudo-terminal, so a wrong parity is not noticed.
"""

import collections
import contextlib
import dataclasses
import os
import pty
import random
import select
import termios
import threading
import time
import tty

from bridgectl import firmware

firmware.load()

from modbus.wire import crc  # noqa: E402 (importable only now)

_NS = 1_000_000_000
_NS_PER_MS = 1_000_000
_FRAME_END_CHARACTERS = 3.5
_COLLISION = 0x5A  # what two drivers make of a byte
_EXCHANGES_KEPT = 500
_PATIENCE_S = 3  # for the thread that is told to end
_SPEEDS = {getattr(termios, f"B{baud}"): baud for baud in (1200, 2400, 4800, 9600, 19200, 38400)}
FAULTS = ("silent", "late_ms", "bad_crc_pct", "stray", "echo")


@dataclasses.dataclass
class Counts:
    """What happened on the wire so far."""

    requests: int = 0  # frames that ended
    answers: int = 0
    unanswered: int = 0
    collisions: int = 0  # bytes that two talkers sent at once
    misheard: int = 0  # frames at another speed than the slave's
    spoilt: int = 0  # answers that a fault damaged
    overruns: int = 0  # bytes that nobody fetched
    busy_ns: int = 0  # time with a talker on the wire


@dataclasses.dataclass
class Exchange:
    """A request and its answer; times of time.monotonic_ns()."""

    request: bytes
    start_ns: int
    end_ns: int
    answer: bytes = b""
    answer_start_ns: int = 0
    answer_end_ns: int = 0


class PtyWire:
    """The wire; `path` is the terminal to open. A context manager, or start() and close().

    slave: object with answer(frame) -> bytes or None; it is called under `lock`.
    think_ms: from the end of the request to the start of the answer. Faults may be switched at any time:
    silent: no answer; late_ms: more think time; bad_crc_pct: share of damaged answers; stray: a 0x00 after each
    request, as drivers make when they switch; echo: the sender hears itself.
    in_lumps: an answer is handed over whole once its last byte has come, as USB adapters do: a busy machine, on which this
    thread comes late to each byte, makes it later then, but never tears it.
    """

    def __init__(self, slave, *, baud=9600, parity="N", think_ms=20, lock=None, seed=1, in_lumps=False):
        self.slave = slave
        self.baud = baud
        self.parity = parity
        self.think_ms = think_ms
        self._in_lumps = in_lumps
        self.silent = self.stray = self.echo = False
        self.late_ms = self.bad_crc_pct = 0
        self.counts = Counts()
        self.exchanges = collections.deque(maxlen=_EXCHANGES_KEPT)
        self._lock = lock or threading.Lock()
        self._random = random.Random(seed)
        # The far end stays open here too, so that the wire outlives whoever uses it.
        self._fd, self._far = pty.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._fd, False)
        self.path = os.ttyname(self._far)
        self._wake_out, self._wake_in = os.pipe()
        self._thread = threading.Thread(target=self._run, name=f"wire {self.path}", daemon=True)
        self._frame = bytearray()
        self._frame_start_ns = 0
        self._free_ns = 0  # when the sender's last stop bit is over
        self._misheard = False
        self._coming = []  # [time of arrival, byte, belongs to an answer, bits that flip], in order

    @property
    def character_ns(self):
        """Time of a character: start, 8 data bits, parity if any, one stop bit."""
        return (10 if self.parity == "N" else 11) * _NS // self.baud

    def reset_faults(self):
        """Take all faults off the wire."""
        self.silent = self.stray = self.echo = False
        self.late_ms = self.bad_crc_pct = 0

    def start(self):
        """Connect the wire and return it."""
        self._thread.start()
        return self

    def close(self):
        """Take the wire away, also before start(); who has it open gets errors from then on."""
        os.write(self._wake_in, b"x")
        if self._thread.is_alive():
            self._thread.join(_PATIENCE_S)
            if self._thread.is_alive():
                return  # it holds what is to be closed; both go with the process
        for fd in (self._fd, self._far, self._wake_in, self._wake_out):
            os.close(fd)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    # -- the thread ------------------------------------------------------------

    def _run(self):
        while True:
            due_ns = self.due_ns()
            pause_s = None if due_ns is None else max(0, (due_ns - time.monotonic_ns()) / _NS)
            readable, _, _ = select.select([self._fd, self._wake_out], [], [], pause_s)
            if self._wake_out in readable:
                return
            sent = b""
            if self._fd in readable:
                with contextlib.suppress(OSError):
                    sent = os.read(self._fd, 4096)
            if sent and self._frame and not crc.intact(self._frame, 0, len(self._frame)):
                # A terminal may hand over in pieces what was written at once, and this thread may come late to each: a
                # frame that is not whole goes on.
                self._hear(sent, time.monotonic_ns())
                sent = b""
            self.step(time.monotonic_ns(), sent)

    def step(self, now_ns, sent=b""):
        """Do what is due by now; sent: what the terminal's user wrote meanwhile. The thread calls it."""
        if self._frame and max(now_ns, self._free_ns) >= self._frame_end_ns():
            self._end_frame(now_ns)
        if sent:
            self._hear(sent, now_ns)
        self._deliver(now_ns)

    def due_ns(self):
        """Return when something is due next without anybody sending, None if nothing is."""
        due_ns = [self._frame_end_ns()] if self._frame else []
        due_ns += [self._coming[0][0]] if self._coming else []
        return min(due_ns, default=None)

    def _frame_end_ns(self):
        return self._free_ns + int(_FRAME_END_CHARACTERS * self.character_ns)

    def _hear(self, sent, now_ns):
        """Put bytes that the terminal's user wrote onto the wire, one after the other."""
        character_ns = self.character_ns
        at_ns = max(now_ns, self._free_ns)
        if not self._frame:
            self._frame_start_ns = at_ns
            self._misheard = False
        self._misheard |= self._speed() != self.baud
        self.counts.busy_ns += len(sent) * character_ns
        for byte in sent:
            end_ns = at_ns + character_ns
            met = [row for row in self._coming if row[2] and row[0] - character_ns < end_ns and row[0] > at_ns]
            for row in met:
                row[3] = _COLLISION
            if met:
                byte ^= _COLLISION
                self.counts.collisions += 1
            self._frame.append(byte)
            if self.echo:
                self._coming.append([end_ns, byte, False, 0])
            at_ns = end_ns
        self._free_ns = at_ns
        if self.stray:
            self._coming.append([at_ns + character_ns, 0, False, 0])
        self._coming.sort(key=lambda row: row[0])

    def _end_frame(self, now_ns):
        frame, self._frame = bytes(self._frame), bytearray()
        self.counts.requests += 1
        exchange = Exchange(frame, self._frame_start_ns, self._free_ns)
        self.exchanges.append(exchange)
        answer = None
        if self._misheard:
            self.counts.misheard += 1
        else:
            with self._lock:
                answer = self.slave.answer(frame)
        if not answer or self.silent:
            self.counts.unanswered += 1
            return
        answer = bytearray(answer)
        if self._random.uniform(0, 100) < self.bad_crc_pct:
            answer[self._random.randrange(len(answer))] ^= 1 << self._random.randrange(8)
            self.counts.spoilt += 1
        character_ns = self.character_ns
        start_ns = max(now_ns, self._free_ns + int((self.think_ms + self.late_ms) * _NS_PER_MS))
        exchange.answer = bytes(answer)
        exchange.answer_start_ns = start_ns
        exchange.answer_end_ns = start_ns + len(answer) * character_ns
        last = len(answer)
        self._coming += [
            [start_ns + (last if self._in_lumps else i) * character_ns, byte, True, 0]
            for i, byte in enumerate(answer, 1)
        ]
        self._coming.sort(key=lambda row: row[0])
        self.counts.answers += 1
        self.counts.busy_ns += len(answer) * character_ns

    def _deliver(self, now_ns):
        due = 0
        while due < len(self._coming) and self._coming[due][0] <= now_ns:
            due += 1
        if due:
            arrived = bytes(row[1] ^ row[3] for row in self._coming[:due])
            del self._coming[:due]
            try:
                taken = os.write(self._fd, arrived)
            except BlockingIOError:
                taken = 0
            self.counts.overruns += len(arrived) - taken

    def _speed(self):
        return _SPEEDS.get(termios.tcgetattr(self._far)[5])
