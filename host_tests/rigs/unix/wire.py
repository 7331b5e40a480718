"""A line for tests of the master, on the virtual clock: the interface of board.rs485() with a scripted far end."""

import time

CHARACTER_US = 1042  # 9600 8N1


class Line:
    """far_end: function(frame bytes) -> list of (delay_us, bytes) that arrive after the request's last stop bit."""

    tick_ms = 1

    def __init__(self, far_end):
        self.far_end = far_end
        self.sent = []  # (time in us of the last stop bit, frame)
        self.coming = []  # (time in us, byte), in order
        self.now_us = 0

    def _us(self):
        return time.passed_ms() * 1000

    def send(self, buffer, count):
        frame = bytes(buffer[:count])
        time.pass_us(count * CHARACTER_US)
        self.sent.append((self._us(), frame))
        at = self._us()
        for delay_us, data in self.far_end(frame) or ():
            at += delay_us
            for byte in data:
                at += CHARACTER_US
                self.coming.append((at, byte))

    def any(self):
        now = self._us()
        count = 0
        for at, _ in self.coming:
            if at > now:
                break
            count += 1
        return count

    def readinto(self, buffer, count):
        n = min(count, self.any())
        for i in range(n):
            buffer[i] = self.coming.pop(0)[1]
        return n


def frame(hexadecimal):
    """Return a frame with its CRC from hexadecimal digits without it."""
    from modbus.wire import crc

    body = bytes.fromhex(hexadecimal)
    buffer = bytearray(len(body) + 2)
    buffer[: len(body)] = body
    crc.seal(buffer, len(body))
    return bytes(buffer)
