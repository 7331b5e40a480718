# An ESP32 module of 4 MiB without PSRAM, with the room that its radio needs: no Bluetooth, two slots in place.
# A module with PSRAM needs no image of its own: the official one, variant SPIRAM, is right for it.
# make -C ports/esp32 BOARD_DIR=<this folder>; how to build: MicroPython's ports/esp32/README.md.

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    ${SDKCONFIG_IDF_VERSION_SPECIFIC}
)

include(${MICROPY_BOARD_DIR}/../esp/board.cmake)
