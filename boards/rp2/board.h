// What the definitions of both Pico boards share, included by their mpconfigboard.h after the stock board's own.
#undef MICROPY_PY_NETWORK_HOSTNAME_DEFAULT
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT "bridge"
