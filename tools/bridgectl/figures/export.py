"""Holds export at zero in a simulated house, beside two published rules. `python -m bridgectl.figures.export`."""

import sys

from bridgectl import firmware
from bridgectl.figures.say import say

firmware.load()
sys.path.append(str(firmware.ROOT / "host_tests" / "rigs" / "unix"))

import export_days  # noqa: E402 (imports the firmware)

_NAMES = {"ours": "", "fixed": "_fixed_gain", "proportional": "_proportional"}
_STEP_DELAY_MS, _DAY_DELAY_MS = 2000, 1000
_STEP = f"3000 W of load go, {_STEP_DELAY_MS} ms from a command to its effect, battery full"
_DAY = f"a day of sun, clouds, kettles and ovens, battery full, {_DAY_DELAY_MS} ms from a command to its effect"


def main():
    """Print the figures."""
    for name, make in export_days.RULES:
        most_w, settle_s = export_days.step_down(make, _STEP_DELAY_MS)
        say("export_overshoot_w" + _NAMES[name], round(most_w), "W", "most exported when " + _STEP)
        say("export_settle_s" + _NAMES[name], settle_s, "s", "until no more than 50 W flow out, within 60 s; " + _STEP)
        wh = export_days.day_wh(make, _DAY_DELAY_MS)
        say("export_energy_wh_per_day" + _NAMES[name], round(wh, 1), "Wh", _DAY)


if __name__ == "__main__":
    main()
