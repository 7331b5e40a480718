"""The PC as a board: ttys for RS485, a folder of small files for everything else, a radio that is a list of names.

Its world comes from the environment (firmware/ARCHITECTURE.md, "The host board").
Files of BRIDGE_SITE, one short line each:
    inputs    DI1 to DI5 from left to right, 1 = contact closed: 01000
    button    1 = pressed
    outputs   DO1 and DO2, 1 = closed
    strip     colour of each LED as RRGGBB, separated by blanks
    modem     power LED and network LED
    networks  simulated access points, one `ssid dBm password` a line, password - = open
    clients   phones that have joined the hotspot, a number (may be missing)
    hotspot   name of the hotspot while it is open
    reset     why the last process ended: restart or watchdog
Files are written in place and stay open: who changes one must write into it, not replace it.
"""

import hashlib
import os
import sys

import clock
from line import Line
from micropython import const
from radio import Radio

RESTART_CODE = 75  # exit code that asks for a new start (EX_TEMPFAIL of sysexits.h)

_LEDS = const(4)
_CONTACTS = const(5)
_LONGEST = const(16)  # bytes of a line that is read
_ONE = const(0x31)
_ZERO = const(0x30)


class Board:
    """The Board interface of firmware/ARCHITECTURE.md."""

    name = "host"
    led_count = _LEDS
    gc_threshold = -1  # a PC collects when its heap is full
    radio_text = ""

    def __init__(self):
        self.root = os.getenv("BRIDGE_ROOT") or "."
        self.data = self.root + "/data/"
        self.http_port = int(os.getenv("BRIDGE_HTTP_PORT") or 8080)
        self.dns_port = int(os.getenv("BRIDGE_DNS_PORT") or 5353)
        self._site = os.getenv("BRIDGE_SITE") or ""
        self._line = bytearray(_LONGEST)
        self._inputs = self._open("inputs", b"00000\n")
        self._button = self._open("button", b"0\n")
        self._outputs = self._open("outputs", b"00\n")
        self._strip = self._open("strip", b"")
        self._modem = self._open("modem", b"00\n")
        self._reset = self._open("reset", b"\n")
        self._cause = self._ended_by()
        self._watchdog = None
        self._radio = None
        self._hex = bytearray(7 * _LEDS)
        self._pair = bytearray(b"00\n")

    def inputs(self):
        """Return the contacts as a bit mask: bit 0 = DI1 ... bit 4 = DI5, 1 = closed; raw, not debounced."""
        if self._watchdog:
            self._watchdog.check()
        count = self._read(self._inputs)
        mask = 0
        for i in range(min(count, _CONTACTS)):
            if self._line[i] == _ONE:
                mask |= 1 << i
        return mask

    def set_outputs(self, mask):
        """Switch the outputs: bit 0 = DO1, bit 1 = DO2, 1 = closed."""
        self._write_pair(self._outputs, mask)

    def show(self, rgb):
        """Show rgb, 3 bytes (R, G, B) per LED. Raises ValueError if it is not led_count * 3 bytes long."""
        if len(rgb) != 3 * _LEDS:
            raise ValueError("the strip takes %d bytes" % (3 * _LEDS))
        out = self._hex
        at = 0
        for i in range(3 * _LEDS):
            out[at] = _digit(rgb[i] >> 4)
            out[at + 1] = _digit(rgb[i] & 15)
            at += 2
            if i % 3 == 2:
                out[at] = 0x0A if i == 3 * _LEDS - 1 else 0x20
                at += 1
        if self._strip:
            self._strip.seek(0)
            self._strip.write(out)

    def modem_leds(self, mask):
        """Switch the modem's LEDs: bit 0 = power, bit 1 = network."""
        self._write_pair(self._modem, mask)

    def button(self):
        """Return True while the button is pressed; raw, not debounced."""
        return self._read(self._button) > 0 and self._line[0] == _ONE

    def rs485(self, port, baud, parity):
        """Return the line of RS485 port 1 or 2; parity "N", "E" or "O"; 8 data bits, 1 stop bit.

        Raises ValueError: port unknown, baud rate above 9600 (COM-7) or unknown, parity unknown.
        """
        if port not in (1, 2):
            raise ValueError("RS485 port %r: must be 1 or 2" % (port,))
        return Line(os.getenv("BRIDGE_RS485_%d" % port) or "", baud, parity)

    def wlan(self):
        """Return the simulated radio."""
        if self._radio is None:
            self._radio = Radio(self._site)
        return self._radio

    def system_heap(self):
        """Return None: all memory is Python's."""
        return None

    def lan(self):
        """Return None: no Ethernet is simulated."""
        return None

    def modem(self):
        """Return None: no modem is simulated."""
        return None

    def unique_id(self):
        """Return 8 bytes that belong to the folder of this bridge."""
        return hashlib.sha256(self.root.encode()).digest()[:8]

    def watchdog(self, ms):
        """Return a watchdog that ends the process with RESTART_CODE when it was not fed for ms.

        Nothing interrupts a PC's interpreter from outside: the check is made when the contacts are read, so a task that
        starves is found, a processor that hangs in one statement is not.
        """
        self._watchdog = _Watchdog(ms, self._end)
        return self._watchdog

    def restart(self):
        """Open the outputs and end the process with RESTART_CODE; does not return."""
        self._end("restart")

    def reset_cause(self):
        """Return "power", "watchdog" or "restart"."""
        return self._cause

    def _end(self, cause):
        self.set_outputs(0)
        if self._reset:
            self._reset.seek(0)
            self._reset.write((cause + " " * 8)[:8].encode() + b"\n")
        sys.exit(RESTART_CODE)  # no Exception, so that no task holds it up

    def _ended_by(self):
        count = self._read(self._reset)
        cause = bytes(self._line[:count]).decode().strip()
        if self._reset:
            self._reset.seek(0)
            self._reset.write(b"        \n")
        return cause if cause in ("restart", "watchdog") else "power"

    def _open(self, name, first):
        if not self._site:
            return None
        path = self._site + "/" + name
        try:
            return open(path, "r+b", buffering=0)
        except OSError:  # not there yet
            with open(path, "wb") as file:
                file.write(first)
            return open(path, "r+b", buffering=0)

    def _read(self, file):
        """Read a file's line into _line and return its length; no file: 0."""
        if not file:
            return 0
        file.seek(0)
        return file.readinto(self._line) or 0

    def _write_pair(self, file, mask):
        if file:
            self._pair[0] = _ZERO + (mask & 1)
            self._pair[1] = _ZERO + (mask >> 1 & 1)
            file.seek(0)
            file.write(self._pair)


class _Watchdog:
    def __init__(self, ms, end):
        self._ms = ms
        self._end = end
        self._fed_at = clock.ticks_ms()

    def feed(self):
        self._fed_at = clock.ticks_ms()

    def check(self):
        if clock.ticks_diff(clock.ticks_ms(), self._fed_at) > self._ms:
            self._end("watchdog")


def _digit(value):
    return value + (0x30 if value < 10 else 0x57)
