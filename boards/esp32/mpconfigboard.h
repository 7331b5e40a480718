// The reference board with an ESP32 module.
#define MICROPY_HW_BOARD_NAME "Bridge at the COM terminal, ESP32"
#define MICROPY_HW_MCU_NAME "ESP32"

#include "../esp/board.h"
