# The reference board with a Raspberry Pi Pico W: the stock board, without Bluetooth, with the bridge's libraries frozen.
# make -C ports/rp2 BOARD_DIR=<this folder>

include(${MICROPY_PORT_DIR}/boards/RPI_PICO_W/mpconfigboard.cmake)

# Bluetooth is not used; without it the image is smaller and more RAM is free.
set(MICROPY_PY_BLUETOOTH OFF)
set(MICROPY_BLUETOOTH_BTSTACK OFF)
set(MICROPY_PY_BLUETOOTH_CYW43 OFF)

set(MICROPY_BOARD_PINS ${MICROPY_PORT_DIR}/boards/RPI_PICO_W/pins.csv)
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
