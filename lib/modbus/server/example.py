"""A slave in twenty lines: four holding registers and two coils of your own, with everything else of the standard.

    MICROPYPATH=lib:boards/host:.frozen micropython -m modbus.server.example TTY
On a board: asyncio.run(serve(uart_line)), see ../README.md for such a line.
"""

import asyncio
import sys

from modbus.server import server, serving


class Bank:
    """Registers 0..3 can be read and written, coils 0 and 1 too."""

    functions = b"\x01\x03\x05\x06\x0f\x10\x16\x17"

    def __init__(self):
        self.registers = bytearray(8)
        self.coils = 0

    def read(self, function, address, count, out, at):
        if address + count > (2 if function == 1 else 4):
            return 2  # illegal data address
        if function == 1:
            out[at] = self.coils >> address
        else:
            out[at : at + 2 * count] = self.registers[2 * address : 2 * (address + count)]
        return 0

    def write(self, address, buffer, at, count):
        if address + count > 4:
            return 2
        self.registers[2 * address : 2 * (address + count)] = buffer[at : at + 2 * count]
        return 0

    def write_bits(self, address, buffer, at, count):
        if address + count > 2:
            return 2
        for i in range(count):
            bit = 1 << (address + i)
            self.coils = self.coils | bit if buffer[at] >> i & 1 else self.coils & ~bit
        return 0


def slave(unit=1):
    """Return the slave, sans-IO: answer(request, count, out) -> length of the reply."""
    return server.Server(unit, Bank(), ((0, b"me"), (1, b"example"), (2, b"1.0")))


async def serve(line, baud=9600, parity="N"):
    """Answer on a line for ever."""
    await serving.Serving(line, baud, parity, slave(), think_ms=5).run(lambda: None)


if __name__ == "__main__":
    from line import Line

    asyncio.run(serve(Line(sys.argv[1], 9600, "N")))
