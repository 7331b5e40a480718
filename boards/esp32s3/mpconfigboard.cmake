# An ESP32-S3 module of 8 MiB with octal PSRAM: the generic board without Bluetooth, with two slots in place.
# make -C ports/esp32 BOARD_DIR=<this folder>; how to build: MicroPython's ports/esp32/README.md.

set(IDF_TARGET esp32s3)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    ${SDKCONFIG_IDF_VERSION_SPECIFIC}
    boards/sdkconfig.usb
    boards/sdkconfig.spiram_sx
    boards/ESP32_GENERIC_S3/sdkconfig.board
    boards/sdkconfig.240mhz
    boards/sdkconfig.spiram_oct
)

include(${MICROPY_BOARD_DIR}/../esp/board.cmake)
