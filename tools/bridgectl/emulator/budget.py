"""What each profile may cost on the official Pico W image: a test in host_tests/chip holds the firmware to it.

These are what holds now, less a little. What is not needed all the time is to be a part (lib/parts.py).
"""

# fmt: off
BUDGETS = {
    # profile:  (bytes free at least since power on, largest free piece)
    "wired":    (76_000, 50_000),
    "hotspot":  (54_000, 40_000),
    "wlan":     (47_500, 16_000),
    "gateways": (26_000,  5_000),
}
# fmt: on
