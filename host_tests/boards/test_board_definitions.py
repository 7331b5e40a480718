"""The MicroPython board definitions, as far as a machine without their tool chains can check them."""

import json
import re

import pytest
from bridgectl import firmware
from bridgectl.device import slot

firmware.load()
import known  # noqa: E402 (importable only now)

FOLDER = firmware.ROOT / "boards"
PICOS = ("rp2040", "rp2350")
ESPS = ("esp32", "esp32s3")
# What one half of the segment holds, head and image; modules in few files are smaller.
SLOT = {"rp2040": 320 * 1024, "rp2350": 448 * 1024, "esp32": 448 * 1024, "esp32s3": 448 * 1024}
IMAGE = {"rp2040": 785_000, "rp2350": 1_000_000}  # bytes of an official image, which has Bluetooth too
FLASH = {"rp2040": 2 << 20, "rp2350": 4 << 20, "esp32": 4 << 20, "esp32s3": 8 << 20}


def number(text):
    """Return the value of a number in C: "(2 * 320 * 1024)"."""
    assert re.fullmatch(r"[\d\s*()]+", text), text
    return eval(text)


def defined(board):
    """Return {name: text} of what a Pico's mpconfigboard.h defines after the stock board's own."""
    found = {}
    for path in (FOLDER / "rp2" / "board.h", FOLDER / board / "mpconfigboard.h"):
        text = path.read_text()
        for name, value in re.findall(r"^#define (\w+) (.+)$", text, re.M):
            assert f"#undef {name}\n" in text, f"{path.name}: the stock board defines {name} already"
            found[name] = value
    return found


@pytest.mark.parametrize("board", known.CHIPS)
def test_the_board_definition_is_complete(board):
    folder = FOLDER / board
    about = json.loads((folder / "board.json").read_text())
    assert about["mcu"] == board
    assert {"deploy", "docs", "features", "images", "mcu", "product", "thumbnail", "url", "vendor"} <= set(about)
    assert "MICROPY_HW_BOARD_NAME" in (folder / "mpconfigboard.h").read_text()
    shared = known.row(board)[1]
    recipe = (folder / "mpconfigboard.cmake").read_text()
    assert f"include(${{MICROPY_BOARD_DIR}}/../{shared}/board.cmake)" in recipe
    assert "${MICROPY_BOARD_DIR}/manifest.py" in (FOLDER / shared / "board.cmake").read_text()
    assert f'#include "../{shared}/board.h"' in (folder / "mpconfigboard.h").read_text()


@pytest.mark.parametrize("board", known.CHIPS)
def test_every_file_that_a_definition_names_is_there(board):
    shared = known.row(board)[1]
    for path in (FOLDER / board / "mpconfigboard.cmake", FOLDER / shared / "board.cmake"):
        for name in re.findall(r"\$\{MICROPY_BOARD_DIR\}/([\w./-]+)", path.read_text()):
            assert (FOLDER / board / name).is_file(), f"{path}: {name}"


@pytest.mark.parametrize("board", known.CHIPS)
def test_an_image_freezes_what_the_port_brings_and_nothing_of_ours(board):
    frozen = []
    space = {"include": frozen.append, "require": frozen.append}  # package(), module(), freeze() are a NameError
    exec((FOLDER / board / "manifest.py").read_text(), space)
    assert frozen[0] == "$(PORT_DIR)/boards/manifest.py"  # asyncio, neopixel, the port's own boot
    assert frozen[1:] == (["bundle-networking"] if board in PICOS else [])


@pytest.mark.parametrize("board", PICOS)
def test_image_slots_and_files_share_the_flash_of_a_pico(board):
    values = defined(board)
    files = number(values["MICROPY_HW_FLASH_STORAGE_BYTES"])
    slots = number(values["MICROPY_HW_ROMFS_BYTES"])
    assert files % 4096 == 0 and slots % 4096 == 0
    assert slots == 2 * SLOT[board]
    room = FLASH[board] - files - slots
    assert room >= IMAGE[board] * 11 // 10  # the next version is larger
    assert files >= 448 * 1024  # a bundle that comes in, records and what a person keeps there


@pytest.mark.parametrize("board", known.CHIPS)
def test_a_half_of_the_segment_holds_the_slot_as_it_is_built(board):
    assert len(slot.built(board)) <= SLOT[board]


@pytest.mark.parametrize("board", PICOS)
def test_both_ways_in_which_a_port_takes_its_sizes_say_the_same(board):
    recipe = (FOLDER / board / "mpconfigboard.cmake").read_text()
    values = defined(board)
    for name in ("MICROPY_HW_FLASH_STORAGE_BYTES", "MICROPY_HW_ROMFS_BYTES"):
        said = re.search(rf"set\({name} (\d+)\)", recipe)
        assert int(said[1]) == number(values[name])
        assert said.start() < recipe.index("include(${MICROPY_PORT_DIR}")  # the stock board fills in what is not set


def test_a_pico_without_bluetooth_still_finds_the_header_of_its_wlan_driver():
    recipe = (FOLDER / "rp2" / "board.cmake").read_text()
    assert "set(MICROPY_PY_BLUETOOTH OFF)" in recipe
    assert "MICROPY_INC_CORE ${PICO_SDK_PATH}/src/rp2_common/pico_cyw43_driver/include" in recipe


def partitions(board):
    """Return [(name, type, offset, size), ...] of a partition table."""
    rows = []
    for line in (FOLDER / board / "partitions.csv").read_text().splitlines():
        if line and not line.startswith("#"):
            name, kind, _sub, offset, size, _flags = (part.strip() for part in line.split(","))
            rows.append((name, kind, int(offset, 16), int(size, 16)))
    return rows


@pytest.mark.parametrize("board", ESPS)
def test_the_partitions_fill_the_flash_without_overlap(board):
    end = 0x9000  # behind the partition table itself
    for name, kind, offset, size in partitions(board):
        assert offset == end, name
        assert offset % (0x10000 if kind == "app" or name == "romfs" else 0x1000) == 0, name  # 64 KiB: what is mapped
        end = offset + size
    assert end == FLASH[board]


@pytest.mark.parametrize("board", ESPS)
def test_the_partitions_hold_an_image_two_slots_and_the_files(board):
    sizes = {name: size for name, _kind, _offset, size in partitions(board)}
    assert sizes["factory"] >= 0x1F0000  # as large as in MicroPython's own table
    assert sizes["romfs"] == 2 * SLOT[board]
    assert sizes["vfs"] >= 900 * 1024


@pytest.mark.parametrize("board", ESPS)
def test_an_esp32_has_a_tick_of_a_millisecond_no_bluetooth_and_its_own_partitions(board):
    lines = (FOLDER / "esp" / "sdkconfig.bridge").read_text().splitlines()
    assert "CONFIG_FREERTOS_HZ=1000" in lines and "CONFIG_BT_ENABLED=n" in lines
    header = (FOLDER / "esp" / "board.h").read_text()
    assert "#define MICROPY_VFS_ROM (1)" in header and "#define MICROPY_PY_BLUETOOTH (0)" in header
    recipe = (FOLDER / board / "mpconfigboard.cmake").read_text()
    assert "sdkconfig.ble" not in recipe
    assert ("spiram_oct" in recipe) == (board == "esp32s3")
    assert "partitions.csv" in (FOLDER / "esp" / "board.cmake").read_text()


def test_the_esp32s3_says_which_chip_it_is_before_the_configuration():
    recipe = (FOLDER / "esp32s3" / "mpconfigboard.cmake").read_text()
    assert recipe.index("set(IDF_TARGET esp32s3)") < recipe.index("SDKCONFIG_DEFAULTS")
