// The reference board with a Raspberry Pi Pico 2 W: 4 MiB = image 1408 KiB, slots 640 KiB, files 2048 KiB.
#include "boards/RPI_PICO2_W/mpconfigboard.h"
#include "../rp2/board.h"

#undef MICROPY_HW_BOARD_NAME
#define MICROPY_HW_BOARD_NAME "Bridge at the COM terminal, Pico 2 W"

#undef MICROPY_HW_FLASH_STORAGE_BYTES
#define MICROPY_HW_FLASH_STORAGE_BYTES (2048 * 1024)
