import chip
from board_line import Echo, line_of, received

BOARDS = ("rp2040", "rp2350", "esp32", "esp32s3")


def _sends_and_receives(name):
    import time

    from machine import UART

    line, far = line_of(name, think_ms=20)
    before_us = chip.now_us()
    line.send(b"12345678", 8)
    assert 8 * 1041 <= chip.now_us() - before_us <= 8 * 1042  # blocks for the frame: 8 characters of ten bits
    assert line.any() == 0
    assert received(line) == b""
    time.pass_us(20000 + 8 * 1042)
    assert line.any() == 8
    assert received(line) == b"87654321"
    assert far.heard[0][1] == b"12345678"
    assert UART.of(2).overruns == 0


def test_the_rp2040_sends_a_frame_and_receives_the_reply():
    """Proves: COM-5, COM-6"""
    _sends_and_receives("rp2040")


def test_the_esp32_sends_a_frame_and_receives_the_reply():
    """Proves: COM-5, COM-6"""
    _sends_and_receives("esp32")


def _driver_follows_the_frame(name):
    from machine import Pin

    for port in (1, 2):
        line, _far = line_of(name, port)
        de = chip.PORTS[name][port][1]
        line.send(b"12345678", 8)
        (_, first), (on_us, on), (off_us, off) = Pin.edges(de)
        assert (first, on, off) == (0, 1, 0)
        assert 8 * 1041 <= off_us - on_us <= 8 * 1042  # released with the last stop bit, long before t3.5


def test_the_rp2040_holds_the_driver_exactly_while_it_sends():
    _driver_follows_the_frame("rp2040")


def test_the_esp32_holds_the_driver_exactly_while_it_sends():
    _driver_follows_the_frame("esp32")


def test_a_frame_longer_than_the_ring_is_sent_whole():
    line, far = line_of("rp2040")
    from machine import UART

    UART.of(2)._txbuf = 32  # the port takes 32 bytes at most: short writes
    frame = bytes(range(200))
    line.send(frame, 200)
    import time

    time.pass_ms(20)
    assert far.heard[-1][1] == frame


def test_only_the_first_bytes_of_a_longer_buffer_are_sent():
    line, far = line_of("rp2040")
    line.send(bytearray(b"abcdefgh-rubbish"), 8)
    import time

    time.pass_ms(20)
    assert far.heard[-1][1] == b"abcdefgh"


def test_the_driver_is_released_when_the_uart_fails():
    line, _far = line_of("esp32")
    from machine import UART, Pin

    def broken():
        raise OSError(5)

    UART.of(2).flush = broken
    try:
        line.send(b"12345678", 8)
    except OSError:
        pass
    else:
        raise AssertionError("the failure was swallowed")
    assert Pin.edges(4)[-1][1] == 0


def test_a_uart_that_takes_nothing_is_an_error_and_not_an_endless_loop():
    line, _far = line_of("rp2040")
    from machine import UART, Pin

    UART.of(2).write = lambda *_: None
    try:
        line.send(b"12345678", 8)
    except OSError as e:
        assert e.errno == 5
    else:
        raise AssertionError("sent into nothing")
    assert Pin.edges(2)[-1][1] == 0


def test_a_line_that_only_listens_never_drives_the_bus():
    """Proves: COM-8+"""
    line, far = line_of("rp2040")
    from machine import UART, Pin

    line.transmit_off()
    try:
        line.send(b"12345678", 8)
    except OSError as e:
        assert e.errno == 1
    else:
        raise AssertionError("it sent")
    UART.of(2).talk(b"heard")
    import time

    time.pass_ms(20)
    assert received(line) == b"heard"
    assert far.heard == []
    assert [level for _us, level in Pin.edges(2)] == [0]


def test_a_read_that_finds_nothing_is_0_and_never_none():
    line, far = line_of("rp2040")
    far.none_reads = 1
    line.send(b"12345678", 8)
    import time

    time.pass_ms(60)
    frame = bytearray(16)
    assert line.readinto(frame, 16) == 0  # poll said ready, the read brought nothing
    assert line.readinto(frame, 16) == 8
    assert line.readinto(frame, 16) == 0


def test_reading_a_running_frame_does_not_wait_for_its_end():
    line, _far = line_of("rp2040", think_ms=10)
    line.send(b"12345678", 8)
    import time

    time.pass_us(10000 + 3 * 1042)
    before_us = chip.now_us()
    assert received(line) == b"876"
    assert chip.now_us() == before_us


def test_a_reply_of_256_bytes_fits_into_the_buffer_unread():
    line, far = line_of("esp32")
    from machine import UART

    far.slave = Echo(bytes(range(256)))
    line.send(b"12345678", 8)
    import time

    time.pass_ms(500)
    assert line.any() == 256
    assert UART.of(2).overruns == 0


def test_the_faults_of_the_wire_reach_the_line_as_they_are():
    import time

    line, far = line_of("rp2040", think_ms=20)
    far.bad_crc = True
    line.send(b"12345678", 8)
    time.pass_ms(50)
    assert received(line) == b"8765432" + bytes((0x31 ^ 0x55,))
    far.bad_crc = False
    far.stray = True
    line.send(b"12345678", 8)
    time.pass_ms(50)
    assert received(line) == b"\x0087654321"
    far.stray = False
    far.echo = True
    line.send(b"12345678", 8)
    time.pass_ms(50)
    assert received(line) == b"1234567887654321"
    far.echo = False
    far.silent = True
    line.send(b"12345678", 8)
    time.pass_ms(500)
    assert line.any() == 0


def test_a_slave_that_talks_while_the_driver_is_on_is_not_heard():
    line, far = line_of("rp2040")
    from machine import UART

    far.silent = True
    UART.of(2).talk(b"clash")
    line.send(b"12345678", 8)
    assert line.any() == 0


def test_baud_rates_above_9600_are_refused_by_name_of_the_rule():
    """Proves: COM-7"""
    chip.play("rp2040")
    from board import Board

    board = Board()
    for port, baud, parity, words in (
        (2, 19200, "N", ("19200", "9600", "COM-7")),
        (2, 115200, "N", ("115200", "COM-7")),
        (2, 9601, "N", ("9600",)),
        (2, 300, "N", ("300", "1200")),
        (2, 0, "N", ("0",)),
        (2, 9600, "X", ("X", "N, E or O")),
        (2, 9600, None, ("parity",)),
        (3, 9600, "N", ("3", "1 or 2")),
        (0, 9600, "N", ("0", "1 or 2")),
    ):
        try:
            board.rs485(port, baud, parity)
        except ValueError as e:
            for word in words:
                assert word in str(e), (word, str(e))
        else:
            raise AssertionError((port, baud, parity))
    for baud in (1200, 2400, 4800, 9600):
        board.rs485(2, baud, "N")


def test_parity_lengthens_the_character():
    from machine import UART

    for parity, known, bits in (("N", None, 10), ("E", 0, 11), ("O", 1, 11)):
        line_of("rp2040", 2, 2400, parity)
        assert UART.of(2).parity == known
        assert UART.of(2).char_us == bits * 1000000 // 2400


def test_an_exchange_allocates_nothing():
    import micropython

    chip.play("rp2040")
    import rs485
    from timed_line import TimedLine

    class Bare:
        """A UART of the built-in sort: takes, gives, allocates nothing."""

        def __init__(self):
            self.taken = 0

        def write(self, buf, at, count):
            self.taken += count
            return count

        def flush(self):
            pass

        def any(self):
            return 8

        def readinto(self, buf, count):
            return count

    uart = Bare()
    rs485.UART = lambda *_place, **_settings: uart
    line = TimedLine(1, 4, 5, lambda level: None, 9600, "N")
    frame = bytearray(16)
    micropython.heap_lock()
    line.send(frame, 8)
    got = line.readinto(frame, 16)
    line.send(frame, 8)
    micropython.heap_unlock()
    assert (uart.taken, got) == (16, 8)
