"""Counts the combinations of contacts, and the changes between two, that every table was walked through as its source says.

`python -m bridgectl.figures.contacts`. The tables are written out in host_tests/rigs/unix/contact_walk.py.
"""

from bridgectl.figures import rigs
from bridgectl.figures.say import say


def main():
    """Print the figures."""
    rigs.made()
    told = rigs.told("contact_walk.py", "covered", clock="real", heap="4m")
    how = f"in each of {told['tables']} tables as its source says, contacts that bounce, relays 100 ms apart"
    say("contact_states_covered", told["states"], "", how)
    say("contact_transitions_covered", told["transitions"], "", how)


if __name__ == "__main__":
    main()
