import chip

# name: DO1, DO2, DI1..DI5, strip, button, modem LEDs
PINS = {
    "rp2040": ((18, 19), (10, 11, 12, 13, 14), 22, 15, (20, 21)),
    "esp32": ((18, 19), (34, 35, 32, 33, 27), 23, 14, (21, 22)),
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


def test_a_contact_closed_to_gnd_is_1_in_its_bit_on_esp32():
    """Proves: COM-3, COM-4"""
    _contacts("esp32")


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


def test_each_relay_follows_its_bit_on_esp32():
    """Proves: COM-1, COM-2"""
    _relays("esp32")


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


def test_no_relay_clicks_and_no_driver_talks_when_the_esp32_starts():
    """Proves: CTL-7+"""
    _no_click("esp32")


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


def _causes(name):
    board = _board(name)
    assert board.reset_cause() == "power"
    board.set_outputs(3)
    try:
        board.restart()
    except chip.PowerDown as down:
        assert down.cause == "restart"
    from board import Board

    assert Board().reset_cause() == "restart"
    chip.reset("watchdog")
    assert Board().reset_cause() == "watchdog"


def test_the_rp2040_tells_its_own_restart_from_the_watchdog():
    _causes("rp2040")


def test_the_esp32_tells_its_own_restart_from_the_watchdog():
    _causes("esp32")


def test_an_unknown_reset_of_the_esp32_is_called_unknown():
    import machine

    board = _board("esp32")
    for number, word in ((2, "restart"), (5, "restart"), (4, "unknown"), (0, "unknown")):
        machine.reset_cause = lambda number=number: number
        assert board.reset_cause() == word


def test_a_restart_opens_the_relays_before_the_reset():
    """Proves: CTL-7+"""
    import machine

    board = _board("rp2040")
    board.set_outputs(3)
    seen = []
    machine.reset = lambda: seen.append([machine.Pin.edges(gpio)[-1][1] for gpio in (18, 19, 2, 6)])
    board.restart()
    assert seen == [[0, 0, 0, 0]]


def _watchdog(name, ms, bites_after_ms):
    import time

    board = _board(name)
    dog = board.watchdog(ms)
    for _ in range(100):
        time.pass_ms(1000)
        dog.feed()
    time.pass_ms(bites_after_ms - 1)
    try:
        time.pass_ms(2)
    except chip.PowerDown as down:
        assert down.cause == "watchdog"
    else:
        raise AssertionError("it did not bite")
    from board import Board

    assert Board().reset_cause() == "watchdog"


def test_a_watchdog_of_the_rp2040_is_cut_to_what_the_chip_can():
    """Proves: REL-1+"""
    _watchdog("rp2040", 30000, 8388)


def test_a_watchdog_of_the_esp32_is_as_long_as_asked():
    """Proves: REL-1+"""
    _watchdog("esp32", 30000, 30000)


def test_a_watchdog_bites_while_the_event_loop_sleeps():
    import asyncio

    async def sleep():
        await asyncio.sleep(60)

    _board("rp2040").watchdog(5000)
    started_us = chip.now_us()
    try:
        asyncio.run(sleep())
    except chip.PowerDown:
        pass
    else:
        raise AssertionError("it slept through")
    assert chip.now_us() - started_us <= 5010000


def test_what_the_reference_boards_do_not_have_is_none():
    board = _board("esp32")
    assert board.lan() is None
    assert board.modem() is None
    assert (board.name, board.http_port, board.dns_port, board.data, board.root) == ("esp32", 80, 53, "/data", "/")
    assert len(board.unique_id()) == 6


def test_the_port_table_of_the_mocks_is_that_of_the_built_boards():
    board = _board("rp2040")
    for number, (uart, de) in chip.PORTS["rp2040"].items():
        assert board._ports[number - 1][0] == uart and board._ports[number - 1][3] == de


def test_a_board_without_a_radio_says_so():
    import sys

    board = _board("rp2040")
    sys.modules["network"] = object()  # the image for the Pico without W has no WLAN
    assert board.wlan() is None
