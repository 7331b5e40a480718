# The reference board with a Raspberry Pi Pico 2 W: the stock board without Bluetooth, with room for two slots in place.
# make -C ports/rp2 BOARD_DIR=<this folder>; how to build: MicroPython's ports/rp2/README.md.

# Port versions from 1.29 on take both sizes from here, older ones from mpconfigboard.h: they are the same.
set(MICROPY_HW_FLASH_STORAGE_BYTES 1835008)
set(MICROPY_HW_ROMFS_BYTES 917504)

include(${MICROPY_PORT_DIR}/boards/RPI_PICO2_W/mpconfigboard.cmake)
set(MICROPY_BOARD_PINS ${MICROPY_PORT_DIR}/boards/RPI_PICO2_W/pins.csv)
include(${MICROPY_BOARD_DIR}/../rp2/board.cmake)
