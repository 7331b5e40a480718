"""Measures whether what is shown is so: values of odd devices, and what a gateway's clients get from a healthy plant.

`python -m bridgectl.figures.truth [SECONDS]`: ten minutes at each, the whole bridge on the virtual clock of the unix port.
"""

import sys

from bridgectl.figures import rigs
from bridgectl.figures.say import say

_SPAN_S = 600


def main():
    """Print the figures."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else _SPAN_S
    rigs.made("rp2040")
    span = f"whole bridge on the mocked rp2040, virtual time, {seconds} s each after the first minute"
    odd = rigs.told("truth_hours.py", "readings", seconds)
    how = "; ".join(f"{name}: {share:.3f}" for name, share in odd["shares"].items())
    figure = round(min(odd["shares"].values()), 3)
    say("readings_good_share", figure, "", f"{span}; good values of those that a device has, the least of: {how}")
    say("reads_starved", sum(odd["starved"].values()), "", f"{span}; values that were not good for a minute")
    served = rigs.told("truth_hours.py", "gateway", seconds)
    waits = "; ".join(f"{clients}: {ms} ms" for clients, ms in served["longest_ms"].items())
    how = (
        f"of {served['replies']} answers to clients in turn at the plant's port, default settings; longest wait {waits}"
    )
    say("gateway_exceptions", served["exceptions"], "", how)


if __name__ == "__main__":
    main()
