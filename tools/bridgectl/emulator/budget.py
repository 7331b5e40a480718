"""What each profile may cost on the official Pico W image: a test in host_tests/chip holds the firmware to it."""

# fmt: off
BUDGETS = {
    # profile:  (bytes free at least since power on, largest free piece)
    "wired":    (60_000, 40_000),
    "hotspot":  (40_000, 20_000),
    "wlan":     (40_000, 12_000),
    "gateways": (20_000,  3_000),
}
# fmt: on
