"""What each profile may cost on the official Pico W image: a test in host_tests/chip holds the firmware to it.

These are what holds now, less a little. What is not needed all the time is to be a part (lib/parts.py).
"""

# fmt: off
BUDGETS = {
    # profile:  (bytes free at least since power on, largest free piece)
    "wired":    (67_000, 45_000),
    "hotspot":  (43_500, 25_000),
    "wlan":     (38_500, 16_000),
    "gateways": (10_500,    900),
}
# fmt: on
