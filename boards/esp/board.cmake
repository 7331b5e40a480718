# What the definitions of the ESP32 boards share, included at the end of their mpconfigboard.cmake.

# Kconfig takes the partition table by path and knows no BOARD_DIR.
file(WRITE ${CMAKE_BINARY_DIR}/sdkconfig.partitions
    "CONFIG_PARTITION_TABLE_CUSTOM=y\n"
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${MICROPY_BOARD_DIR}/partitions.csv\"\n"
)

list(APPEND SDKCONFIG_DEFAULTS
    ${MICROPY_BOARD_DIR}/../esp/sdkconfig.bridge
    ${CMAKE_BINARY_DIR}/sdkconfig.partitions
)

set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
