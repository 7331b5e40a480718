"""Which bundle fits which board, by what the board's image says of itself."""

import types

import pytest
from bridgectl.device import which_board

PICO_W = ("RPI_PICO_W", "Raspberry Pi Pico W with RP2040")
PICO_2_W = ("RPI_PICO2_W", "Raspberry Pi Pico 2 W with RP2350")
WROVER = ("ESP32_GENERIC-SPIRAM", "Generic ESP32 module with SPIRAM with ESP32")
WROOM = ("ESP32_GENERIC", "Generic ESP32 module with ESP32")
S3 = ("ESP32_GENERIC_S3-SPIRAM_OCT", "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3")


def refusal(board, image):
    return which_board.refusal(board, which_board.BUILDS, *image)


@pytest.mark.parametrize(
    ("board", "image"),
    [
        ("rp2040", PICO_W),
        ("rp2350", PICO_2_W),
        ("esp32", WROVER),
        ("esp32", WROOM),
        ("esp32s3", S3),
        ("rp2040", ("rp2040", "Bridge at the COM terminal, Pico W with RP2040")),  # made from boards/rp2040
        ("rp2350", ("PIMORONI_PICO_PLUS2_W", "Pimoroni Pico Plus 2 W with RP2350")),  # told by its chip
        ("esp32s3", ("UM_PROS3", "ProS3 with ESP32-S3")),
        ("rp2040", ("", "")),  # says nothing: the port has been checked already
    ],
)
def test_a_bundle_fits_its_own_boards(board, image):
    """Proves: BEN-2"""
    assert refusal(board, image) == ""


@pytest.mark.parametrize(
    ("board", "image", "why"),
    [
        ("rp2040", PICO_2_W, "this board runs RPI_PICO2_W, not RPI_PICO_W: flash it with --board rp2350"),
        ("rp2350", PICO_W, "this board runs RPI_PICO_W, not RPI_PICO2_W: flash it with --board rp2040"),
        ("esp32", S3, "this board runs ESP32_GENERIC_S3-SPIRAM_OCT, not ESP32_GENERIC: flash it with --board esp32s3"),
        ("esp32s3", WROVER, "this board runs ESP32_GENERIC-SPIRAM, not ESP32_GENERIC_S3: flash it with --board esp32"),
        (
            "esp32",
            ("ESP32_GENERIC_C3", "Generic ESP32C3 module with ESP32C3"),
            "this board runs ESP32_GENERIC_C3, not ESP32_GENERIC: no board of ours has that chip",
        ),
    ],
)
def test_a_bundle_of_another_board_is_refused_with_the_reason(board, image, why):
    """Proves: BEN-2"""
    assert refusal(board, image) == why


def test_the_check_that_runs_on_the_board_says_the_same(monkeypatch):
    said = types.SimpleNamespace(_build=PICO_2_W[0], _machine=PICO_2_W[1])
    monkeypatch.setattr("sys.implementation", said)
    exec(which_board.check("rp2350"), {})
    with pytest.raises(AssertionError, match="flash it with --board rp2350"):
        exec(which_board.check("rp2040"), {})
