"""Which chip the mocks play, its clock in microseconds and its interrupts. `chip.play("rp2040")` comes first in a test.

play() also puts the built slot of that board first on sys.path, so that `import board` is what ships.
"""

import os
import sys
import time

# board -> {RS485 port: (UART, driver enable's GPIO)}, and {GPIO: level of an open contact} where a resistor on the
# carrier board holds it; read from the boards' own tables as they are played.
PORTS = {}
PULLED = {}
# Pins of a chip that belong to its flash, PSRAM, USB or radio, and those that can only be inputs, without a pull.
TAKEN = {
    "rp2040": (23, 24, 25, 29),
    "rp2350": (23, 24, 25, 29),
    "esp32": (6, 7, 8, 9, 10, 11, 16, 17),
    "esp32s3": (19, 20) + tuple(range(22, 38)),
}
INPUT_ONLY = {"esp32": (34, 35, 36, 37, 38, 39)}
# What the ports' sockets raise: the unix port has 113, 115, 110.
ERRNO = {
    "rp2": {"EHOSTUNREACH": 113, "EINPROGRESS": 115, "ETIMEDOUT": 110},
    "esp32": {"EHOSTUNREACH": 118, "EINPROGRESS": 119, "ETIMEDOUT": 116},
}

port = "rp2040"  # the board that is played
family = "rp2"  # its MicroPython port: rp2 or esp32
cause = "power"
tick_ms = 1  # an idle event loop wakes at multiples of it, if no interrupt wakes it before
idle_late_ms = 0  # how much later than due the idle interrupt of a UART comes
unique_id = b"\xe6\x61\x38\x52\x83\x47\x1b\x2f"
_AHEAD_MS = 600000
_events = []
_followers = []
_resets = []


class PowerDown(BaseException):
    """The chip stopped running: `cause` is "restart" or "watchdog". Make a new Board to go on after the reset."""

    def __init__(self, cause):
        super().__init__(cause)
        self.cause = cause


def play(name):
    """Become that chip, just powered on, with its own coarse tick."""
    global port, family, tick_ms
    sys.path.insert(0, "build/all/" + name)
    import known

    _name, shared, family, *_ = known.row(name)
    port = name
    tick_ms = 10 if family == "esp32" else 1  # FreeRTOS at 100 Hz, as every stock image has it
    tables = _tables(shared)
    tables.update(_tables(name))
    PORTS[name] = {n: (tables["_RS485_%d" % n][0], tables["_RS485_%d" % n][3]) for n in (1, 2)}
    PULLED[name] = {gpio: 1 for gpio, inside in tables["_DI"] if not inside}
    for follower in _followers:
        follower(family)
    reset("power")
    _bound_the_jumps()


def contacts():
    """Return the GPIOs of DI1 to DI5 of the board that is played."""
    import known

    return [gpio for gpio, _inside in (_tables(port) or _tables(known.row(port)[1]))["_DI"]]


def _tables(folder):
    """Return {name: value} of the tables of pins in the sources of boards/<folder>."""
    found = {}
    for name in os.listdir("boards/" + folder):
        if name.endswith(".py"):
            with open("boards/%s/%s" % (folder, name)) as source:
                for line in source:
                    if line.startswith(("_RS485_", "_DI ")):
                        table, value = line.split(" = ", 1)
                        found[table] = eval(value, {"const": lambda it: it})
    return found


def follow(follower):
    """Call follower(family) now and whenever the chip changes: a mock shows what that port has."""
    _followers.append(follower)
    follower(family)


def on_reset(action):
    """Call action() at each reset: a mock forgets what the hardware forgets."""
    _resets.append(action)


def reset(why):
    """Reset the hardware: pins float, buffers are empty, nothing is due any more."""
    global cause
    cause = why
    _events.clear()
    for action in _resets:
        action()


now_us = time.passed_us  # virtual microseconds since the start, without wrap


def always():
    return True


def never():
    return False


def at(due_us, action, wakes=always):
    """Call action() when the clock gets there; wakes() tells if it is an interrupt that ends the sleep of the chip."""
    i = len(_events)
    while i and _events[i - 1][0] > due_us:
        i -= 1
    _events.insert(i, (due_us, action, wakes))


def _run_due():
    events = _events
    while events and events[0][0] <= now_us():
        events.pop(0)[1]()


def _sleep(wait_ms):
    """Sleep as an idle chip does: to the tick after wait_ms (negative: for ever), or until an interrupt."""
    now = now_us()
    end = None
    if wait_ms >= 0:
        tick_us = tick_ms * 1000
        # Whoever sleeps was awake for a moment, so the deadline lies behind a tick: 10 ms end with the second one.
        end = now + wait_ms * 1000 if tick_ms == 1 else ((now + wait_ms * 1000) // tick_us + 1) * tick_us
    woken = False
    while not woken and _events and (end is None or _events[0][0] <= end):
        due_us, _action, wakes = _events[0]
        woken = wakes()
        time.pass_us(max(due_us - now_us(), 0))
    if woken:
        time.pass_us(-now_us() % 1000)  # asyncio counts whole milliseconds
    elif end is None:
        raise RuntimeError("every task waits for something that no clock and no interrupt brings")
    else:
        time.pass_us(max(end - now_us(), 1))


def _bound_the_jumps():
    """Make the virtual clock stop at the next interrupt, where it else jumps to the next deadline of asyncio."""
    from asyncio import core

    queue = core._io_queue
    if hasattr(queue, "bounded") or len(type(queue).__bases__) != 1 or type(queue).__bases__[0] is object:
        return  # done, or the clock is the real one
    poll = type(queue).__bases__[0].wait_io_event

    def wait_io_event(wait_ms):
        if queue.map:
            poll(queue, 0)
        head = core._task_queue.peek()
        if not head or core.ticks_diff(head.ph_key, core.ticks()) > 0:
            _sleep(wait_ms)

    queue.bounded = True
    queue.wait_io_event = wait_io_event
    # asyncio's C code stamps a woken task with the real clock: ahead of it, each such task is due at once.
    time.pass_ms(_AHEAD_MS)


time.watch(_run_due)
