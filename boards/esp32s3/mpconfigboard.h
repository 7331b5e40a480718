// The reference board with an ESP32-S3 module with octal PSRAM.
#define MICROPY_HW_BOARD_NAME "Bridge at the COM terminal, ESP32-S3"
#define MICROPY_HW_MCU_NAME "ESP32S3"

// Modules with a USB-UART bridge have their console at UART0.
#define MICROPY_HW_ENABLE_UART_REPL (1)

#include "../esp/board.h"
