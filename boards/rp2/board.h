// What the definitions of both Pico boards share, included by their mpconfigboard.h after the stock board's own.
#undef MICROPY_PY_NETWORK_HOSTNAME_DEFAULT
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT "bridge"

// Two slots of 320 KiB, whose code runs where it lies. The port switches VfsRom on by this size, and puts
// the segment right before the file system.
#undef MICROPY_HW_ROMFS_BYTES
#define MICROPY_HW_ROMFS_BYTES (2 * 320 * 1024)
