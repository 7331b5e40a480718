"""How much of the time the uplink has with a bad broker. `python -m bridgectl.figures.uplink` prints the figure."""

from bridgectl.figures.cuts import rig
from bridgectl.figures.say import say


def share():
    """Return the connected share of an hour with a broker that drops every connection after 22 s, 0..1."""
    return rig("uplink_share.py")["share"]


def main():
    """Print the figure."""
    how = "connected share of an hour in virtual time after an outage, each connection dropped after 22 s"
    say("uplink_share_dropped_22s", round(share(), 3), "", how)


if __name__ == "__main__":
    main()
