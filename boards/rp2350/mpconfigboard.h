// The reference board with a Raspberry Pi Pico 2 W: 4 MiB = image 1408 KiB, slots 896 KiB, files 1792 KiB.
#include "boards/RPI_PICO2_W/mpconfigboard.h"
#include "../rp2/board.h"

#undef MICROPY_HW_BOARD_NAME
#define MICROPY_HW_BOARD_NAME "Bridge at the COM terminal, Pico 2 W"

#undef MICROPY_HW_FLASH_STORAGE_BYTES
#define MICROPY_HW_FLASH_STORAGE_BYTES (1792 * 1024)

// Two slots of 448 KiB, whose code runs where it lies. The port switches VfsRom on by this size, and puts
// the segment right before the file system.
#undef MICROPY_HW_ROMFS_BYTES
#define MICROPY_HW_ROMFS_BYTES (2 * 448 * 1024)
