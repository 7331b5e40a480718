// The reference board with a Raspberry Pi Pico W: 2 MiB = image 896 KiB, slots 640 KiB, files 512 KiB.
#include "boards/RPI_PICO_W/mpconfigboard.h"
#include "../rp2/board.h"

#undef MICROPY_HW_BOARD_NAME
#define MICROPY_HW_BOARD_NAME "Bridge at the COM terminal, Pico W"

#undef MICROPY_HW_FLASH_STORAGE_BYTES
#define MICROPY_HW_FLASH_STORAGE_BYTES (512 * 1024)

// Two slots of 320 KiB, whose code runs where it lies. The port switches VfsRom on by this size, and puts
// the segment right before the file system.
#undef MICROPY_HW_ROMFS_BYTES
#define MICROPY_HW_ROMFS_BYTES (2 * 320 * 1024)
