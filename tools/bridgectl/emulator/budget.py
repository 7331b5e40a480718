"""What each profile may cost on the official Pico W image: a test in host_tests/chip holds the firmware to it.

These are what holds now, less 2 kB: a look falls on the greatest need (a new plan of the reads takes 5 kB for 0.2 s) in
some runs and not in others. What is not needed all the time is to be a part (lib/parts.py).
"""

# fmt: off
BUDGETS = {
    # profile:  (bytes free at least since power on, largest free piece)
    "wired":    (72_000, 50_000),
    "hotspot":  (45_500, 30_000),
    "wlan":     (44_000, 10_000),
    "gateways": (18_900,  2_000),
}
# fmt: on
