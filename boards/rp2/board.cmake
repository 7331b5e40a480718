# What the definitions of both Pico boards share, included by their mpconfigboard.cmake after the stock board's own.

# Bluetooth is not used; without it the image is smaller and more RAM is free. Its library alone brings the path of
# pico/cyw43_driver.h, which the WLAN driver needs too.
set(MICROPY_PY_BLUETOOTH OFF)
set(MICROPY_BLUETOOTH_BTSTACK OFF)
set(MICROPY_PY_BLUETOOTH_CYW43 OFF)
list(APPEND MICROPY_INC_CORE ${PICO_SDK_PATH}/src/rp2_common/pico_cyw43_driver/include)

set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
