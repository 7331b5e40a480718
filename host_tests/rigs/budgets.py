"""What a profile of the emulated board may take of its memory."""

from bridgectl.emulator.budget import BUDGETS


def check_budget(profile, least, largest):
    """Fail if a profile takes more than its budget. least: bytes free at least so far; largest: free piece now."""
    least_allowed, largest_allowed = BUDGETS[profile]
    assert least >= least_allowed, f"{profile}: {least} bytes free, budget {least_allowed}"
    assert largest >= largest_allowed, f"{profile}: largest piece {largest}, budget {largest_allowed}"
