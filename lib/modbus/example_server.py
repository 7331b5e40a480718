"""A slave in twenty lines: four holding registers and two coils of your own, with everything else of the standard.

On a board:  asyncio.run(serve(uart_line))  where the line has send(buffer, count), any() and readinto(buffer, count).
"""

from modbus import server, serving


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
            for i in range(2 * count):
                out[at + i] = self.registers[2 * address + i]
        return 0

    def write(self, address, buffer, at, count):
        if address + count > 4:
            return 2
        for i in range(2 * count):
            self.registers[2 * address + i] = buffer[at + i]
        return 0

    def write_bits(self, address, buffer, at, count):
        if address + count > 2:
            return 2
        for i in range(count):
            bit = 1 << (address + i)
            self.coils = self.coils | bit if buffer[at] >> i & 1 else self.coils & ~bit
        return 0


IDENTITY = ((0, b"me"), (1, b"example"), (2, b"1.0"))


def slave(unit=1):
    """Return the slave, sans-IO: answer(request, count, out) -> length of the reply."""
    return server.Server(unit, Bank(), IDENTITY)


async def serve(line, baud=9600, parity="E"):
    """Answer on a line for ever."""
    await serving.Serving(line, baud, parity, slave(), think_ms=5).run(lambda: None)
