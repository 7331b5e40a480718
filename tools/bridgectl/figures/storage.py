"""What a month and a half without a broker writes, wears and keeps; prints as bridgectl.figures does."""

from bridgectl.figures import rigs
from bridgectl.figures.say import say

_DAYS = 45


def main():
    """Print the figures journal_writes_per_day, flash_years and outage_days_held."""
    rigs.made()
    told = rigs.told("outage_days.py", "told", _DAYS, heap="32m")
    how = f"mean of {_DAYS} simulated days without a broker, default set, a limit twelve times a day; 0 with one"
    say("journal_writes_per_day", round(told["writes_per_day"], 1), "writes", how)
    how = (
        f"until the block that is erased most often has had 100,000 erases (W25Q-JV), if no day has a broker and everything"
        f" writes as often as it may: {told['erases']} erases in {_DAYS} days, at most {told['worn']} of one block"
    )
    say("flash_years", round(told["years"], 1), "years", how)
    how = "of the newest days of the outage: no quarter of an hour is missing"
    say("outage_days_held", round(told["days_held"], 1), "days", how)


if __name__ == "__main__":
    main()
