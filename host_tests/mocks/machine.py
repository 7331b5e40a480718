"""The machine module of both ports, on the virtual clock; see chip.py. Driven by Pin.drive and UART.connect."""

import chip
from machine_pad import PULL_UP, pad
from machine_uart import UART  # noqa: F401 (part of this module)

PWRON_RESET = 1
WDT_RESET = 3

_RP2_MAX_WDT_MS = 8388
_RP2_REASON = {"rp2040": 0x40058008, "rp2350": 0x400D8008}


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = PULL_UP
    PULL_DOWN = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        if not 0 <= id <= (48 if chip.family == "esp32" else 28) or id in chip.TAKEN[chip.port]:
            raise ValueError("pin %d belongs to flash, PSRAM, USB or radio" % id)
        if id in chip.INPUT_ONLY.get(chip.port, ()) and (mode == self.OUT or pull in (self.PULL_UP, self.PULL_DOWN)):
            raise ValueError("pin %d can only be input, without a pull" % id)
        self._pad = pad(id)
        if pull != -1:
            self._pad.pull = pull
        if mode == self.OUT:
            level = self._pad.latch if value is None else int(bool(value))
            self._pad.output = True
            self._pad.put(level)
        elif mode == self.IN:
            self._pad.output = False

    def __call__(self, level=None):
        if level is None:
            return self._pad.level()
        self._pad.put(1 if level else 0)

    value = __call__

    def on(self):
        self(1)

    def off(self):
        self(0)

    @staticmethod
    def drive(gpio, level):
        """Drive an input from outside; None = let go."""
        pad(gpio).driven = level

    @staticmethod
    def edges(gpio):
        """Return [(us, level), ...] of an output since the last reset."""
        return pad(gpio).edges


class WDT:
    """Raises chip.PowerDown out of whatever moves the clock when it was not fed in time."""

    def __init__(self, id=0, timeout=5000):
        if chip.family == "rp2" and timeout > _RP2_MAX_WDT_MS:
            raise ValueError("timeout exceeds 8388")
        self._timeout_us = timeout * 1000
        self.feed()
        chip.at(self._fed_us + self._timeout_us, self._check)

    def feed(self):
        self._fed_us = chip.now_us()

    def _check(self):
        due_us = self._fed_us + self._timeout_us
        if chip.now_us() >= due_us:
            chip.reset("watchdog")
            raise chip.PowerDown("watchdog")
        chip.at(due_us, self._check)


class Timer:
    """A timer; its callback comes while the clock moves, also out of a driver that blocks."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **named):
        self._serial = 0
        if named:
            self.init(**named)

    def init(self, *, period, mode, callback, hard=False):
        if hard and chip.family == "esp32":
            raise ValueError("hard Timers are not implemented")
        self._period_us = period * 1000
        self._mode = mode
        self._callback = callback
        self._arm()

    def deinit(self):
        self._serial += 1

    def _arm(self):
        self._serial += 1
        serial = self._serial
        chip.at(chip.now_us() + self._period_us, lambda: self._due(serial))

    def _due(self, serial):
        if serial == self._serial:
            if self._mode == Timer.PERIODIC:
                self._arm()
            self._callback(self)


class _Memory:
    def __getitem__(self, address):
        if address == _RP2_REASON.get(chip.port):
            return {"power": 0, "watchdog": 1, "restart": 2}[chip.cause]
        raise MemoryError("nothing at 0x%08x" % address)


mem32 = _Memory()


class RTC:
    """The memory of the clock's domain: only the loss of power clears it."""

    _memory = b""

    def memory(self, data=None):
        if data is None:
            return RTC._memory
        RTC._memory = bytes(data)


def _forget():
    if chip.cause == "power":
        RTC._memory = b""


def reset():
    chip.reset("restart")
    raise chip.PowerDown("restart")


def reset_cause():
    """Return what the port says; the rp2 port calls its own reset a watchdog's."""
    if chip.family == "rp2":
        return PWRON_RESET if chip.cause == "power" else WDT_RESET
    return {"power": PWRON_RESET, "watchdog": WDT_RESET}.get(chip.cause, 2)  # "restart" and "panic" alike


def unique_id():
    return chip.unique_id if chip.family == "rp2" else chip.unique_id[:6]


def idle():
    pass


def _become(port):
    names = globals()
    for name, value in (("HARD_RESET", 2), ("DEEPSLEEP_RESET", 4), ("SOFT_RESET", 5)):
        if port == "esp32":
            names[name] = value
        else:
            names.pop(name, None)


chip.follow(_become)
chip.on_reset(_forget)
