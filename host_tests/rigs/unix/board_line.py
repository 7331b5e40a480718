"""A line of a board on the mocked chip, with an echo at its far end."""

import chip


class Echo:
    """Answers each frame with itself backwards."""

    def __init__(self, reply=None):
        self.reply = reply

    def answer(self, frame):
        return self.reply or bytes(reversed(frame))


def line_of(name, port=2, baud=9600, parity="N", **link):
    chip.play(name)
    from board import Board
    from machine import UART

    far = UART.connect(port, Echo(), **link)
    return Board().rs485(port, baud, parity), far


def received(line, size=64):
    frame = bytearray(size)
    return bytes(frame[: line.readinto(frame, size)])
