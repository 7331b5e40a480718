"""Memory of an ESP32 and its radio: what fits, what is said when it does not, and that nothing ever loops."""

import chip

# A module with the official image at its prompt, in bytes: Python has 57,344 and can still take the system's largest
# piece, 110,600. The same without Bluetooth has a further region of 54,800; a WROVER has its PSRAM.
PLAIN = [(16_000, 12_000, 9_000, 12_000), (302_000, 131_500, 110_600, 131_500)]
NO_BLUETOOTH = PLAIN + [(54_800, 54_800, 54_000, 54_800)]
WROVER = PLAIN + [(4_194_304, 4_100_000, 4_063_232, 4_000_000)]
PYTHON = 167_900


def _room():
    chip.play("esp32")
    import room

    return room


def test_the_official_image_without_psram_has_no_room_for_the_radio():
    text = "no room for the radio without PSRAM: the bridge needs 136 kB beside it, there are 109"
    assert _room().fits_radio(PYTHON, PLAIN, False) == text


def test_code_in_place_or_psram_makes_room_for_it():
    room = _room()
    assert room.fits_radio(PYTHON, PLAIN, True) == ""
    assert room.fits_radio(PYTHON, NO_BLUETOOTH, True) == ""
    assert room.fits_radio(4_100_000, WROVER, False) == ""


def test_the_last_bytes_that_fit_and_the_first_that_do_not():
    room = _room()
    assert room.fits_radio(194_000, PLAIN, False) == ""
    assert room.fits_radio(193_999, PLAIN, False) != ""
    assert room.fits_radio(134_000, PLAIN, True) == ""
    assert room.fits_radio(133_999, PLAIN, True) != ""
    assert room.fits_radio(PYTHON, [(302_000, 58_000, 58_000, 58_000)], True) == ""
    few = [(302_000, 57_999, 57_999, 57_999)]
    assert room.fits_radio(PYTHON, few, True) == "no room for the radio: it needs 58 kB, the chip has 57"


def test_psram_is_no_memory_for_the_radio():
    """Python's heap is there, but the radio's own memory is the chip's."""
    full = [(302_000, 20_000, 9_000, 20_000), WROVER[-1]]
    assert _room().fits_radio(4_100_000, full, False) == "no room for the radio: it needs 58 kB, the chip has 20"


def test_the_systems_heap_is_the_chips_own():
    room = _room()
    assert room.system_heap(WROVER) == (143_500, 110_600)
    assert room.system_heap(NO_BLUETOOTH) == (198_300, 110_600)
    assert (room.has_psram(PLAIN), room.has_psram(NO_BLUETOOTH), room.has_psram(WROVER)) == (False, False, True)


def test_python_takes_what_the_radio_and_a_reserve_leave():
    room = _room()
    assert room.to_take(74_000) == 52_600  # 12,000 stay, and 9,400 for access point and sockets
    assert room.to_take(20_000) == 0


def _module(regions, name="esp32", in_place=False):
    """Power a module with that memory and return its Board."""
    chip.play(name)
    import esp32
    import esp_chip
    from board import Board

    esp32.heap[:] = regions
    esp_chip._in_place = lambda: in_place
    esp_chip._python = lambda: PYTHON if regions[-1] != WROVER[-1] else 4_100_000
    return Board()


def test_a_module_without_psram_starts_without_radio_and_keeps_all_else():
    """Proves: REL-1+"""
    board = _module(PLAIN)
    before_us = chip.now_us()
    assert board.wlan() is None and chip.now_us() == before_us  # the driver is not even touched
    assert board.radio_text.startswith("no room for the radio")
    assert board.system_heap() == (143_500, 110_600)
    line = board.rs485(1, 9600, "N")
    line.send(b"12345678", 8)
    board.set_outputs(3)
    assert board.inputs() == 0
    board.watchdog(8000).feed()


def _starts_its_radio(name):
    board = _module(WROVER, name)
    assert board.system_heap() == (143_500, 110_600)  # not yet
    assert board.wlan() is not None and board.radio_text == ""
    assert board.system_heap() == (106_900, 74_000)
    assert board.gc_threshold == 256_000


def test_an_esp32_with_psram_starts_its_radio_when_it_is_asked_for():
    _starts_its_radio("esp32")


def test_an_esp32s3_with_psram_starts_its_radio_when_it_is_asked_for():
    _starts_its_radio("esp32s3")


def test_code_in_place_starts_the_radio_before_the_application_takes_the_memory():
    board = _module(NO_BLUETOOTH, in_place=True)
    assert board.system_heap() == (161_700, 74_000)  # its driver has its 36,600 already
    before_us = chip.now_us()
    assert board.wlan() is not None and chip.now_us() == before_us
    assert board.gc_threshold == 32_000


def _down(act):
    try:
        act()
    except chip.PowerDown as down:
        return down.cause
    return ""


def test_a_radio_short_of_memory_gets_one_restart_and_no_second():
    """Proves: REL-1+"""
    import machine

    board = _module(WROVER)
    import esp32

    esp32.heap[:] = [(302_000, 60_000, 30_000, 30_000), WROVER[-1]]
    board.set_outputs(3)
    assert _down(board.wlan) == "restart"
    assert board._mark == b""
    from board import Board

    again = Board()
    assert again.reset_cause() == "restart"
    assert _down(again.wlan) == ""
    assert again.wlan() is None
    assert again.radio_text == "the radio does not start, not after a restart either: WiFi Out of Memory"
    assert machine.RTC().memory() == b""


def test_a_radio_that_comes_up_after_that_restart_is_like_any_other():
    board = _module(WROVER)
    import esp32

    esp32.heap[:] = [(302_000, 60_000, 30_000, 30_000), WROVER[-1]]
    assert _down(board.wlan) == "restart"
    esp32.heap[:] = WROVER
    from board import Board

    again = Board()
    assert again.wlan() is not None and again.radio_text == ""


def test_the_strip_takes_no_memory_of_the_system():
    import esp32

    board = _module(WROVER)
    for _ in range(3):
        board.show(bytes(24))
    assert esp32.rmt_writes == 0
    esp32.RMT.bitstream_rmt(True)  # as a stock image does
    board.show(bytes(24))
    assert esp32.rmt_writes == 1


def test_pythons_heap_keeps_what_it_took_in_one_piece():
    """The list that makes it grow shrinks to a few bytes, and so keeps the new part of the heap in use."""
    import gc

    _module(WROVER)
    import esp_chip

    gc.collect()
    before = gc.mem_free()
    held = esp_chip._grow_heap(40_000)
    gc.collect()
    assert held == [] and 0 < before - gc.mem_free() < 500
    held.append(1)


def _has_one_heap(name):
    chip.play(name)
    from board import Board

    board = Board()
    assert board.system_heap() is None and board.gc_threshold == 40_000
    assert board.wlan() is not None and board.radio_text == ""


def test_the_rp2040_has_one_heap():
    _has_one_heap("rp2040")


def test_the_rp2350_has_one_heap():
    _has_one_heap("rp2350")
