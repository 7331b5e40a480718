"""Counts the combinations of contacts, and the changes between two, that every table was walked through as its source says.

`python -m bridgectl.figures.contacts`. The tables are written out in host_tests/rigs/unix/contact_walk.py.
"""

from bridgectl.figures.say import say
from bridgectl.figures.searched import told


def main():
    """Print the figures."""
    walk = told("contact_walk.py", "covered")
    how = f"in each of {walk['tables']} tables as its source says, contacts that bounce, relays 100 ms apart"
    say("contact_states_covered", walk["states"], "", how)
    say("contact_transitions_covered", walk["transitions"], "", how)


if __name__ == "__main__":
    main()
