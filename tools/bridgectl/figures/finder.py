"""Computes how long finding an unknown slave takes at most; prints as bridgectl.figures does.

The plan's own arithmetic; host_tests/lib/modbus/find/mp_finder.py holds searches on a simulated line against it.
"""

import json

from bridgectl import firmware

firmware.load()

from modbus.find import order as plan  # noqa: E402 (importable only now)

_TICKS_MS = {"rp2040": 1, "esp32": 10}  # the idle loop wakes at multiples of it


def _say(figure, value, unit, how):
    print(json.dumps({"figure": figure, "value": value, "unit": unit, "how": how}), flush=True)


def main():
    wide = ", ".join(f"{baud} {parity}" for baud, parity in plan.WIDE)
    likely = f"addresses 1-10 and 247 at all {len(plan.SETTINGS)} settings, 1-247 at {wide}"
    slave = f"slave that answers within {plan.THINK_MS} ms, computed, tick of {{}} ms"
    for board, tick_ms in _TICKS_MS.items():
        end = "" if board == "rp2040" else f"_{board}"
        how = slave.format(tick_ms)
        _say(f"scan_s{end}", plan.guarantee_ms(tick_ms) / 1000, "s", f"worst case of {likely}; {how}")
        _say(f"scan_all_s{end}", plan.total_ms(tick_ms) / 1000, "s", f"worst case of every address and setting; {how}")
        first = plan.by_ms(9600, "N", 1, tick_ms) / 1000
        _say(f"scan_factory_s{end}", first, "s", f"worst case of address 1 at 9600 N; {how}")


if __name__ == "__main__":
    main()
