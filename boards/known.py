"""Every board, one a line: all tools and tests take the list from here. Plain tuples, as boards/com.py."""

# fmt: off
BOARDS = (
    # folder,   shared,  sys.platform, build names of images that fit,              name for people,     pin
    ("rp2040",  "rp2",   "rp2",        ("RPI_PICO_W",),                             "Pico W",            "GP"),
    ("rp2350",  "rp2",   "rp2",        ("RPI_PICO2_W",),                            "Pico 2 W",          "GP"),
    ("esp32",   "esp",   "esp32",      ("ESP32_GENERIC",),                          "ESP32-WROVER-E",    "GPIO"),
    ("esp32s3", "esp",   "esp32",      ("ESP32_GENERIC_S3",),                       "ESP32-S3-WROOM-1",  "GPIO"),
    ("host",    "",      "linux",      (),                                          "",                  ""),
)
# fmt: on

NAMES = tuple(row[0] for row in BOARDS)
CHIPS = tuple(row[0] for row in BOARDS if row[1])  # those with pins


def row(board):
    """Return the row of a board; ValueError if it is unknown."""
    for found in BOARDS:
        if found[0] == board:
            return found
    raise ValueError("board %r is unknown; known: %s" % (board, ", ".join(NAMES)))
