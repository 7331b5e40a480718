"""What each profile may cost on the official Pico W image: a test in host_tests/chip holds the firmware to it.

These are what holds now, less a little. What is not needed all the time is to be a part (lib/parts.py).
"""

# fmt: off
BUDGETS = {
    # profile:  (bytes free at least since power on, largest free piece)
    "wired":    (77_000, 55_000),
    "hotspot":  (54_000, 40_000),
    "wlan":     (49_500, 20_000),
    "gateways": (27_500,  7_000),
}
# fmt: on
