"""Counts what a generator can come into, and what of it is unsafe. `python -m bridgectl.figures.generator`."""

from bridgectl.figures import rigs
from bridgectl.figures.say import say


def main():
    """Print the figures."""
    rigs.made()
    search = rigs.told("generator_search.py", "searched", clock="real")
    how = f"{search['looked']} steps from every state that can be reached, under {search['rules']} sets of rules"
    say("generator_states_searched", search["states"], "", how)
    say("unsafe_states", search["unsafe"], "", "contacts that are not safe, and dead ends, in that search")


if __name__ == "__main__":
    main()
