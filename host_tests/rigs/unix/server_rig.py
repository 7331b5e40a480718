"""A slave with registers and coils, asked by request PDUs in hexadecimal."""

from modbus.server import server
from registers import Registers
from wire import frame

OBJECTS = ((0, b"Vendor"), (1, b"P"), (2, b"1.0"), (4, b"x" * 200), (5, b"y" * 100), (0x80, b"private"))


class Bank(Registers):
    """64 registers and 40 coils; register 50 fails, register 51 is busy; inputs are the inverse of the coils."""

    functions = b"\x01\x02\x03\x04\x05\x06\x0f\x10\x16\x17"

    def __init__(self):
        super().__init__(range(0x1000, 0x1040))
        self.coils = [i % 3 == 0 for i in range(40)]
        self.asked = 0

    def read(self, function, address, count, out, at):
        self.asked += 1
        if function < 3:
            if address + count > 40:
                return 2
            for i in range((count + 7) // 8):
                out[at + i] = 0xFF  # the server clears what is behind the last bit
            for i in range(count):
                if self.coils[address + i] == (function == 2):
                    out[at + i // 8] &= ~(1 << i % 8) & 0xFF
            return 0
        if address + count > len(self.words):
            return 2
        if address <= 50 < address + count:
            return 4
        if address <= 51 < address + count:
            return 6
        return super().read(function, address, count, out, at)

    def write_bits(self, address, buffer, at, count):
        if address + count > 40:
            return 2
        for i in range(count):
            self.coils[address + i] = bool(buffer[at + i // 8] >> i % 8 & 1)
        return 0


class Rig:
    def __init__(self, objects=OBJECTS):
        self.bank = Bank()
        self.server = server.Server(1, self.bank, objects)
        self.out = bytearray(256)

    def ask(self, hexadecimal, unit="01"):
        """Return the reply PDU to a request PDU, both hexadecimal, "" = silence."""
        request = frame(unit + hexadecimal)
        n = self.server.answer(request, len(request), self.out)
        if not n:
            return ""
        assert self.out[0] == 1 and bytes(self.out[:n]) == frame(self.out[: n - 2].hex())
        return self.out[1 : n - 2].hex()

    def count(self, number):
        """Return counter CPT`number` as function 8 tells it."""
        return int(self.ask("08%04x0000" % (10 + number))[6:], 16)
