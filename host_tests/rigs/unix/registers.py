"""The plainest bank that modbus.server.server can serve: a list of registers, all readable and writable."""


class Registers:
    """words: 16 bits each, from address 0 on."""

    def __init__(self, words):
        self.words = list(words)

    def read(self, function, address, count, out, at):
        if address + count > len(self.words):
            return 2
        for i in range(count):
            out[at + 2 * i] = self.words[address + i] >> 8
            out[at + 2 * i + 1] = self.words[address + i] & 0xFF
        return 0

    def write(self, address, buffer, at, count):
        if address + count > len(self.words):
            return 2
        for i in range(count):
            self.words[address + i] = buffer[at + 2 * i] << 8 | buffer[at + 2 * i + 1]
        return 0
