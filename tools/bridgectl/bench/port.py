"""A serial line of the PC: opened with an explanation when it cannot be, one Modbus exchange at a time.

An adapter that hears itself (no echo suppression) is noticed: its own request is taken off the front of what came.
"""

import contextlib
import dataclasses
import errno
import os
import time
from pathlib import Path

import serial
from bridge import settings_table
from bridge.settings import Settings
from modbus.wire import functions, rtu
from serial.tools import list_ports

try:
    from termios import error as _Unsettable  # it is no OSError
except ImportError:  # Windows
    _Unsettable = serial.SerialException

BAUDS = tuple(next(row[3] for row in settings_table.rows() if row[0] == "rs485_2_baud"))
PARITIES = tuple(next(row[3] for row in settings_table.rows() if row[0] == "rs485_2_parity"))
_TICK_S = 0.005
_USB_SERIAL = Path("/sys/bus/usb-serial/devices")
_STILL_S = 0.05  # USB adapters deliver in lumps up to 16 ms apart; longer silence ends a frame
_GONE = "{} is gone: the adapter was pulled out. Plug it in and start again."
_UNSETTABLE = "The adapter at {} does not take {} bit/s with parity {}. Use another adapter, or other settings."
_GLITCHES = 4  # stray bytes in front of a reply that are forgiven


class BenchError(Exception):
    """Something that the person at the bench must mend; the text says what is wrong and what to do next."""


class PortError(BenchError):
    """The serial port cannot be opened or is gone."""


class NoAnswer(BenchError):
    """The device said nothing usable, or refused; the text says which."""


class SettingError(PortError):
    """The adapter is there but does not take this speed or parity."""


@dataclasses.dataclass
class Exchange:
    """What came back for one request. `status` is one of rtu's; `frame` the reply alone, `raw` all that was heard."""

    status: int
    frame: bytes
    raw: bytes
    elapsed_ms: float  # from the request's last bit to the reply's last byte
    echo: bool  # the adapter heard its own request
    glitches: int  # stray bytes before the reply

    def registers(self):
        """Return the register bytes of a good reply to a read."""
        return self.frame[3:-2]


def ports():
    """Return [(path, description)] of the serial ports of this machine that have hardware behind them."""
    return sorted((p.device, p.description) for p in list_ports.comports() if p.hwid != "n/a")


def check_line(baud, parity, baud_option="--baud", parity_option="--parity"):
    """Return (baud, parity) as the line takes them; BenchError if the bridge's bus does not run like this."""
    refusals = dict(Settings().check({"rs485_2_baud": baud, "rs485_2_parity": parity.upper()})[1])
    if "rs485_2_baud" in refusals:
        raise BenchError(f"{baud_option} {baud}: {refusals['rs485_2_baud']}")
    if "rs485_2_parity" in refusals:
        raise BenchError(f"{parity_option} {parity}: {refusals['rs485_2_parity']}")
    return baud, parity.upper()


def check_unit(unit, option="--unit"):
    """Return unit; BenchError if no device can have this address."""
    if not 1 <= unit <= 247:
        raise BenchError(f"{option} {unit}: Modbus addresses are 1 to 247 (a new meter has 1, the plant 247)")
    return unit


def explain(path, code, text):
    """Return why a port could not be opened and what to do, from the errno (or None) and text of the failure."""
    if code == errno.ENOENT:
        return f"There is no port {path}. {_known_ports()}"
    if code in (errno.EACCES, errno.EPERM):
        group = _group(path)
        if group == "root":  # nobody should join that one
            return (
                f"No permission to use {path}: it belongs to root alone. A udev rule gives such ports to a group, or "
                "`sudo` starts this program."
            )
        return (
            f"No permission to use {path}: it belongs to the group {group}. Add yourself with "
            f"`sudo usermod -aG {group} $USER`, then log out and in again."
        )
    if code in (errno.EBUSY, errno.EAGAIN):
        return f"{path} is busy: another program has it open. Close that program (`fuser -v {path}` names it)."
    if code in (errno.ENODEV, errno.ENXIO, errno.EIO):
        return f"{path} is there but no adapter answers behind it: plug it in again. {_known_ports()}"
    if code in (None, errno.ENOTTY, errno.EISDIR, errno.EINVAL):
        return f"{path} is not a serial port ({text}). {_known_ports()}"
    return f"{path} cannot be opened: {text}. {_known_ports()}"


def refusal(path):
    """Return why a board's port cannot be used, as far as a look tells, "" if it can."""
    if os.name != "posix" or os.access(path, os.R_OK | os.W_OK):
        return ""
    return explain(path, errno.EACCES if os.path.exists(path) else errno.ENOENT, "")


class Line:
    """An open port, 8 data bits, 1 stop bit. Use as a context manager; every method raises PortError if it is gone."""

    def __init__(self, path, baud=9600, parity="N"):
        """Open `path` for this program alone. Raises PortError."""
        self.path = path
        self.baud = baud
        self.parity = parity
        self.echoes = 0  # exchanges in which the adapter heard itself
        try:
            self._port = serial.Serial(path, baud, parity=parity, timeout=_TICK_S, write_timeout=2, exclusive=True)
        except (OSError, ValueError) as problem:  # SerialException is an OSError
            raise PortError(explain(path, getattr(problem, "errno", None), problem)) from problem
        except _Unsettable as problem:
            raise SettingError(_UNSETTABLE.format(path, baud, parity)) from problem

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Release the port; may be called twice and after the adapter is gone."""
        try:
            self._port.close()
        except OSError:
            pass  # an adapter that is pulled out cannot be closed properly

    def configure(self, baud, parity):
        """Change speed and parity of the open port. Raises SettingError if the adapter cannot do that."""
        self.baud, self.parity = baud, parity
        with self._gone():
            try:
                self._port.baudrate = baud
                self._port.parity = parity
            except _Unsettable as problem:
                raise SettingError(_UNSETTABLE.format(self.path, baud, parity)) from problem

    def character_s(self):
        """Return the time of one character on the wire in s."""
        return rtu.character_us(self.baud, self.parity) / 1e6

    def receive(self):
        """Return the bytes that wait, after at most one short wait; b"" if none came."""
        with self._gone():
            found = self._port.read(max(1, self._port.in_waiting))
        if not found and not os.path.exists(self.path):
            # On some systems a port whose adapter is gone reads as silent for ever.
            raise PortError(_GONE.format(self.path))
        return found

    def send(self, frame):
        """Give a frame to the adapter and wait until the system has let go of it."""
        with self._gone():
            self._port.write(frame)
            self._port.flush()

    def hurry(self):
        """Ask the adapter to hand bytes over at once; return by how many ms it may hold them back, None = not known."""
        with contextlib.suppress(AttributeError, OSError, ValueError):  # only Linux knows this, and not of each adapter
            self._port.set_low_latency_mode(True)
        try:
            return int((_USB_SERIAL / os.path.basename(self.path) / "latency_timer").read_text())
        except (OSError, ValueError):
            return None

    def listen(self, seconds):
        """Return what is heard in so many seconds without sending anything."""
        heard = b""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            heard += self.receive()
        return heard

    def exchange(self, request, count, wait_s):
        """Send `request` and return the Exchange for `count` registers; wait_s: longest wait for the first byte."""
        unit, function = request[0], request[1]
        with self._gone():
            self._port.reset_input_buffer()
        started = time.monotonic()
        self.send(request)
        # The system lets go of bytes before the wire has them, so the request's wire time is part of the wait.
        sent = max(time.monotonic(), started + len(request) * self.character_s())
        expected = rtu.reply_length(function, count)
        raw = b""
        last = sent + wait_s
        # Somebody who talks without end must not hold us for ever.
        limit = last + 4 * _STILL_S + expected * self.character_s()
        while True:
            found = self.receive()
            now = time.monotonic()
            raw += found
            exchange = judge(raw, request, unit, function, count)
            if exchange.status >= 0:
                break
            if found:
                missing = expected + len(request) * exchange.echo - len(raw)
                last = min(limit, max(last, now + _STILL_S + max(missing, 1) * self.character_s()))
            if now > last:
                break
        exchange.elapsed_ms = max(0.0, (time.monotonic() - sent) * 1000)
        self.echoes += exchange.echo
        return exchange

    def _gone(self):
        return _Gone(self.path)


class _Gone:
    """Turns an error of the open port into a PortError that says what to do."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        return None

    def __exit__(self, _kind, problem, _trace):
        if isinstance(problem, (OSError, TypeError, _Unsettable)) and not isinstance(problem, PortError):
            # pyserial fails with TypeError when its descriptor vanishes under it.
            raise PortError(_GONE.format(self._path)) from problem


def judge(raw, request, unit, function, count):
    """Return the Exchange in `raw`: echo and stray leading bytes set aside, the rest checked by rtu."""
    echo = raw[: len(request)] == request and (function != functions.WRITE_REGISTER or len(raw) > len(request))
    first = len(request) if echo else 0
    expected = rtu.reply_length(function, count)
    status = rtu.check(raw, first, len(raw), unit, function, count)
    for start in range(first, min(len(raw), first + _GLITCHES + 1)):
        end = min(len(raw), start + rtu.frame_length(raw, start, len(raw), expected))
        found = rtu.check(raw, start, end, unit, function, count)
        if found >= 0:
            return Exchange(found, raw[start:end], raw, 0.0, echo, start - first)
    if status == rtu.BAD_CRC and len(raw) - first < expected and raw[first : first + 2] == request[:2]:
        status = rtu.SHORT  # it began well and was cut
    return Exchange(status, raw[first:], raw, 0.0, echo, 0)


def no_ports():
    """Return what to say where there is no serial port."""
    return "This machine has no serial port at all: is the adapter plugged in?"


def _known_ports():
    found = ports()
    if not found:
        return no_ports()
    return "Ports here: " + ", ".join(f"{path} ({text})" for path, text in found) + "."


def _group(path):
    try:
        import grp  # not on Windows

        return grp.getgrgid(os.stat(path).st_gid).gr_name
    except (ImportError, OSError, KeyError):
        return "dialout"
