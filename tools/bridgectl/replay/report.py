"""The report of a recording: what happened, what could not be read, and whether all was decided the same."""

import sys
from pathlib import Path

from bridgectl.replay import decisions, entries, timeline
from bridgectl.replay import file as files


def run(path, out=None):
    """As run_text, of a file. Raises file.FileError."""
    return run_text(files.load(Path(path)), out)


def run_text(text, out=None):
    """Print what a recording says; return True if everything was decided the same and all of it could be read.

    Raises file.FileError if it is no recording.
    """
    out = out or sys.stdout
    file = files.read(text)
    found, lost = entries.decode(file.runs, file.end)
    outcomes = decisions.replay(file, found)
    for line in timeline.head(file):
        print(line, file=out)
    for line in timeline.lines(file, outcomes):
        print(line, file=out)
    problems = file.problems + ([f"{lost} bytes belong to no entry that could be read"] if lost else [])
    for problem in problems:
        print(f"Not whole: {problem}.", file=out)
    print(timeline.verdict(outcomes), file=out)
    return not problems and not any(outcome.mismatches for outcome in outcomes)
