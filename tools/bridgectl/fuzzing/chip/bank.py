"""The registers and bits behind the servers: a value for every address, so that a reply can be judged."""


class Bank:
    """Register `a` holds 40503 a (16 bits), bit `a` is bit 3 of it; what is written is noted and not kept."""

    functions = b"\x01\x02\x03\x04\x05\x06\x0f\x10\x16\x17"

    def __init__(self):
        self.written = []

    def read(self, function, address, count, out, at):
        if address + count > 0x9000:
            return 2
        if function <= 2:
            for i in range((count + 7) // 8):
                out[at + i] = 0
            for i in range(count):
                out[at + i // 8] |= (value(address + i) >> 3 & 1) << i % 8
            return 0
        for i in range(count):
            word = value(address + i)
            out[at + 2 * i] = word >> 8
            out[at + 2 * i + 1] = word & 0xFF
        return 0

    def write(self, address, buffer, at, count):
        if address + count > 0x9000:
            return 2
        self.written.append((address, bytes(memoryview(buffer)[at : at + 2 * count]).hex()))
        return 0

    def write_bits(self, address, buffer, at, count):
        if address + count > 0x9000:
            return 2
        self.written.append((address, [buffer[at + i // 8] >> i % 8 & 1 for i in range(count)]))
        return 0


def value(address):
    """Return what the bank holds at an address."""
    return address * 40503 & 0xFFFF
