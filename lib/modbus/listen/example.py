"""What others say on a line, in twenty lines: prints each answer with its request, and who is polled how fast.

    MICROPYPATH=lib:boards/host:.frozen micropython -m modbus.listen.example TTY [SECONDS]
On a board: asyncio.run(listen(uart_line)), see ../README.md for such a line.
"""

import asyncio
import sys

import clock
from modbus.listen import listener
from modbus.wire import rtu


class Printer:
    """Gets every settled request; the buffer is valid only during the call."""

    def heard(self, unit, function, address, count, status, buffer, at, when):
        registers = bytes(buffer[at : at + 2 * count]).hex() if status == rtu.OK and function in (3, 4) else ""
        print("unit %d function %d: %d+%d %s %s" % (unit, function, address, count, rtu.describe(status), registers))


async def listen(line, baud=9600, parity="N", ms=None):
    """Listen for so many ms (None: for ever); return the rows of Polls.shown()."""
    ear = listener.Listener(baud, parity, Printer())
    buffer = bytearray(64)
    began = clock.ticks_ms()
    while ms is None or clock.ticks_diff(clock.ticks_ms(), began) < ms:
        ear.feed(buffer, line.readinto(buffer, len(buffer)), clock.ticks_ms())
        await asyncio.sleep_ms(5)
    return ear.polls.shown()


if __name__ == "__main__":
    from line import Line

    asyncio.run(listen(Line(sys.argv[1], 9600, "N"), ms=1000 * int(sys.argv[2]) if sys.argv[2:] else None))
