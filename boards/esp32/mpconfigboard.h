// The reference board with an ESP32-WROOM-32 module.
#define MICROPY_HW_BOARD_NAME "Bridge at the COM terminal"
#define MICROPY_HW_MCU_NAME "ESP32"

#define MICROPY_PY_BLUETOOTH (0)
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT "bridge"
