// What the definitions of the ESP32 boards share, included by their mpconfigboard.h.
#define MICROPY_PY_BLUETOOTH (0)
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT "bridge"

// The data partition `romfs` holds the two slots, whose code runs where it lies.
#define MICROPY_VFS_ROM (1)
