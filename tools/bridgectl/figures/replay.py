"""Counts what a replay of a simulated day decides otherwise. `python -m bridgectl.figures.replay`."""

from bridgectl.figures import rigs
from bridgectl.figures.say import say
from bridgectl.replay import decisions, entries
from bridgectl.replay import file as files

_HOURS = 24


def main():
    """Print the figures."""
    rigs.made()
    wrong, checked = 0, set()  # the files of a day overlap
    for text in rigs.told("recorded_day.py", "day", _HOURS):
        file = files.read(text)
        found, lost = entries.decode(file.runs, file.end)
        outcomes = decisions.replay(file, found)
        checked |= {(outcome.entry.kind, outcome.entry.now) for outcome in outcomes if outcome.is_checked}
        wrong += sum(bool(outcome.mismatches) for outcome in outcomes) + bool(lost or file.problems)
    how = f"of {len(checked)} decisions in {_HOURS} h of contacts, limits, commands, settings and outputs"
    say("replay_mismatches", wrong, "", how)


if __name__ == "__main__":
    main()
