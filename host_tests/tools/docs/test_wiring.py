"""The COM table, the boards' pins and the picture that is made of them."""

import subprocess
import sys
from xml.etree import ElementTree

import pytest
from bridgectl import firmware
from bridgectl.docs import wiring
from patience import HANG_S

ROOT = firmware.ROOT
CHIPS = ("rp2040", "rp2350", "esp32", "esp32s3")


def test_the_com_terminal_is_numbered_and_named_as_in_the_guide():
    """The table is copied by hand from installation guide 5.4.1, not computed.

    Proves: COM-1, COM-2, COM-3, COM-4, COM-5, COM-6
    """
    rows, _sensors = wiring.terminal()
    assert [(row[0], row[1]) for row in rows] == [
        (1, "DO1-COM"),
        (2, "DO1-NO"),
        (3, "DO2-COM"),
        (4, "DO2-NO"),
        (5, "DI1"),
        (6, "DI2"),
        (7, "DI3"),
        (8, "DI4"),
        (9, "DI5"),
        (10, "GND"),
        (11, "PE"),
        (12, "PE"),
        (13, "485-B2"),
        (14, "485-A2"),
        (15, "485-A1"),
        (16, "485-B1"),
    ]


def test_the_sensors_wires_go_where_the_guide_says():
    """Proves: COM-5"""
    rows, sensors = wiring.terminal()
    assert [model for model, _name in sensors] == ["SDM230", "SDM120CT"]
    assert {row[1]: row[4:] for row in rows if any(row[4:])} == {"485-B2": (6, 9), "485-A2": (5, 10)}


def test_the_limits_of_the_cable_are_those_of_the_guide_and_of_the_line():
    """Proves: COM-7"""
    wiring.terminal()
    import com

    assert (com.MAX_BAUD, com.MAX_CABLE_M) == (9600, 1000)
    assert "_MAX_BAUD = const(9600)" in (ROOT / "boards" / "rs485.py").read_text()
    assert "_MAX_BAUD = const(9600)" in (ROOT / "boards" / "host" / "line.py").read_text()


@pytest.mark.parametrize("board", CHIPS)
def test_no_pin_has_two_uses(board):
    used = wiring.pins(board)
    assert len(used) == 17
    assert len(set(used.values())) == len(used)


@pytest.mark.parametrize("board", ["rp2040", "rp2350"])
def test_a_pico_uses_only_pins_that_are_led_out_and_fit_its_uarts(board):
    used = wiring.pins(board)
    assert not set(used.values()) & {23, 24, 25, 29}  # the radio's
    assert max(used.values()) <= 28
    for port in ("1", "2"):
        uart, tx, rx, _de = wiring.tables(board)[f"_RS485_{port}"]
        assert (tx % 4, rx % 4) == (0, 1)
        assert ((tx + 4) & 8) >> 3 == uart == ((rx + 4) & 8) >> 3


def test_the_esp32_uses_no_strapping_flash_or_console_pin_and_no_input_only_pin_as_output():
    used = wiring.pins("esp32")
    assert not set(used.values()) & {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 15}
    assert not set(used.values()) & {16, 17}  # the PSRAM of a WROVER
    for use, gpio in used.items():
        if gpio >= 34:
            assert use.startswith("DI")
    for gpio, pulled in wiring.tables("esp32")["_DI"]:
        assert pulled == (gpio < 34)


def test_pins_of_the_esp32_with_pulses_of_their_own_carry_only_contacts():
    """GPIO36 and 39 see 80 ns when the radio starts: a capacitor and the settle time swallow that at a contact."""
    assert {use for use, gpio in wiring.pins("esp32").items() if gpio in (36, 39)} == {"DI3", "DI4"}


def test_the_esp32s3_leaves_its_strapping_usb_flash_psram_and_console_pins_alone():
    used = wiring.pins("esp32s3")
    assert not set(used.values()) & {0, 3, 19, 20, *range(26, 38), 43, 44, 45, 46}
    assert not set(used.values()) & {22, 23, 24, 25}  # there are none
    for use in ("DO1", "DO2", "RS485-1 DE", "RS485-2 DE"):
        assert used[use] not in (18, 39, 40, 41, 42)  # driven or pulled high while the chip starts


def test_the_text_has_every_pin_of_the_terminal_and_of_all_boards():
    text = wiring.text()
    lines = text.splitlines()
    assert len(lines) == 2 + 16 + 4
    assert lines[14].split()[:2] == ["13", "485-B2"]
    assert "TX GP0 RX GP1 DE GP2" in lines[14] and "TX GPIO32 RX GPIO33 DE GPIO4" in lines[14]
    assert lines[6].split()[:2] == ["5", "DI1"] and "GP10" in lines[6] and "GPIO34" in lines[6]
    for board, prefix in (("rp2040", "GP"), ("rp2350", "GP"), ("esp32", "GPIO"), ("esp32s3", "GPIO")):
        for gpio in wiring.pins(board).values():
            assert prefix + str(gpio) in text.replace("\n", " ").split()


def test_the_picture_is_well_formed_and_shows_every_name():
    root = ElementTree.fromstring(wiring.svg())
    shown = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    rows, _sensors = wiring.terminal()
    for row in rows:
        assert str(row[0]) in shown and row[1] in shown and row[3] in shown
    assert "TX GP4 RX GP5 DE GP6" in shown and "TX GPIO25 RX GPIO26 DE GPIO13" in shown


def test_the_committed_picture_is_what_the_tables_say():
    command = [sys.executable, "-m", "bridgectl.docs.wiring", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readme_of_the_boards_has_the_table_as_it_is():
    page = (ROOT / "boards" / "README.md").read_text()
    assert wiring.text() in page, "put the output of python -m bridgectl.docs.wiring into boards/README.md"
