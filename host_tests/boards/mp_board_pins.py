import chip

# name: DO1, DO2, DI1..DI5, strip, button, modem LEDs
PINS = {
    "rp2040": ((18, 19), (10, 11, 12, 13, 14), 22, 15, (20, 21)),
    "rp2350": ((18, 19), (10, 11, 12, 13, 14), 22, 15, (20, 21)),
    "esp32": ((18, 19), (34, 35, 36, 39, 27), 23, 14, (21, 22)),
    "esp32s3": ((13, 14), (4, 5, 6, 7, 8), 21, 9, (1, 2)),
}


def _board(name):
    chip.play(name)
    from board import Board

    return Board()


def _contacts(name):
    from machine import Pin

    board = _board(name)
    gpios = PINS[name][1]
    assert board.inputs() == 0  # nothing connected: the pull-ups hold all five
    for i, gpio in enumerate(gpios):
        Pin.drive(gpio, 0)
        assert board.inputs() == 1 << i
        Pin.drive(gpio, None)
    for gpio in gpios:
        Pin.drive(gpio, 0)
    assert board.inputs() == 0b11111


def test_a_contact_closed_to_gnd_is_1_in_its_bit_on_rp2040():
    """Proves: COM-3, COM-4"""
    _contacts("rp2040")


def test_a_contact_closed_to_gnd_is_1_in_its_bit_on_rp2350():
    """Proves: COM-3, COM-4"""
    _contacts("rp2350")


def test_a_contact_closed_to_gnd_is_1_in_its_bit_on_esp32():
    """Proves: COM-3, COM-4"""
    _contacts("esp32")


def test_a_contact_closed_to_gnd_is_1_in_its_bit_on_esp32s3():
    """Proves: COM-3, COM-4"""
    _contacts("esp32s3")


def _relays(name):
    from machine import Pin

    board = _board(name)
    first, second = PINS[name][0]
    for mask, levels in ((1, (1, 0)), (2, (0, 1)), (3, (1, 1)), (0, (0, 0)), (0b100, (0, 0))):
        board.set_outputs(mask)
        assert (Pin.edges(first)[-1][1], Pin.edges(second)[-1][1]) == levels


def test_each_relay_follows_its_bit_on_rp2040():
    """Proves: COM-1, COM-2"""
    _relays("rp2040")


def test_each_relay_follows_its_bit_on_rp2350():
    """Proves: COM-1, COM-2"""
    _relays("rp2350")


def test_each_relay_follows_its_bit_on_esp32():
    """Proves: COM-1, COM-2"""
    _relays("esp32")


def test_each_relay_follows_its_bit_on_esp32s3():
    """Proves: COM-1, COM-2"""
    _relays("esp32s3")


def _no_click(name):
    import machine

    chip.play(name)
    outputs = PINS[name][0] + tuple(de for _uart, de in chip.PORTS[name].values())
    for gpio in outputs:
        machine.pad(gpio).latch = 1  # what a soft reset leaves in the output register
    from board import Board

    board = Board()
    for gpio in outputs:
        assert [level for _us, level in machine.Pin.edges(gpio)] == [0], gpio
    board.rs485(1, 9600, "N")
    board.rs485(2, 9600, "N")
    for gpio in outputs:
        assert [level for _us, level in machine.Pin.edges(gpio)] == [0], gpio


def test_no_relay_clicks_and_no_driver_talks_when_the_rp2040_starts():
    """Proves: CTL-7+"""
    _no_click("rp2040")


def test_no_relay_clicks_and_no_driver_talks_when_the_rp2350_starts():
    """Proves: CTL-7+"""
    _no_click("rp2350")


def test_no_relay_clicks_and_no_driver_talks_when_the_esp32_starts():
    """Proves: CTL-7+"""
    _no_click("esp32")


def test_no_relay_clicks_and_no_driver_talks_when_the_esp32s3_starts():
    """Proves: CTL-7+"""
    _no_click("esp32s3")


def _strip(name):
    import neopixel

    board = _board(name)
    assert board.led_count % 4 == 0
    frame = bytes(range(board.led_count * 3))
    board.show(frame)
    assert neopixel.strip == frame
    for wrong in (b"", frame + b"\0", frame[:-3]):
        try:
            board.show(wrong)
        except ValueError:
            pass
        else:
            raise AssertionError(len(wrong))
    assert neopixel.strip == frame


def test_the_strip_of_the_rp2040_shows_the_colours_it_is_given():
    """Proves: LED-1"""
    _strip("rp2040")


def test_the_strip_of_the_esp32_shows_the_colours_it_is_given():
    """Proves: LED-1"""
    _strip("esp32")


def test_the_strip_of_the_esp32s3_shows_the_colours_it_is_given():
    """Proves: LED-1"""
    _strip("esp32s3")


def test_every_frame_is_sent_whole_so_that_a_strip_plugged_in_late_lights_up():
    """Proves: LED-4"""
    import neopixel

    board = _board("rp2040")
    frame = bytes(range(board.led_count * 3))
    for shown in range(1, 4):
        board.show(frame)  # nothing changed since the last one
        assert neopixel.frames == shown
    neopixel.strip = b""  # another strip
    board.show(frame)
    assert neopixel.strip == frame


def test_the_button_and_the_modem_leds():
    from machine import Pin

    board = _board("rp2040")
    assert board.button() is False
    Pin.drive(15, 0)
    assert board.button() is True
    board.modem_leds(0b10)
    assert (Pin.edges(20)[-1][1], Pin.edges(21)[-1][1]) == (0, 1)
    board.modem_leds(0b01)
    assert (Pin.edges(20)[-1][1], Pin.edges(21)[-1][1]) == (1, 0)


def test_what_the_reference_boards_do_not_have_is_none():
    board = _board("esp32")
    assert board.lan() is None
    assert board.modem() is None
    assert (board.name, board.http_port, board.dns_port, board.data, board.root) == ("esp32", 80, 53, "/data/", "/")
    assert len(board.unique_id()) == 6


# (UART, driver enable) of RS485-1 and RS485-2
WIRED = {
    "rp2040": ((1, 6), (0, 2)),
    "rp2350": ((1, 6), (0, 2)),
    "esp32": ((1, 13), (2, 4)),
    "esp32s3": ((1, 16), (2, 11)),
}


def _wired(name):
    board = _board(name)
    for number in (1, 2):
        uart, _tx, _rx, de = board._ports[number - 1]
        assert chip.PORTS[name][number] == (uart, de) == WIRED[name][number - 1]


def test_the_port_table_of_the_mocks_is_that_of_the_built_rp2040():
    _wired("rp2040")


def test_the_port_table_of_the_mocks_is_that_of_the_built_rp2350():
    _wired("rp2350")


def test_the_port_table_of_the_mocks_is_that_of_the_built_esp32():
    _wired("esp32")


def test_the_port_table_of_the_mocks_is_that_of_the_built_esp32s3():
    _wired("esp32s3")


def test_a_board_without_a_radio_says_so():
    import sys

    board = _board("rp2040")
    sys.modules["network"] = object()  # the image for the Pico without W has no WLAN
    assert board.wlan() is None
